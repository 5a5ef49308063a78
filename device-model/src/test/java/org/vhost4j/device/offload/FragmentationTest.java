// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

/** Compares the IP fragments of UFO super-frames from the engine with those from {@link ReferenceSegmenter}. */
class FragmentationTest {
    private static final int ROUNDS = 2000;

    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(21);
    private final OffloadEngine engine = new OffloadEngine();
    private final Set<Integer> identifications = new HashSet<>();

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void fragmentsEqualTheReferenceWhateverElseTheReceiverTakes() {
        for (int round = 0; round < ROUNDS; round++) {
            SuperFrame packet = SuperFrame.randomUfo(random, round % 10 == 0 ? 60_000 : 2000);
            RecordingPort port = new RecordingPort(round % 2 == 0 ? 0 : Offloads.ALL_WITH_TUNNELS & ~Offloads.UFO);
            try (Arena own = Arena.ofConfined()) {
                Frame frame = packet.frame(own, random, 1 + random.nextInt(5));
                assertThat(engine.check(frame, Offloads.CSUM | Offloads.UFO)).isNull();
                assertThat(frame.needs).isEqualTo(Offloads.CSUM | Offloads.UFO);

                assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

                assertThat(Frames.bytes(frame)).as("the sender's bytes").isEqualTo(packet.bytes);
            }
            assertSame(port.bytes(), packet);
            for (RecordingPort.Delivered fragment : port.delivered) {
                assertThat(fragment.flags).isZero();
                assertThat(fragment.gsoType).isZero();
                assertThat(fragment.needs).isZero();
            }
        }
        assertThat(engine.counters().get(OffloadCounter.CUT_UFO)).isEqualTo(ROUNDS);
    }

    @Test
    void aPortThatFillsUpGetsEachFragmentOnceAndWithOneIdentification() {
        for (int round = 0; round < ROUNDS / 10; round++) {
            SuperFrame packet = SuperFrame.randomUfo(random, 2000);
            Frame frame = packet.frame(arena, random, 3);
            RecordingPort port = new RecordingPort(0);
            port.room = random.nextInt(3);
            engine.check(frame, Offloads.ALL);

            int result = engine.deliver(frame, port);
            while (result == FramePort.NO_ROOM) {
                // Meanwhile the engine delivers a frame of another sender.
                Frame other = SuperFrame.randomUfo(random, 500).frame(arena, random, 1);
                assertThat(engine.deliver(other, new RecordingPort(0))).isEqualTo(FramePort.DELIVERED);
                port.room = random.nextInt(4);
                result = engine.deliver(frame, port);
            }

            assertThat(result).isEqualTo(FramePort.DELIVERED);
            assertThat(frame.segmentsMade).isEqualTo(port.delivered.size());
            assertThat(frame.segmentBytes)
                    .isEqualTo(port.bytes().stream()
                            .mapToInt(fragment -> fragment.length)
                            .sum());
            assertSame(port.bytes(), packet);
        }
    }

    @Test
    void aReceiverThatTakesItGetsItWhole() {
        SuperFrame packet = SuperFrame.randomUfo(random, 2000);
        RecordingPort port = new RecordingPort(Offloads.CSUM | Offloads.UFO);

        assertThat(engine.deliver(packet.frame(arena, random, 2), port)).isEqualTo(FramePort.DELIVERED);

        assertThat(port.bytes()).containsExactly(packet.bytes);
        assertThat(port.delivered.getFirst().gsoType).isEqualTo(Frame.GSO_UDP);
        assertThat(engine.counters().get(OffloadCounter.PASSED_UFO)).isEqualTo(1);
    }

    @Test
    void aDatagramThatFitsIsAPlainFrame() {
        SuperFrame packet = SuperFrame.randomUfo(random, 2000);
        packet.gsoSize = 1024;
        packet.payload = new byte[1016];
        packet.build();
        RecordingPort port = new RecordingPort(Offloads.CSUM);

        assertThat(engine.deliver(packet.frame(arena, random, 2), port)).isEqualTo(FramePort.DELIVERED);

        assertThat(port.bytes()).containsExactly(packet.bytes);
        assertThat(port.delivered.getFirst().gsoType).isZero();
    }

    @Test
    void aFragmentHeaderThatMakesAFragmentTooLongIsRefused() {
        SuperFrame packet = SuperFrame.randomUfo(random, 100);
        packet.ipv6 = true;
        packet.extensions = new int[0];
        packet.source = new byte[16];
        packet.destination = new byte[16];
        packet.finalDestination = packet.destination;
        packet.payload = new byte[65535 - 8];
        for (int size : new int[] {65520, 65528}) {
            packet.gsoSize = size;
            RecordingPort port = new RecordingPort(0);
            int result = engine.deliver(packet.build().frame(arena, random, 2), port);
            assertThat(result).isEqualTo(size == 65520 ? FramePort.DELIVERED : FramePort.REFUSED);
            assertThat(port.delivered).hasSize(size == 65520 ? 2 : 0);
        }
        assertThat(engine.counters().get(BadFrame.TOO_LONG)).isEqualTo(1);
    }

    @Test
    void aScatterListWithoutRoomForAnotherHeaderIsRefused() {
        SuperFrame packet = SuperFrame.datagrams(1, 2000);
        packet.ufo = true;
        packet.gsoSize = 800;
        packet.build();
        for (int behindHeaders = 0; behindHeaders <= 1; behindHeaders++) {
            Frame frame = new Frame();
            Frames.add(arena, frame, packet.bytes, 0, packet.header + behindHeaders, 0);
            while (frame.pieces < Frame.MAX_PIECES) {
                Frames.add(arena, frame, packet.bytes, frame.bytes, 1, 0);
            }
            packet.writeHeader(frame);

            int result = engine.deliver(frame, new RecordingPort(0));

            assertThat(result).isEqualTo(behindHeaders == 0 ? FramePort.DELIVERED : FramePort.REFUSED);
            assertThat(engine.counters().get(BadFrame.TOO_MANY_PIECES)).isEqualTo(behindHeaders);
        }
    }

    /**
     * Compares all fields except the identification of IPv6 fragments, which must be the same for all fragments of a
     * packet and new for each packet.
     */
    private void assertSame(List<byte[]> ours, SuperFrame packet) {
        List<byte[]> reference = ReferenceSegmenter.segments(packet, false);
        if (packet.ipv6) {
            int at = packet.fragmentable() + 4;
            byte[] first = Arrays.copyOfRange(ours.getFirst(), at, at + 4);
            assertThat(identifications.add(ByteBuffer.wrap(first).getInt()))
                    .as("a new identification")
                    .isTrue();
            for (byte[] fragment : ours) {
                assertThat(Arrays.copyOfRange(fragment, at, at + 4)).isEqualTo(first);
                Arrays.fill(fragment, at, at + 4, (byte) 0);
            }
        }
        assertThat(ours)
                .as(packet.toString())
                .usingElementComparator(Arrays::compare)
                .isEqualTo(reference);
    }
}
