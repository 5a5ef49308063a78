// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;

/** Checks that two guests reach each other. */
final class Traffic {
    private static final AtomicLong SEED = new AtomicLong();

    private Traffic() {}

    /** The header came as it was sent; num_buffers is the device's own, and 1 without mergeable buffers. */
    static void assertHeader(NetDriver driver, ReceivedFrame received, DriverHeader sent) {
        int buffers =
                Feature.MRG_RXBUF.in(driver.features()) ? received.header().numBuffers() : 1;
        assertThat(received.header()).isEqualTo(sent.withNumBuffers(buffers));
    }

    /** Sends a frame each way; no other frame may be on its way to either. */
    static void exchange(NetDriver a, int macOfA, NetDriver b, int macOfB) {
        oneWay(a, macOfA, b, macOfB);
        oneWay(b, macOfB, a, macOfA);
    }

    static void oneWay(NetDriver from, int source, NetDriver to, int target) {
        byte[] frame = frame(source, target);
        from.send(frame);
        assertThat(to.receive().bytes()).isEqualTo(frame);
    }

    /** Sends a frame and waits for it; others may come before it. */
    static void oneWayAfterOthers(NetDriver from, int source, NetDriver to, int target) {
        byte[] frame = frame(source, target);
        from.send(frame);
        byte[] received;
        do {
            received = to.receive().bytes();
        } while (!Arrays.equals(received, frame));
    }

    private static byte[] frame(int source, int target) {
        return PacketBuilder.udp4()
                .macs(source, target)
                .payload(700, SEED.incrementAndGet())
                .complete();
    }
}
