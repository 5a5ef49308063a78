// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/**
 * Tests that a device that stopped because of an invalid ring stays stopped until GET_VRING_BASE has stopped every
 * queue, and that this is reported once.
 */
@Timeout(300)
class StoppedDeviceTest {
    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(2);

    /** A head that is not in the table. */
    private static void breakRule(FrontEndQueue queue) {
        queue.splitRing().rawAvailEntry(0, queue.ring().size());
        queue.splitRing().rawAvailIdx(1);
        queue.kick().signal();
    }

    @Test
    void noNewMemoryTableAndNoNewKickLetsItBeginAgain() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            FrontEnd frontEnd = a.frontEnd();
            FrontEndQueue queue = a.transmitQueue(0);
            breakRule(queue);
            backEnd.awaitLine("guest0 stopped", "queue 1");
            for (int i = 0; i < 12; i++) {
                frontEnd.setMemTable(List.of(a.ram()));
                queue.kick().signal();
                frontEnd.setVringKick(queue.index(), queue.kick().fd());
                frontEnd.setVringEnable(queue.index(), i % 2 != 0);
                frontEnd.barrier();
            }
            backEnd.assertSaidOnce("guest0 stopped");
            b.send(new byte[60]);
            b.awaitSent();
        }
        backEnd.assertSaidOnce("guest0 stopped");
    }

    @Test
    void itBeginsAgainWhenEveryQueueWasStopped() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            FrontEndQueue queue = a.transmitQueue(0);
            breakRule(queue);
            backEnd.awaitLine("guest0 stopped", "queue 1");
            a.frontEnd().setMemTable(List.of(a.ram()));
            for (FrontEndQueue each : a.queues()) {
                each.stop(a.frontEnd());
            }
            queue.splitRing().rawAvailIdx(0);
            for (FrontEndQueue each : a.queues()) {
                each.start(a.frontEnd(), each.ring().deviceBase());
            }
            Traffic.exchange(a, 1, b, 2);
        }
        backEnd.assertSaidOnce("guest0 stopped");
    }

    /** A frame, and after it in the same burst a chain that breaks a rule: the frame has passed, and its chain is used. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasDeliveredBeforeABadChainIsUsed(boolean packed) {
        NetSetup setup = packed ? NetSetup.full().packed() : NetSetup.full();
        try (NetDriver a = backEnd.attach(0, setup);
                NetDriver b = backEnd.attach(1, setup)) {
            FrontEndQueue queue = a.transmitQueue(0);
            RingDriver ring = queue.ring();
            int header = 12;
            long good = ring.memory().allocate(header + 60L, 16);
            byte[] addresses = {-1, -1, -1, -1, -1, -1, 2, 0, 0, 0, 0, 1};
            ring.memory().write(good + header, addresses, 0, addresses.length);
            long writable = ring.memory().allocate(100, 16);
            for (int frame = 0; frame < 3; frame++) {
                ring.begin();
                ring.readable(good, header + 60);
                ring.offer();
            }
            ring.begin();
            ring.writable(writable, 100);
            ring.offer();
            queue.publish();
            backEnd.awaitLine("guest0 stopped", "queue 1");
            for (int frame = 0; frame < 3; frame++) {
                assertThat(b.receive().bytes()).hasSize(60);
                assertThat(ring.collect()).as("frame %d is used", frame).isTrue();
            }
            assertThat(ring.collect()).as("the bad chain is used").isFalse();
            int wraps = packed ? 0x8000 : 0;
            assertThat(queue.stop(a.frontEnd()) & 0xffff).isEqualTo(3 | wraps);
        }
        backEnd.assertSaidOnce("guest0 stopped");
    }
}
