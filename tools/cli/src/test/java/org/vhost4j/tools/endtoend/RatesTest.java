// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.rate.RateLimit;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Switching;

/**
 * Tests the rate limits of guests and ports, with a clock that the test advances, on a lane that sleeps whenever it
 * can.
 */
class RatesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final PortRates SLOW = new PortRates(RateLimit.NONE, new RateLimit(1, 0, 1));

    private final AtomicLong now = new AtomicLong(1);

    /** Each is 1024 bytes long. */
    private static List<byte[]> frames(int source, int count) {
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(PacketBuilder.udp4()
                    .macs(source, 3 - source)
                    .payload(1024 - 42, i)
                    .complete());
        }
        return all;
    }

    private static long sent(TestBackEnd backEnd, int guest) {
        return backEnd.backend().counters(guest).get(Counter.TX_FRAMES);
    }

    @Test
    void aGuestsRateChangesWhileItSendsAndTheSleepingLaneIsWoken() throws ChangeRefused {
        try (TestBackEnd backEnd = TestBackEnd.of(
                        2, config -> config.idle(IdlePolicy.EVENT_DRIVEN).clock(now::get));
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            backEnd.backend().membership().changeGuest("guest0", guest -> guest.withRates(SLOW));
            List<byte[]> sent = frames(1, 10);
            a.sendBurst(0, sent, DriverHeader.PLAIN, ChainShape.TOGETHER);
            assertThat(b.receive().bytes()).isEqualTo(sent.getFirst());
            for (int i = 1; i < 5; i++) {
                // The neighbour is not held up, and the lane has looked at the rest meanwhile.
                Traffic.oneWay(b, 2, a, 1);
                assertThat(sent(backEnd, 0)).isEqualTo(i);
                // No kick tells that time has passed.
                now.addAndGet(SECOND);
                assertThat(b.receive().bytes()).isEqualTo(sent.get(i));
            }
            backEnd.backend().membership().changeGuest("guest0", guest -> guest.withRates(PortRates.NONE));
            for (int i = 5; i < 10; i++) {
                assertThat(b.receive().bytes()).isEqualTo(sent.get(i));
            }
            a.awaitSent();
        }
    }

    @Test
    void aPortHasRatesOfBothDirections() {
        CompletableFuture<HostPort> opened = new CompletableFuture<>();
        PortRates inbound = new PortRates(new RateLimit(1, 0, 2), RateLimit.NONE);
        try (TestBackEnd backEnd = TestBackEnd.of(
                        2,
                        config -> config.clock(now::get)
                                .switching(new Switching.Bridged(
                                        List.of(HostPort.opening(opened).withRates(inbound)))));
                NetDriver a = backEnd.attach(0, NetSetup.full())) {
            HostPort host = opened.join();
            List<byte[]> sent = frames(1, 10);
            a.sendBurst(0, sent, DriverHeader.PLAIN, ChainShape.TOGETHER);
            a.awaitSent();
            assertThat(host.receive()).isEqualTo(sent.get(0));
            assertThat(host.receive()).isEqualTo(sent.get(1));
            Await.until("the rest is dropped", () -> host.counters().drops(PortDrop.RATE) == 8);
            assertThat(host.waiting()).isEmpty();
        }
    }
}
