// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.OffloadEngine;

/** Tests how the guests of one lane share frames, bytes and time; the clock advances only when a test advances it. */
class FairnessTest {
    private static final int LONG_FRAME = 9000;
    private static final int SHORT_FRAME = 64;

    private final ManualClock clock = new ManualClock();

    /** A sink that counts the frames and bytes of one guest. */
    private static final class Meter implements FrameSink {
        private long frames;
        private long bytes;
        /** The work done for a frame that is delivered alone. */
        private Runnable work = () -> {};

        @Override
        public int forward(FramePort from, Frame frame) {
            work.run();
            frames++;
            bytes += frame.bytes;
            return FramePort.DELIVERED;
        }

        @Override
        public int forward(FramePort from, FrameBurst burst) {
            frames += burst.count();
            bytes += burst.bytes(0, burst.count());
            burst.offer(burst.count());
            return burst.count();
        }

        @Override
        public void flush() {}
    }

    private final List<Meter> meters = new ArrayList<>();
    private final List<TestGuest> guests = new ArrayList<>();

    private Meter guest(boolean apart, int frames, int bytes) {
        return guest(DriverHeader.PLAIN, new byte[bytes], apart, frames);
    }

    private Meter guest(DriverHeader header, byte[] frame, boolean apart, int frames) {
        Meter meter = new Meter();
        TestGuest guest = new TestGuest(
                "guest" + guests.size(),
                false,
                meter,
                new OffloadEngine(),
                clock,
                Feature.CSUM,
                Feature.HOST_TSO4,
                Feature.MRG_RXBUF);
        for (int i = 0; i < frames; i++) {
            guest.offer(header, frame, apart);
        }
        meters.add(meter);
        guests.add(guest);
        return meter;
    }

    private void turn() {
        guests.forEach(TestGuest::turn);
    }

    /** Returns Jain's fairness index: 1 when all n shares are equal, 1/n when one guest has everything. */
    private static double jain(List<Long> shares) {
        double sum = shares.stream().mapToDouble(Long::doubleValue).sum();
        double squares =
                shares.stream().mapToDouble(share -> (double) share * share).sum();
        return sum * sum / (shares.size() * squares);
    }

    @Test
    void equalGuestsHaveEqualShares() {
        IntStream.range(0, 10).forEach(i -> guest(i % 2 == 0, TestGuest.SIZE / 2, 1000));
        for (int i = 0; i < 2; i++) {
            turn();
            assertThat(jain(meters.stream().map(meter -> meter.bytes).toList())).isGreaterThan(0.95);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFloodTakesNoMoreThanATurnsBytes(boolean apart) {
        guest(apart, TestGuest.SIZE / 2, LONG_FRAME);
        guest(false, TestGuest.SIZE, SHORT_FRAME);
        long before = 0;
        for (int turn = 1; turn <= 4; turn++) {
            turn();
            long taken = meters.getFirst().bytes - before;
            before = meters.getFirst().bytes;
            assertThat(taken)
                    .as("the flood")
                    .isBetween((long) SendPath.TURN_BYTES, (long) SendPath.TURN_BYTES + LONG_FRAME);
            assertThat(meters.getLast().frames).as("the neighbour").isEqualTo((long) turn * SendPath.BURST);
        }
    }

    @Test
    void guestsWithLongFramesAndWithVeryLongOnesHaveEqualShares() {
        // One guest's frames have half the byte budget of a poll, the other guest's frames a fifth.
        guest(true, 20, 60_000);
        guest(true, 100, LONG_FRAME);
        guest(false, 100, LONG_FRAME);
        for (int i = 0; i < 3; i++) {
            turn();
            assertThat(jain(meters.stream().map(meter -> meter.bytes).toList())).isGreaterThan(0.95);
        }
    }

    @Test
    void framesThatTakeLongEndATurn() {
        Meter slow = guest(true, TestGuest.SIZE / 2, SHORT_FRAME);
        slow.work = () -> clock.advance(Duration.ofNanos(SendPath.TURN_NANOS / 16));
        guest(false, TestGuest.SIZE, SHORT_FRAME);
        for (int turn = 1; turn <= 3; turn++) {
            turn();
            // The clock is read after 16 frames and after 32.
            assertThat(slow.frames).isEqualTo(turn * 32L);
            assertThat(meters.getLast().frames).as("the neighbour").isEqualTo((long) turn * SendPath.BURST);
        }
    }

    @Test
    void superFramesThatTakeLongEndATurn() {
        byte[] frame = TcpFrames.segment(1, 2, 1, 2000);
        Meter slow = guest(DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 1, 34, 16), frame, false, 20);
        slow.work = () -> clock.advance(Duration.ofNanos(SendPath.TURN_NANOS / 2));
        turn();
        assertThat(slow.frames).isEqualTo(3);
        turn();
        assertThat(slow.frames).isEqualTo(6);
        slow.work = () -> {};
        turn();
        assertThat(slow.frames).isEqualTo(20);
    }
}
