// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

/**
 * Compares the segments of random super-frames from the engine with those from {@link ReferenceSegmenter}. The
 * description of a failure has the seed.
 */
class SegmentationPropertyTest {
    private static final int ROUNDS = 3000;

    private final OffloadEngine engine = new OffloadEngine();

    @Test
    void completeSegmentsEqualTheReference() {
        forEach((random, superFrame, frame) -> {
            RecordingPort port = new RecordingPort(0);

            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

            assertSame(port.bytes(), ReferenceSegmenter.segments(superFrame, false));
            for (RecordingPort.Delivered segment : port.delivered) {
                assertChecksums(superFrame, segment.bytes);
                assertThat(segment.flags).isZero();
                assertThat(segment.gsoType).isZero();
                assertThat(segment.needs).isZero();
            }
            assertThat(frame.segmentsDone).isZero();
            assertThat(Frames.bytes(frame)).as("the sender's bytes").isEqualTo(superFrame.bytes);
        });
    }

    @Test
    void partialSegmentsEqualTheReferenceAndAreCompletedByTheReceiver() {
        forEach((random, superFrame, frame) -> {
            RecordingPort port = new RecordingPort(Offloads.CSUM);

            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

            assertSame(port.bytes(), ReferenceSegmenter.segments(superFrame, true));
            for (RecordingPort.Delivered segment : port.delivered) {
                assertThat(segment.flags).isEqualTo(Frame.NEEDS_CSUM);
                assertThat(segment.gsoType).isZero();
                assertThat(segment.checksumStart).isEqualTo(superFrame.transport);
                assertThat(segment.checksumOffset).isEqualTo(superFrame.checksumOffset());
                assertThat(segment.needs).isEqualTo(Offloads.CSUM);
            }
        });
    }

    @Test
    void aPortThatFillsUpGetsEachSegmentOnce() {
        forEach((random, superFrame, frame) -> {
            RecordingPort port = new RecordingPort(random.nextBoolean() ? Offloads.CSUM : 0);
            port.room = 0;
            OffloadEngine other = new OffloadEngine();
            other.check(frame, Offloads.ALL);
            int result = other.deliver(frame, port);
            while (result == FramePort.NO_ROOM) {
                assertThat(frame.segmentsDone).isEqualTo(port.delivered.size());
                port.room = random.nextInt(8);
                result = other.deliver(frame, port);
            }

            assertThat(result).isEqualTo(FramePort.DELIVERED);
            assertSame(port.bytes(), ReferenceSegmenter.segments(superFrame, port.accepts != 0));
            assertThat(frame.segmentsDone).isZero();
            assertThat(frame.segmentsMade).isEqualTo(port.delivered.size());
            assertThat(frame.segmentBytes)
                    .isEqualTo(port.bytes().stream()
                            .mapToInt(segment -> segment.length)
                            .sum());
            assertThat(other.counters().get(OffloadCounter.SEGMENTS)).isEqualTo(port.delivered.size());
            assertThat(other.counters().get(OffloadCounter.cut(superFrame.gsoType())))
                    .isEqualTo(1);
        });
    }

    @Test
    void oneBytePiecesAllTheWay() {
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 200; round++) {
            SuperFrame superFrame = SuperFrame.random(random, 500);
            try (Arena arena = Arena.ofConfined()) {
                RecordingPort port = new RecordingPort(0);
                Frame frame = superFrame.frame(arena, random, Math.min(superFrame.bytes.length, Frame.MAX_PIECES));
                assertThat(engine.check(frame, Offloads.ALL)).isNull();
                assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);
                assertSame(port.bytes(), ReferenceSegmenter.segments(superFrame, false));
            }
        }
    }

    @Test
    void framesOf64KibiBytes() {
        SplittableRandom random = new SplittableRandom(12);
        for (int round = 0; round < 40; round++) {
            SuperFrame superFrame = SuperFrame.random(random, 100);
            superFrame.gsoSize = 1000 + random.nextInt(8000);
            superFrame.payload = new byte[65535 - 40 - (superFrame.header - superFrame.network)];
            random.nextBytes(superFrame.payload);
            superFrame.build();
            try (Arena arena = Arena.ofConfined()) {
                RecordingPort port = new RecordingPort(0);
                Frame frame = superFrame.frame(arena, random, 1 + random.nextInt(19));
                assertThat(engine.check(frame, Offloads.ALL))
                        .as("%s", superFrame)
                        .isNull();
                assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);
                assertSame(port.bytes(), ReferenceSegmenter.segments(superFrame, false));
            }
        }
    }

    private interface Body {
        void accept(SplittableRandom random, SuperFrame superFrame, Frame frame);
    }

    private static void forEach(Body body) {
        for (long seed = 0; seed < ROUNDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SuperFrame superFrame = SuperFrame.random(random, random.nextInt(10) == 0 ? 9000 : 900);
            try (Arena arena = Arena.ofConfined()) {
                Frame frame = superFrame.frame(arena, random, 1 + random.nextInt(random.nextBoolean() ? 4 : 300));
                body.accept(random, superFrame, frame);
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + superFrame + ": " + e.getMessage(), e);
            }
        }
    }

    private static void assertSame(List<byte[]> actual, List<byte[]> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i)).as("segment %d", i).isEqualTo(expected.get(i));
        }
    }

    private static void assertChecksums(SuperFrame superFrame, byte[] segment) {
        if (!superFrame.ipv6) {
            assertThat(SuperFrame.sum(segment, superFrame.network, superFrame.transport))
                    .isEqualTo(0xffff);
        }
        int sum = SuperFrame.sum(segment, superFrame.transport, segment.length)
                + superFrame.pseudoSum(segment.length - superFrame.transport);
        assertThat(sum % 0xffff).isZero();
    }
}
