// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.offload.OffloadEngine;

/**
 * Tests that a chain that breaks a rule stops its device. The chains before it are used and published. The ring's base,
 * which GET_VRING_BASE reports, counts exactly the used chains: it does not include the bad chain, and no frame is
 * transferred twice or lost.
 */
@ParameterizedClass
@CsvSource({"false, false", "false, true", "true, false", "true, true"})
class BadChainTest {
    private static final int BUFFERS = 200;
    private static final long NOWHERE = 0x10;

    private final boolean packed;
    private final boolean inOrder;
    private final OffloadEngine engine = new OffloadEngine();
    private final Bridge bridge = new Bridge(engine);
    private final TestGuest a;
    private final TestGuest b;

    BadChainTest(boolean packed, boolean inOrder) {
        this.packed = packed;
        this.inOrder = inOrder;
        a = guest("a");
        b = guest("b");
    }

    private TestGuest guest(String name) {
        List<Feature> features = new ArrayList<>(List.of(Feature.CSUM, Feature.MRG_RXBUF));
        if (inOrder) {
            features.add(Feature.IN_ORDER);
        }
        TestGuest guest =
                new TestGuest(name, packed, bridge, engine, new ManualClock(), features.toArray(Feature[]::new));
        bridge.add(guest.device);
        return guest;
    }

    private static byte[] frame(int from, int to, int bytes) {
        byte[] frame = new byte[bytes];
        frame[0] = 2;
        frame[5] = (byte) to;
        frame[6] = 2;
        frame[11] = (byte) from;
        return frame;
    }

    /** Makes a bad chain available; {@code kind} determines the rule that it breaks. */
    private static void bad(RingDriver ring, boolean transmits, int kind) {
        long somewhere = ring.tableAddress(0);
        ring.begin();
        switch (kind) {
            case 0 -> ring.readable(NOWHERE, 100);
            case 1 -> ring.writable(NOWHERE, 100);
            case 2 -> ring.readable(somewhere, 0x7fff_ffff).writable(NOWHERE, 2);
            default -> {
                if (transmits) {
                    ring.readable(somewhere, 8).writable(somewhere, 8);
                } else if (kind == 3) {
                    ring.readable(somewhere, 8).writable(somewhere, 8);
                } else {
                    ring.writable(somewhere, 4);
                }
            }
        }
        ring.offer();
        ring.publish();
    }

    static IntStream seeds() {
        return IntStream.range(0, 60);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void framesBeforeABadChainOfTheSenderAreUsed(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        b.post(BUFFERS, 1600);
        int good = random.nextInt(60);
        for (int i = 0; i < good; i++) {
            a.offer(DriverHeader.PLAIN, frame(1, 2, 60 + random.nextInt(1000)), random.nextInt(3) == 0);
        }
        bad(a.transmit, true, random.nextInt(5));
        a.turn();
        assertThat(a.device.stoppedReason()).contains("queue 1");
        assertThat(b.received()).hasSize(good);
        assertThat(a.sent()).isEqualTo(good);
        assertThat(a.basesCountWhatWasUsed()).isTrue();
        assertThat(b.device.stoppedReason()).isNull();
        assertThat(b.basesCountWhatWasUsed()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void framesBeforeABadBufferOfTheReceiverAreUsed(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int good = random.nextInt(40);
        // Some frames need several buffers, and the last frame may reach the bad buffer after its first bytes were
        // written.
        int room = random.nextBoolean() ? 1600 : 600;
        b.post(good, room);
        // A buffer without room for the header is invalid only as the first buffer of a frame.
        bad(b.receive, false, random.nextInt(room == 1600 ? 5 : 4));
        int frames = 50;
        for (int i = 0; i < frames; i++) {
            a.offer(DriverHeader.PLAIN, frame(1, 2, 60 + random.nextInt(1000)), random.nextInt(3) == 0);
        }
        a.turn();
        assertThat(b.device.stoppedReason()).contains("queue 0");
        assertThat(b.received()).hasSizeBetween(room == 1600 ? good : good / 2 - 1, good);
        assertThat(b.basesCountWhatWasUsed()).isTrue();
        assertThat(a.device.stoppedReason()).isNull();
        assertThat(a.sent()).isEqualTo(frames);
        assertThat(a.basesCountWhatWasUsed()).isTrue();
    }

    @Test
    void aFrameThatWaitsGoesBackIntoItsRing() {
        b.post(3, 1600);
        for (int i = 0; i < 5; i++) {
            a.offer(DriverHeader.PLAIN, frame(1, 2, 100), i % 2 == 0);
        }
        a.turn();
        // The fourth frame waits when the sending device stops because of a bad receive buffer.
        bad(a.receive, false, 0);
        b.offer(DriverHeader.PLAIN, frame(2, 1, 100), false);
        b.turn();
        assertThat(a.device.stoppedReason()).contains("queue 0");
        assertThat(b.received()).hasSize(3);
        assertThat(a.sent()).isEqualTo(3);
        assertThat(a.basesCountWhatWasUsed()).isTrue();
    }

    @Test
    void lostMemoryIsNotWritten() {
        b.post(3, 1600);
        for (int i = 0; i < 5; i++) {
            a.offer(DriverHeader.PLAIN, frame(1, 2, 100), true);
        }
        a.turn();
        assertThat(a.sent()).isEqualTo(3);
        a.device.fault("its memory vanished");
        a.device.control().stop(0);
        a.device.control().stop(1);
        assertThat(a.sent()).isZero();
    }
}
