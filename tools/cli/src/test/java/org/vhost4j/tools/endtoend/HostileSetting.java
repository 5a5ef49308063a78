// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;

/**
 * A bridge with two well-behaved guests and a socket for a malicious one. Every test ends with {@link #survived}: the
 * reason was reported in one line, no resource was leaked, the two guests continue, and the socket serves the next
 * front-end.
 */
final class HostileSetting implements AutoCloseable {
    static final int GUESTS = 3;

    private final TestBackEnd backEnd;
    private final NetDriver one;
    private final NetDriver two;
    private final Held before;

    HostileSetting() {
        this(TestBackEnd.bridge(GUESTS));
    }

    /** With a bridge of {@link #GUESTS}, which is closed with this. */
    HostileSetting(TestBackEnd bridge) {
        backEnd = bridge;
        one = backEnd.attach(1, NetSetup.full());
        two = backEnd.attach(2, NetSetup.full());
        before = Held.now();
        Traffic.exchange(one, 1, two, 2);
    }

    /** A connection for the one that does not behave. */
    FrontEnd connect() {
        return FrontEnd.connect(backEnd.socket(0));
    }

    /** A running device for the one that does not behave. */
    NetDriver attach(NetSetup setup) {
        return backEnd.attach(0, setup);
    }

    TestBackEnd backEnd() {
        return backEnd;
    }

    /** The guests that behave still reach each other, while the other one is still there. */
    void othersContinue() {
        Traffic.exchange(one, 1, two, 2);
    }

    /** One guest that behaves broadcasts a frame; whether the other gets it is not looked at. */
    void sendBroadcast() {
        one.send(PacketBuilder.udp4().macs(1, 255).payload(700, 0).complete());
    }

    /** The guests that behave reach each other again, whatever was on its way before. */
    void othersContinueAfterwards() {
        // A broadcast frame went to both of them.
        Traffic.oneWayAfterOthers(one, 1, two, 2);
        Traffic.oneWayAfterOthers(two, 2, one, 1);
        othersContinue();
    }

    /** One guest that behaves broadcasts a frame, and the other gets it. */
    void broadcast() {
        Traffic.oneWay(one, 1, two, 255);
    }

    /** The next thing that a guest that behaves gets is what this driver sends now. */
    void reaches(NetDriver driver) {
        Traffic.oneWay(driver, 3, one, 1);
    }

    /** Call when the front-end that did not behave is closed. */
    void survived(String... fragmentsOfTheLine) {
        backEnd.awaitLine(fragmentsOfTheLine);
        backEnd.assertSaidOnce(fragmentsOfTheLine);
        othersContinue();
        before.awaitAgain();
        try (NetDriver next = attach(NetSetup.full())) {
            Traffic.exchange(next, 3, one, 1);
            Traffic.exchange(one, 1, two, 2);
        }
        before.awaitAgain();
    }

    /** Call when the front-end that did not behave is closed, and it does not matter what was said. */
    void leftNothing() {
        before.awaitAgain();
    }

    @Override
    public void close() {
        one.close();
        two.close();
        backEnd.close();
    }
}
