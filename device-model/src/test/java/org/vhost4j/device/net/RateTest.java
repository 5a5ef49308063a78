// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.rate.RateLimit;
import org.vhost4j.device.stats.Counter;

/** Tests the rate limits of a guest's device, with single frames and bursts. */
@ParameterizedClass
@CsvSource({"false, false", "false, true", "true, false", "true, true"})
class RateTest {
    /** Payload of a frame that has 1024 bytes with its headers. */
    private static final int PAYLOAD = 970;

    private final ManualClock clock = new ManualClock();
    private final Bridge bridge = new Bridge(new OffloadEngine());
    private final boolean packed;
    private final boolean single;
    private final TestGuest a;
    private final TestGuest b;
    private int sequence;

    RateTest(boolean packed, boolean single) {
        this.packed = packed;
        this.single = single;
        a = guest("a");
        b = guest("b");
        b.post(200, 2048);
    }

    private TestGuest guest(String name) {
        TestGuest guest = new TestGuest(
                name, packed, bridge, new OffloadEngine(), clock, Feature.CSUM, Feature.GUEST_CSUM, Feature.MRG_RXBUF);
        bridge.add(guest.device);
        return guest;
    }

    private void offer(int frames) {
        for (int i = 0; i < frames; i++) {
            a.offer(DriverHeader.PLAIN, TcpFrames.segment(1, 2, sequence++, PAYLOAD), single);
        }
    }

    private static RateLimit kib(int rate, int burst) {
        return new RateLimit(rate, 0, burst);
    }

    @Test
    void whatIsSentBeyondTheRateStaysInTheRing() {
        a.device.rates(new PortRates(RateLimit.NONE, kib(10, 4)));
        offer(30);
        a.turn();
        assertThat(a.sent()).isEqualTo(4);
        a.turn();
        assertThat(a.sent()).isZero();
        assertThat(a.device.arm()).as("a lane may sleep").isFalse();
        a.device.disarm();
        clock.advance(Duration.ofMillis(250));
        a.turn();
        a.turn();
        // The rate allows 2.5 KiB in 250 ms; the third frame of 1 KiB exceeds this by half a frame.
        assertThat(a.sent()).isEqualTo(3);
        clock.advance(Duration.ofSeconds(10));
        a.turn();
        assertThat(a.sent())
                .as("no more than the burst, half a frame of which is owed")
                .isEqualTo(4);
        assertThat(b.received()).hasSize(11);
        assertThat(b.device.counters().get(Counter.RX_RATE_LIMIT)).isZero();

        a.device.rates(PortRates.NONE);
        assertThat(a.device.arm()).as("there is work").isTrue();
        a.device.disarm();
        a.turn();
        assertThat(a.sent()).isEqualTo(19);
        assertThat(b.received()).hasSize(19);
    }

    @Test
    void aLaneThatSleepsIsWokenInTimeAndFramesThatComeMeanwhileWait() {
        a.device.rates(new PortRates(RateLimit.NONE, kib(10, 1)));
        offer(1);
        a.turn();
        assertThat(a.sent()).isEqualTo(1);
        assertThat(a.device.arm()).isFalse();
        offer(1);
        a.turn();
        assertThat(a.sent()).isZero();
        a.device.disarm();
        clock.advance(Duration.ofMillis(100));
        a.turn();
        assertThat(a.sent()).isEqualTo(1);
    }

    @Test
    void whatIsReceivedBeyondTheRateIsDroppedAndCounted() {
        b.device.rates(new PortRates(kib(10, 4), RateLimit.NONE));
        offer(30);
        a.turn();
        assertThat(a.sent()).as("no sender waits").isEqualTo(30);
        assertThat(b.received()).hasSize(4);
        assertThat(b.device.counters().get(Counter.RX_RATE_LIMIT)).isEqualTo(26);
        assertThat(b.device.counters().get(Counter.RX_NO_BUFFER)).isZero();
        clock.advance(Duration.ofMillis(300));
        offer(5);
        a.turn();
        assertThat(b.received()).hasSize(3);
        assertThat(b.device.counters().get(Counter.RX_RATE_LIMIT)).isEqualTo(28);
    }

    @Test
    void whileTheLinkIsDownNothingWaits() {
        a.device.rates(new PortRates(RateLimit.NONE, kib(10, 1)));
        offer(3);
        a.turn();
        assertThat(a.sent()).isEqualTo(1);
        a.device.control().link(false);
        a.turn();
        assertThat(a.sent()).isEqualTo(2);
        assertThat(a.device.counters().get(Counter.TX_DISABLED)).isEqualTo(2);
    }
}
