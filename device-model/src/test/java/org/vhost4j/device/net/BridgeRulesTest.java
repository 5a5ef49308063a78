// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.LaneInbox;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.StationWatch;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.Counter;

/** Tests the rules that a bridge enforces for its ports, with single frames and bursts, with and without coalescing. */
@ParameterizedClass
@CsvSource({"false, false", "false, true", "true, false", "true, true"})
class BridgeRulesTest {
    private static final int BUFFERS = 100;

    private final boolean single;
    private final OffloadEngine engine = new OffloadEngine();
    private final Bridge bridge;
    private final List<String> watch = new ArrayList<>();
    private final ManualClock clock = new ManualClock();

    BridgeRulesTest(boolean single, boolean coalesce) {
        this.single = single;
        bridge = new Bridge(engine, coalesce, clock);
    }

    private PortRules rules(long mac, int floods, boolean uplink) {
        return new PortRules(mac, mac != PortRules.NO_MAC, 4, false, floods, uplink, new StationWatch() {
            @Override
            public void refused(long source, int frames) {
                for (int i = 0; i < frames; i++) {
                    watch.add("refused " + Long.toHexString(source));
                }
            }

            @Override
            public void flooded() {
                watch.add("flooded");
            }
        });
    }

    private TestGuest guest(String name, PortRules rules) {
        TestGuest guest = new TestGuest(name, false, bridge, engine, clock);
        bridge.add(guest.device, rules);
        guest.post(BUFFERS, 1600);
        return guest;
    }

    private TestGuest guest(String name) {
        return guest(name, PortRules.NONE);
    }

    /** Returns a frame from one station to another; 0xff stands for the broadcast address. */
    private static byte[] frame(int from, int to, int number) {
        byte[] frame = new byte[60];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (to == 0xff ? 0xff : 0);
        }
        frame[0] = (byte) (to == 0xff ? 0xff : 2);
        frame[5] = (byte) to;
        frame[6] = 2;
        frame[11] = (byte) from;
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        frame[14] = (byte) number;
        return frame;
    }

    private void send(TestGuest guest, int from, int to, int frames) {
        for (int i = 0; i < frames; i++) {
            guest.offer(DriverHeader.PLAIN, frame(from, to, i), single);
        }
        guest.turn();
        assertThat(guest.sent()).isEqualTo(frames);
    }

    private static long station(int number) {
        return 0x0200_0000_0000L | number;
    }

    @Test
    void aGuestSendsFromItsOwnAddressOnly() {
        TestGuest a = guest("a", rules(station(1), 0, false));
        TestGuest b = guest("b");
        TestGuest c = guest("c");
        send(b, 2, 0xff, 1);
        a.received();
        c.received();
        send(a, 2, 3, 5);
        send(a, 9, 0xff, 5);
        assertThat(b.received()).isEmpty();
        assertThat(c.received()).isEmpty();
        assertThat(watch)
                .hasSize(10)
                .startsWith("refused " + Long.toHexString(station(2)))
                .endsWith("refused " + Long.toHexString(station(9)));
        send(c, 3, 2, 4);
        assertThat(b.received()).as("its station has not moved").hasSize(4);
        assertThat(a.received()).isEmpty();
        send(a, 1, 2, 5);
        assertThat(b.received()).hasSize(5);
        assertThat(watch).hasSize(10);
    }

    @Test
    void framesForAGivenAddressAreNotOverheardBeforeItWasHeard() {
        TestGuest a = guest("a");
        TestGuest b = guest("b");
        TestGuest c = guest("c", rules(station(3), 0, false));
        send(a, 1, 3, 7);
        assertThat(c.received()).hasSize(7);
        assertThat(b.received()).isEmpty();
    }

    @Test
    void aGivenAddressIsNeverBehindAnotherPort() {
        TestGuest a = guest("a", rules(PortRules.NO_MAC, 0, false));
        TestGuest b = guest("b");
        TestGuest c = guest("c", rules(station(3), 0, false));
        send(a, 3, 0xff, 2);
        send(b, 2, 3, 4);
        assertThat(c.received()).hasSize(4);
        assertThat(a.received()).isEmpty();
        assertThat(watch).hasSize(2);
    }

    /**
     * Two lanes count the flooded frames of one port together, as for a guest whose queue pairs are on several lanes.
     */
    @Test
    void lanesThatHearOnePortLimitItsFramesForAllTogether() {
        TestGuest here = guest("a", rules(PortRules.NO_MAC, 10, false));
        TestGuest b = guest("b");
        TestGuest d = guest("d");
        Bridge lane = bridge.on(new OffloadEngine());
        TestGuest there = new TestGuest("a", false, lane, engine, clock);
        TestGuest c = new TestGuest("b", false, lane, engine, clock);
        lane.add(there.device, rules(PortRules.NO_MAC, 10, false));
        lane.add(c.device, PortRules.NONE);
        lane.add(d.device, PortRules.NONE);
        c.post(BUFFERS, 1600);
        send(here, 1, 0xff, 7);
        send(there, 1, 0xff, 7);
        assertThat(b.received()).hasSize(7);
        assertThat(c.received()).hasSize(3);
        assertThat(watch).containsOnly("flooded").hasSize(4);
    }

    @Test
    void theNumberOfFramesForAllIsLimited() {
        TestGuest a = guest("a", rules(PortRules.NO_MAC, 10, false));
        TestGuest b = guest("b");
        TestGuest c = guest("c");
        send(c, 3, 0xff, 1);
        b.received();
        send(a, 1, 0xff, 25);
        assertThat(b.received()).hasSize(10);
        assertThat(c.received()).hasSize(10);
        assertThat(watch).containsOnly("flooded").hasSize(15);
        send(a, 1, 3, 20);
        assertThat(c.received()).as("frames for one are not limited").hasSize(20);
        clock.advance(Duration.ofNanos(999_999_999));
        send(a, 1, 0xff, 1);
        assertThat(b.received()).isEmpty();
        clock.advance(Duration.ofNanos(1));
        send(a, 1, 0xff, 11);
        assertThat(b.received()).hasSize(10);
        send(b, 2, 0xff, 30);
        assertThat(c.received()).as("each port has a limit of its own").hasSize(10 + 30);
    }

    @Test
    void anUplinkIsNotHeldUpByOneGuest() {
        TestGuest a = guest("a");
        TestGuest slow = new TestGuest("slow", false, bridge, engine, clock);
        bridge.add(slow.device);
        TestGuest uplink = new TestGuest("uplink", false, bridge, engine, clock);
        bridge.add(uplink.device, rules(PortRules.NO_MAC, 0, true));
        LaneInbox arrivals = new LaneInbox("parked", bridge, () -> {});
        bridge.park(slow.device, arrivals.remote(slow.device, slow.device::fault, () -> {}));
        slow.post(5, 1600);
        send(a, 1, 0xff, 1);
        slow.offer(DriverHeader.PLAIN, frame(2, 0xff, 0), single);
        slow.turn();
        a.received();
        int frames = 20;
        int sent = 0;
        for (int burst = 0; burst < 20; burst++) {
            for (int i = 0; i < frames; i++) {
                uplink.offer(DriverHeader.PLAIN, frame(9, i % 10 == 0 ? 1 : 2, sent++), single);
            }
            uplink.turn();
            arrivals.poll();
            assertThat(uplink.sent()).as("nothing waits in the uplink").isEqualTo(frames);
        }
        assertThat(a.received()).hasSize(40);
        List<Integer> numbers = new ArrayList<>();
        // One of the five buffers contains the first, flooded frame; 256 frames wait, the others were dropped and
        // counted.
        while (numbers.size() < 4 + 256 + 1) {
            slow.received().forEach(each -> numbers.add(each.bytes()[14] & 0xff));
            slow.post(1, 1600);
            arrivals.poll();
        }
        List<Integer> expected = new ArrayList<>(List.of(0));
        IntStream.range(0, 400)
                .filter(number -> number % 10 != 0)
                .limit(260)
                .forEach(number -> expected.add(number & 0xff));
        assertThat(numbers).isEqualTo(expected);
        assertThat(slow.device.counters().get(Counter.RX_NO_BUFFER)).isEqualTo(360 - 260);
        uplink.offer(DriverHeader.PLAIN, frame(9, 2, 77), single);
        uplink.turn();
        assertThat(slow.received()).as("the way is free again").hasSize(1);
    }

    @Test
    void withoutAQueueFramesOfAnUplinkAreDropped() {
        TestGuest a = guest("a");
        TestGuest slow = new TestGuest("slow", false, bridge, engine, clock);
        bridge.add(slow.device, rules(station(2), 0, false));
        TestGuest uplink = new TestGuest("uplink", false, bridge, engine, clock);
        bridge.add(uplink.device, rules(PortRules.NO_MAC, 0, true));
        send(uplink, 9, 2, 10);
        assertThat(slow.device.counters().get(Counter.RX_NO_BUFFER)).isEqualTo(10);
        assertThat(a.received()).isEmpty();
    }

    @Test
    void framesForAllThatFindNoRoomAreCounted() {
        TestGuest a = guest("a");
        TestGuest slow = new TestGuest("slow", false, bridge, engine, clock);
        bridge.add(slow.device);
        guest("c");
        send(a, 1, 0xff, 10);
        assertThat(slow.device.counters().get(Counter.RX_NO_BUFFER)).isEqualTo(10);
    }

    @Test
    void ringsThatAreStartedAgainDoNotBeginTheWaitAgain() {
        TestGuest a = guest("a");
        TestGuest silent = new TestGuest("silent", false, bridge, engine, clock);
        bridge.add(silent.device, rules(station(2), 0, false));
        guest("c");
        a.offer(DriverHeader.PLAIN, frame(1, 2, 0), single);
        a.turn();
        for (int i = 0; i < 5; i++) {
            assertThat(a.sent()).as("it waits").isZero();
            clock.advance(Duration.ofMillis(10));
            // The sender tries before and after the restart, in every turn of its lane.
            a.turn();
            silent.restart();
            a.turn();
        }
        assertThat(a.sent()).as("frames that were dropped for lack of buffers").isEqualTo(1);
        for (int i = 0; i < 100; i++) {
            silent.restart();
            send(a, 1, 2, 1);
            clock.advance(Duration.ofSeconds(1));
        }
        assertThat(silent.device.counters().get(Counter.RX_NO_BUFFER)).isEqualTo(101);
    }

    @Test
    void aBufferNowAndThenHoldsUpItsSenderOnlyBriefly() {
        TestGuest a = guest("a");
        TestGuest slow = new TestGuest("slow", false, bridge, engine, clock);
        bridge.add(slow.device, rules(station(2), 0, false));
        guest("c");
        int waited = 0;
        for (int i = 0; i < 200; i++) {
            a.offer(DriverHeader.PLAIN, frame(1, 2, i), single);
            a.offer(DriverHeader.PLAIN, frame(1, 2, i), single);
            a.turn();
            int sent = a.sent();
            // A buffer would become available after 40 ms; a waiting sender tries each millisecond.
            for (int ms = 0; ms < 40 && sent < 2; ms++) {
                clock.advance(Duration.ofMillis(1));
                waited++;
                a.turn();
                sent += a.sent();
            }
            slow.post(1, 1600);
            a.turn();
            a.sent();
            slow.received();
        }
        assertThat(waited).as("milliseconds").isBetween(50, 50 + 200);
        assertThat(slow.device.counters().get(Counter.RX_NO_BUFFER)).isGreaterThan(150);
    }
}
