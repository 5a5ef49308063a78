// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;

class OffloadEngineTest {
    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(5);
    private final OffloadEngine engine = new OffloadEngine();

    @AfterEach
    void close() {
        arena.close();
    }

    private static SuperFrame packet(boolean ipv6, boolean udp, boolean ecn) {
        SuperFrame packet = new SuperFrame();
        packet.ipv6 = ipv6;
        packet.udp = udp;
        packet.ecn = ecn;
        packet.tcpFlags = ecn ? 0x99 : 0x19;
        packet.source = new byte[ipv6 ? 16 : 4];
        packet.destination = new byte[ipv6 ? 16 : 4];
        Arrays.fill(packet.source, (byte) 7);
        packet.finalDestination = packet.destination;
        packet.gsoSize = 1400;
        packet.payload = new byte[5001];
        new SplittableRandom(9).nextBytes(packet.payload);
        return packet.build();
    }

    static Stream<SuperFrame> kinds() {
        return Stream.of(
                packet(false, false, false),
                packet(false, false, true),
                packet(true, false, false),
                packet(true, false, true),
                packet(false, true, false),
                packet(true, true, false));
    }

    private static int needs(SuperFrame packet) {
        int kind =
                packet.udp ? packet.ipv6 ? Offloads.USO6 : Offloads.USO4 : packet.ipv6 ? Offloads.TSO6 : Offloads.TSO4;
        return Offloads.CSUM | kind | (packet.ecn ? Offloads.ECN : 0);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void anyReceiverGetsTheFrameInTheFormItTakes(SuperFrame packet) {
        for (int accepts = 0; accepts <= Offloads.ALL; accepts++) {
            RecordingPort port = new RecordingPort(accepts);
            Frame frame = packet.frame(arena, random, 3);
            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            assertThat(frame.needs).isEqualTo(needs(packet));

            assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

            if ((needs(packet) & ~accepts) == 0) {
                assertThat(port.delivered).hasSize(1);
                RecordingPort.Delivered whole = port.delivered.getFirst();
                assertThat(whole.bytes).isEqualTo(packet.bytes);
                assertThat(whole.gsoType).isEqualTo(packet.gsoType());
                assertThat(whole.gsoSize).isEqualTo(packet.gsoSize);
                assertThat(whole.flags).isEqualTo(Frame.NEEDS_CSUM);
            } else {
                boolean partial = (accepts & Offloads.CSUM) != 0;
                assertThat(port.bytes())
                        .as("accepts 0x%x", accepts)
                        .usingElementComparator(Arrays::compare)
                        .isEqualTo(ReferenceSegmenter.segments(packet, partial));
            }
        }
        OffloadCounters counters = engine.counters();
        long whole = counters.get(OffloadCounter.passed(packet.gsoType()));
        assertThat(whole).isEqualTo(1 << (7 - Integer.bitCount(needs(packet))));
        assertThat(counters.get(OffloadCounter.cut(packet.gsoType()))).isEqualTo(128 - whole);
        assertThat(counters.get(OffloadCounter.SEGMENTS)).isEqualTo(4 * (128 - whole));
    }

    @Test
    void plainFramesPassUntouched() {
        byte[] bytes = new byte[14];
        Frame frame = new Frame();
        Frames.scatter(arena, frame, bytes, random, 3);
        frame.checksumStart = 0xffff;
        frame.gsoSize = 0xffff;
        frame.flags = 0xfc;
        RecordingPort port = new RecordingPort(0);

        assertThat(engine.check(frame, 0)).isNull();
        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

        assertThat(frame.needs).isZero();
        assertThat(port.delivered.getFirst().flags)
                .as("unknown flags are ignored")
                .isZero();
        assertThat(engine.counters().get(OffloadCounter.PASSED)).isEqualTo(1);
    }

    static Stream<int[]> checksumPlaces() {
        return IntStream.of(34, 35, 54, 100, 237, 238, 239, 240, 300, 999)
                .boxed()
                .flatMap(start -> IntStream.of(0, 6, 16, 17).mapToObj(offset -> new int[] {start, offset}));
    }

    @ParameterizedTest
    @MethodSource("checksumPlaces")
    void aPartialChecksumIsCompletedWhereverItIs(int[] place) {
        byte[] bytes = new byte[1100 + random.nextInt(2)];
        random.nextBytes(bytes);
        for (int pieces : new int[] {1, 2, 3, 40, bytes.length}) {
            Frame frame = new Frame();
            Frames.scatter(arena, frame, bytes, random, Math.min(pieces, Frame.MAX_PIECES - 2));
            frame.flags = Frame.NEEDS_CSUM;
            frame.checksumStart = place[0];
            frame.checksumOffset = place[1];
            RecordingPort port = new RecordingPort(Offloads.ALL & ~Offloads.CSUM);
            assertThat(engine.check(frame, Offloads.CSUM)).isNull();
            assertThat(frame.needs).isEqualTo(Offloads.CSUM);

            assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

            byte[] expected = bytes.clone();
            SuperFrame.put16(expected, place[0] + place[1], ~SuperFrame.sum(bytes, place[0], bytes.length) & 0xffff);
            assertThat(port.delivered.getFirst().bytes).isEqualTo(expected);
            assertThat(port.delivered.getFirst().flags).isZero();
            assertThat(Frames.bytes(frame)).as("the sender's bytes").isEqualTo(bytes);
        }
        assertThat(engine.counters().get(OffloadCounter.CSUM_COMPLETED)).isEqualTo(5);
    }

    @Test
    void aCompletedChecksumIsNeverZero() {
        byte[] bytes = new byte[60];
        SuperFrame.put16(bytes, 40, 0xffff);
        Frame frame = new Frame();
        Frames.scatter(arena, frame, bytes, random, 1);
        frame.flags = Frame.NEEDS_CSUM;
        frame.checksumStart = 34;
        frame.checksumOffset = 6;
        RecordingPort port = new RecordingPort(0);

        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

        assertThat(SuperFrame.get16(port.delivered.getFirst().bytes, 40)).isEqualTo(0xffff);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aSegmentWhoseChecksumIsZeroIsMarkedForUdpOnly(SuperFrame packet) {
        // The last two bytes of the second segment bring its sum to 0xffff.
        int end = 2 * packet.gsoSize;
        SuperFrame.put16(packet.payload, end - 2, 0);
        byte[] second = ReferenceSegmenter.segments(packet.build(), false).get(1);
        int field = packet.transport + packet.checksumOffset();
        SuperFrame.put16(packet.payload, end - 2, SuperFrame.get16(second, field));
        RecordingPort port = new RecordingPort(0);

        assertThat(engine.deliver(packet.build().frame(arena, random, 2), port)).isEqualTo(FramePort.DELIVERED);

        assertThat(SuperFrame.get16(port.delivered.get(1).bytes, field)).isEqualTo(packet.udp ? 0xffff : 0);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aPageMayEndAnywhereInASegment(SuperFrame packet) {
        // Segments of odd length, long enough for the vectorised sum on either side of a page border, and a last
        // segment of one byte.
        packet.gsoSize = 731;
        packet.payload = Arrays.copyOf(packet.payload, 2 * packet.gsoSize + 1);
        packet.build();
        List<byte[]> expected = ReferenceSegmenter.segments(packet, false);
        for (int end = packet.header; end < packet.bytes.length; end++) {
            for (int alignment = 0; alignment < 2; alignment++) {
                Frame frame = new Frame();
                Frames.add(arena, frame, packet.bytes, 0, end, alignment);
                Frames.add(arena, frame, packet.bytes, end, packet.bytes.length - end, 1 - alignment);
                packet.writeHeader(frame);
                RecordingPort port = new RecordingPort(0);

                assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

                assertThat(port.bytes())
                        .as("the first piece ends at %d", end)
                        .usingElementComparator(Arrays::compare)
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aPayloadThatFitsOneSegmentIsAPlainFrame(SuperFrame packet) {
        for (int payload : new int[] {0, 1, packet.gsoSize}) {
            packet.payload = new byte[payload];
            packet.build();
            RecordingPort takesAll = new RecordingPort(Offloads.ALL);
            RecordingPort takesNothing = new RecordingPort(0);
            Frame frame = packet.frame(arena, random, 2);

            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            assertThat(engine.deliver(frame, takesAll)).isEqualTo(FramePort.DELIVERED);
            assertThat(engine.deliver(frame, takesNothing)).isEqualTo(FramePort.DELIVERED);

            assertThat(frame.needs).isEqualTo(Offloads.CSUM);
            assertThat(takesAll.delivered.getFirst().gsoType).isZero();
            assertThat(takesAll.delivered.getFirst().gsoSize).isZero();
            assertThat(takesAll.delivered.getFirst().bytes).isEqualTo(packet.bytes);
            int transportBytes = packet.bytes.length - packet.transport;
            byte[] completed = takesNothing.delivered.getFirst().bytes;
            assertThat((SuperFrame.sum(completed, packet.transport, completed.length)
                                    + packet.pseudoSum(transportBytes))
                            % 0xffff)
                    .isZero();
        }
    }

    @Test
    void theWordThatAChecksumIsValidCountsOfATrustedSenderOnly() {
        Frame frame = new Frame();
        Frames.scatter(arena, frame, new byte[60], random, 1);
        frame.flags = Frame.DATA_VALID;
        RecordingPort takesIt = new RecordingPort(Offloads.CSUM);
        RecordingPort takesNothing = new RecordingPort(0);

        assertThat(engine.check(frame, Offloads.ALL | OffloadEngine.TRUSTED)).isNull();
        engine.deliver(frame, takesIt);
        engine.deliver(frame, takesNothing);
        assertThat(takesIt.delivered.getFirst().flags).isEqualTo(Frame.DATA_VALID);
        assertThat(takesNothing.delivered.getFirst().flags).isZero();
        assertThat(frame.flags).isEqualTo(Frame.DATA_VALID);

        assertThat(engine.check(frame, Offloads.ALL)).isNull();
        engine.deliver(frame, takesIt);
        assertThat(takesIt.delivered.get(1).flags).isZero();
    }

    @Test
    void aRefusalInTheMiddleDropsTheRest() {
        SuperFrame packet = packet(false, false, false);
        Frame frame = packet.frame(arena, random, 3);
        RecordingPort port = new RecordingPort(0);
        port.room = 2;
        port.whenFull = FramePort.REFUSED;

        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.REFUSED);

        assertThat(port.delivered).hasSize(2);
        assertThat(frame.segmentsDone).isZero();
        assertThat(engine.counters().get(OffloadCounter.SEGMENTS)).isEqualTo(2);
        assertThat(engine.counters().get(OffloadCounter.CUT_TCPV4)).isZero();
    }

    @Test
    void noRoomForAPlainFrameLeavesNothingBehind() {
        RecordingPort port = new RecordingPort(Offloads.ALL);
        port.room = 0;
        Frame frame = packet(false, true, false).frame(arena, random, 3);

        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.NO_ROOM);
        port.accepts = 0;
        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.NO_ROOM);

        assertThat(frame.segmentsDone).isZero();
        assertThat(Stream.of(OffloadCounter.values()).mapToLong(engine.counters()::get))
                .containsOnly(0L);
    }

    @Test
    void aFrameHalfTakenContinuesInSegmentsWhateverThePortTakesMeanwhile() {
        SuperFrame packet = packet(true, false, true);
        Frame frame = packet.frame(arena, random, 3);
        RecordingPort port = new RecordingPort(0);
        port.room = 1;

        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.NO_ROOM);
        port.accepts = Offloads.ALL;
        port.room = 99;
        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

        List<byte[]> whole = ReferenceSegmenter.segments(packet, false);
        List<byte[]> partial = ReferenceSegmenter.segments(packet, true);
        assertThat(port.bytes())
                .usingElementComparator(Arrays::compare)
                .containsExactly(whole.get(0), partial.get(1), partial.get(2), partial.get(3));
    }

    @Test
    void headersRewrittenWhileSegmentsGoOutChangeNothing() {
        SuperFrame packet = packet(false, false, false);
        Frame frame = packet.frame(arena, random, 1);
        engine.check(frame, Offloads.ALL);
        RecordingPort port = new RecordingPort(0) {
            @Override
            public int deliver(Frame segment) {
                int result = super.deliver(segment);
                for (int i = 0; i < packet.header; i++) {
                    HostMemory.putByte(frame.address[0] + i, 0xff);
                }
                return result;
            }
        };

        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

        assertThat(port.bytes())
                .usingElementComparator(Arrays::compare)
                .isEqualTo(ReferenceSegmenter.segments(packet, false));
    }

    @Test
    void headersRewrittenBetweenCheckAndDeliveryAreCheckedAgain() {
        SuperFrame packet = packet(false, false, false);
        Frame frame = packet.frame(arena, random, 1);
        assertThat(engine.check(frame, Offloads.ALL)).isNull();
        HostMemory.putByte(frame.address[0] + packet.transport + 12, 0x40);
        RecordingPort port = new RecordingPort(0);

        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.REFUSED);

        assertThat(port.delivered).isEmpty();
        assertThat(engine.counters().get(BadFrame.TCP_HEADER_LENGTH)).isEqualTo(1);
    }

    @Test
    void headersRewrittenBeforeAResumeNeverLeadBeyondTheFrame() {
        SuperFrame packet = packet(false, false, false);
        packet.payload = new byte[41];
        packet.gsoSize = 40;
        packet.build();
        Frame frame = packet.frame(arena, random, 1);
        RecordingPort port = new RecordingPort(0);
        port.room = 1;
        assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.NO_ROOM);
        // The changed headers include the whole payload: nothing is left to send.
        HostMemory.putByte(frame.address[0] + packet.transport + 12, 0xf0);

        port.room = 9;
        int result = engine.deliver(frame, port);

        assertThat(result).isIn(FramePort.DELIVERED, FramePort.REFUSED);
        for (byte[] bytes : port.bytes()) {
            assertThat(bytes.length).isLessThanOrEqualTo(packet.bytes.length);
        }
        assertThat(frame.segmentsDone).isZero();
    }

    @Test
    void aFullScatterListMayHaveNoRoomForReplacedHeaders() {
        byte[] bytes = new byte[2000];
        Frame frame = new Frame();
        Frames.add(arena, frame, bytes, 0, 600, 0);
        while (frame.pieces < Frame.MAX_PIECES) {
            Frames.add(arena, frame, bytes, 600, 1, 0);
        }
        frame.flags = Frame.NEEDS_CSUM;
        frame.checksumStart = 300;
        frame.checksumOffset = 6;

        assertThat(engine.deliver(frame, new RecordingPort(0))).isEqualTo(FramePort.REFUSED);
        assertThat(engine.counters().get(BadFrame.TOO_MANY_PIECES)).isEqualTo(1);
    }

    @Test
    void aSegmentOfTooManyPiecesIsRefused() {
        SuperFrame packet = packet(false, false, false);
        for (int last = 1; last <= 2; last++) {
            // All bytes but the last are in one segment: headers, the rest of the first piece, and every other piece.
            Frame frame = new Frame();
            Frames.add(arena, frame, packet.bytes, 0, packet.header + 100, 0);
            while (frame.pieces < Frame.MAX_PIECES - 1) {
                Frames.add(arena, frame, packet.bytes, frame.bytes, 1, 0);
            }
            Frames.add(arena, frame, packet.bytes, frame.bytes, last, 0);
            packet.writeHeader(frame);
            frame.gsoSize = frame.bytes - packet.header - 1;

            int result = engine.deliver(frame, new RecordingPort(0));

            assertThat(result).isEqualTo(last == 1 ? FramePort.DELIVERED : FramePort.REFUSED);
            assertThat(engine.counters().get(BadFrame.TOO_MANY_PIECES)).isEqualTo(last - 1);
        }
    }
}
