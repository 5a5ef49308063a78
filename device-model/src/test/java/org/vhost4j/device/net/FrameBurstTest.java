// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.CopySink;
import org.vhost4j.device.bridge.FrameSource;
import org.vhost4j.device.bridge.NullSink;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.OffloadCounter;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.Counter;

/** Tests frames that the device processes as a burst, and frames that interrupt a burst. */
@ParameterizedClass
@CsvSource({"false, false", "false, true", "true, false", "true, true"})
class FrameBurstTest {
    private static final int CSUM_START = 34;
    private static final int CSUM_OFFSET = 6;
    private static final DriverHeader PARTIAL = DriverHeader.partialChecksum(CSUM_START, CSUM_OFFSET);
    private final boolean packed;
    private final boolean inOrder;
    private final ManualClock clock = new ManualClock();
    private final OffloadEngine engine = new OffloadEngine();
    private final Bridge bridge = new Bridge(engine);

    FrameBurstTest(boolean packed, boolean inOrder) {
        this.packed = packed;
        this.inOrder = inOrder;
    }

    private TestGuest guest(String name, FrameSink sink, Feature... more) {
        List<Feature> features = new ArrayList<>(List.of(Feature.CSUM));
        features.addAll(List.of(more));
        if (inOrder) {
            features.add(Feature.IN_ORDER);
        }
        return new TestGuest(name, packed, sink, engine, clock, features.toArray(Feature[]::new));
    }

    private TestGuest onBridge(String name, Feature... more) {
        TestGuest guest = guest(name, bridge, more);
        bridge.add(guest.device);
        return guest;
    }

    /** Returns a UDP datagram from one station to another, whose payload identifies it. */
    private static byte[] frame(int from, int to, int serial, int bytes) {
        byte[] frame = new byte[bytes];
        frame[0] = 2;
        frame[5] = (byte) to;
        frame[6] = 2;
        frame[11] = (byte) from;
        if (to == 0xff) {
            Arrays.fill(frame, 0, 6, (byte) 0xff);
        }
        for (int i = 12; i < bytes; i++) {
            frame[i] = (byte) (i * 7 + serial * 31);
        }
        return frame;
    }

    private static List<byte[]> bytes(List<TestGuest.Received> frames) {
        return frames.stream().map(TestGuest.Received::bytes).toList();
    }

    @Test
    void orderContentsHeadersAndCountsAreAsOneByOne() {
        TestGuest a = onBridge("a", Feature.GUEST_CSUM);
        TestGuest b = onBridge("b", Feature.GUEST_CSUM);
        b.post(200, 1600);
        List<byte[]> sent = new ArrayList<>();
        long bytes = 0;
        for (int i = 0; i < 150; i++) {
            byte[] frame = frame(1, 2, i, 60 + i * 9);
            a.offer(i % 4 == 3 ? PARTIAL : DriverHeader.PLAIN, frame, false);
            sent.add(frame);
            bytes += frame.length;
        }
        for (int i = 0; i < 3; i++) {
            a.turn();
        }
        List<TestGuest.Received> received = b.received();
        assertThat(bytes(received)).containsExactlyElementsOf(sent);
        for (int i = 0; i < 150; i++) {
            assertThat(received.get(i).header())
                    .isEqualTo((i % 4 == 3 ? PARTIAL : DriverHeader.PLAIN).withNumBuffers(1));
        }
        assertThat(a.sent()).isEqualTo(150);
        assertThat(a.device.counters().get(Counter.TX_FRAMES)).isEqualTo(150);
        assertThat(a.device.counters().get(Counter.TX_BYTES)).isEqualTo(bytes);
        assertThat(a.device.counters().get(Counter.TX_PARTIAL_CHECKSUM)).isEqualTo(37);
        assertThat(b.device.counters().get(Counter.RX_FRAMES)).isEqualTo(150);
        assertThat(b.device.counters().get(Counter.RX_BYTES)).isEqualTo(bytes);
        assertThat(engine.counters().get(OffloadCounter.PASSED)).isEqualTo(113);
        assertThat(engine.counters().get(OffloadCounter.PASSED_CSUM)).isEqualTo(37);
        assertThat(b.buffersLeft()).isEqualTo(50);
    }

    @Test
    void whatIsNotPlainKeepsItsPlaceAmongThem() {
        TestGuest a = onBridge("a");
        TestGuest b = onBridge("b", Feature.GUEST_CSUM);
        b.post(100, 1600);
        List<byte[]> good = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            byte[] frame = frame(1, 2, i, 100);
            switch (i % 10) {
                // Two buffers.
                case 2 -> a.offer(DriverHeader.PLAIN, frame, true);
                // A checksum that would lie outside the frame.
                case 4 -> a.offer(DriverHeader.partialChecksum(CSUM_START, 1000), frame, false);
                // A super-frame, which was not negotiated.
                case 5 -> a.offer(DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 20, 34, 16), frame, false);
                // A chain without a frame.
                case 7 -> a.offer(DriverHeader.PLAIN, new byte[13], false);
                // Flags without a meaning in transmitted frames.
                case 8 -> a.offer(new DriverHeader(DriverHeader.DATA_VALID, 0, 0, 0, 0, 0, 0), frame, false);
                default -> a.offer(DriverHeader.PLAIN, frame, false);
            }
            if (i % 10 != 4 && i % 10 != 5 && i % 10 != 7) {
                good.add(frame);
            }
        }
        a.turn();
        List<TestGuest.Received> received = b.received();
        assertThat(bytes(received)).containsExactlyElementsOf(good);
        assertThat(received)
                .allSatisfy(frame -> assertThat(frame.header()).isEqualTo(DriverHeader.PLAIN.withNumBuffers(1)));
        assertThat(a.sent()).isEqualTo(60);
        assertThat(a.device.counters().get(Counter.TX_BAD_HEADER)).isEqualTo(18);
    }

    @Test
    void aReceiverThatWantsNoPartialChecksumsGetsCompleteOnes() {
        TestGuest a = onBridge("a");
        TestGuest b = onBridge("b");
        b.post(40, 1600);
        for (int i = 0; i < 40; i++) {
            a.offer(i % 2 == 0 ? DriverHeader.PLAIN : PARTIAL, frame(1, 2, i, 200), false);
        }
        a.turn();
        List<TestGuest.Received> received = b.received();
        assertThat(received).hasSize(40);
        for (int i = 0; i < 40; i++) {
            byte[] expected = frame(1, 2, i, 200);
            byte[] came = received.get(i).bytes();
            assertThat(received.get(i).header()).isEqualTo(DriverHeader.PLAIN.withNumBuffers(1));
            if (i % 2 != 0) {
                // The field contained the pseudo-header sum, as a driver writes it. Now the checksum from csum_start on
                // is complete.
                assertThat(sum(expected)).isEqualTo(sum(came, CSUM_START + CSUM_OFFSET));
                expected[CSUM_START + CSUM_OFFSET] = came[CSUM_START + CSUM_OFFSET];
                expected[CSUM_START + CSUM_OFFSET + 1] = came[CSUM_START + CSUM_OFFSET + 1];
            }
            assertThat(came).isEqualTo(expected);
        }
        assertThat(engine.counters().get(OffloadCounter.CSUM_COMPLETED)).isEqualTo(20);
    }

    private static int sum(byte[] frame) {
        int sum = 0;
        for (int i = CSUM_START; i < frame.length; i += 2) {
            sum += (frame[i] & 0xff) << 8 | (frame[i + 1] & 0xff);
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (sum & 0xffff) + (sum >>> 16);
    }

    /** Returns the sum whose complement is in a field. */
    private static int sum(byte[] frame, int field) {
        return ~((frame[field] & 0xff) << 8 | (frame[field + 1] & 0xff)) & 0xffff;
    }

    @Test
    void withoutRoomTheRestWaitsAndKeepsItsOrder() {
        TestGuest a = onBridge("a");
        TestGuest b = onBridge("b");
        b.post(10, 1600);
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < 90; i++) {
            sent.add(frame(1, 2, i, 64));
            a.offer(DriverHeader.PLAIN, sent.get(i), false);
        }
        List<byte[]> received = new ArrayList<>();
        int returned = 0;
        for (int i = 0; i < 9; i++) {
            a.turn();
            a.turn();
            List<byte[]> came = bytes(b.received());
            returned += a.sent();
            received.addAll(came);
            assertThat(came).hasSize(10);
            assertThat(returned).isEqualTo(received.size());
            b.post(10, 1600);
        }
        assertThat(received).containsExactlyElementsOf(sent);
        assertThat(b.device.counters().get(Counter.RX_NO_BUFFER)).isZero();
    }

    @Test
    void whatWaitedTooLongIsDroppedAndCounted() {
        TestGuest a = onBridge("a");
        TestGuest b = onBridge("b");
        b.post(10, 1600);
        for (int i = 0; i < 50; i++) {
            a.offer(DriverHeader.PLAIN, frame(1, 2, i, 64), false);
        }
        a.turn();
        assertThat(b.received()).hasSize(10);
        assertThat(a.sent()).isEqualTo(10);
        clock.advance(ReceiveTimeouts.DEFAULT.forBuffers().minusNanos(1));
        a.turn();
        assertThat(a.sent()).isZero();
        clock.advance(Duration.ofNanos(1));
        a.turn();
        assertThat(a.sent()).isEqualTo(40);
        assertThat(b.device.counters().get(Counter.RX_NO_BUFFER)).isEqualTo(40);
    }

    @Test
    void buffersThatAreTooSmallInTheMiddle() {
        TestGuest a = onBridge("a");
        TestGuest mergeable = onBridge("b", Feature.MRG_RXBUF);
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            sent.add(frame(1, 2, i, 300));
            a.offer(DriverHeader.PLAIN, sent.get(i), false);
        }
        mergeable.post(5, 400);
        mergeable.post(8, 110);
        mergeable.post(30, 400);
        a.turn();
        List<TestGuest.Received> received = mergeable.received();
        assertThat(bytes(received)).containsExactlyElementsOf(sent);
        assertThat(received.get(5).header().numBuffers()).isEqualTo(3);
        assertThat(mergeable.buffersLeft()).isEqualTo(43 - 5 - 8 - (30 - 5 - 2 - 1) - 1);
    }

    @Test
    void aFrameThatFitsNoBufferIsDroppedAlone() {
        TestGuest a = onBridge("a");
        TestGuest b = onBridge("b");
        b.post(30, 400);
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            byte[] frame = frame(1, 2, i, i % 7 == 3 ? 500 : 300);
            a.offer(DriverHeader.PLAIN, frame, false);
            if (frame.length == 300) {
                sent.add(frame);
            }
        }
        a.turn();
        assertThat(bytes(b.received())).containsExactlyElementsOf(sent);
        assertThat(b.device.counters().get(Counter.RX_TOO_LONG)).isEqualTo(3);
        assertThat(b.buffersLeft()).isEqualTo(13);
        assertThat(a.sent()).isEqualTo(20);
    }

    @Test
    void receiversByTurns() {
        TestGuest a = onBridge("a");
        TestGuest b = onBridge("b");
        TestGuest c = onBridge("c");
        b.post(100, 400);
        c.post(100, 400);
        a.post(10, 400);
        b.offer(DriverHeader.PLAIN, frame(2, 1, 0, 64), false);
        b.turn();
        c.offer(DriverHeader.PLAIN, frame(3, 1, 0, 64), false);
        c.turn();
        assertThat(c.received()).hasSize(1);
        assertThat(a.received()).hasSize(2);
        // Station 1 was not known yet.
        assertThat(b.received()).hasSize(1);
        List<byte[]> toB = new ArrayList<>();
        List<byte[]> toC = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            int station = new int[] {2, 2, 3, 0xff, 3, 1}[i % 6];
            byte[] frame = frame(1, station, i, 80);
            a.offer(DriverHeader.PLAIN, frame, false);
            if (station == 2 || station == 0xff) {
                toB.add(frame);
            }
            if (station == 3 || station == 0xff) {
                toC.add(frame);
            }
        }
        a.turn();
        assertThat(bytes(b.received())).containsExactlyElementsOf(toB);
        assertThat(bytes(c.received())).containsExactlyElementsOf(toC);
        // A frame from a guest to itself is not forwarded.
        assertThat(a.received()).isEmpty();
        assertThat(a.sent()).isEqualTo(60);
    }

    @Test
    void aFaultLosesWhatWasOnItsWayAndNothingElse() {
        List<Integer> came = new ArrayList<>();
        FrameSink faulty = new FrameSink() {
            private boolean failed;

            @Override
            public int forward(FramePort from, Frame frame) {
                if (came.size() == 20 && !failed) {
                    failed = true;
                    throw new InternalError("a fault of memory");
                }
                came.add(frame.bytes);
                return FramePort.DELIVERED;
            }

            @Override
            public void flush() {}
        };
        TestGuest a = guest("a", faulty);
        for (int i = 0; i < 50; i++) {
            a.offer(DriverHeader.PLAIN, frame(1, 2, i, 100 + i), false);
        }
        assertThatThrownBy(a::turn).isInstanceOf(InternalError.class);
        a.turn();
        List<Integer> expected = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            if (i != 20) {
                expected.add(100 + i);
            }
        }
        assertThat(came).containsExactlyElementsOf(expected);
        assertThat(a.sent()).isEqualTo(50);
    }

    @Test
    void aFaultBehindTheLastFloodedFrameLosesNone() {
        FrameSink faulty = new FrameSink() {
            private boolean failed;

            @Override
            public int forward(FramePort from, Frame frame) {
                return bridge.forward(from, frame);
            }

            @Override
            public int forward(FramePort from, FrameBurst frames) {
                int done = bridge.forward(from, frames);
                if (!failed) {
                    failed = true;
                    throw new InternalError("a fault of memory that comes late");
                }
                return done;
            }

            @Override
            public void flush() {
                bridge.flush();
            }
        };
        TestGuest a = guest("a", faulty);
        bridge.add(a.device);
        TestGuest b = onBridge("b");
        TestGuest c = onBridge("c");
        b.post(100, 400);
        c.post(100, 400);
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            sent.add(frame(1, 0xff, i, 64));
            a.offer(DriverHeader.PLAIN, sent.get(i), false);
        }
        assertThatThrownBy(a::turn).isInstanceOf(InternalError.class);
        a.turn();
        assertThat(bytes(b.received())).containsExactlyElementsOf(sent);
        assertThat(bytes(c.received())).containsExactlyElementsOf(sent);
        assertThat(a.sent()).isEqualTo(40);
    }

    @Test
    void aQueueThatStopsAfterAFaultHasNothingUnderWay() {
        FrameSink faulty = new FrameSink() {
            @Override
            public int forward(FramePort from, Frame frame) {
                throw new InternalError("a fault of memory");
            }

            @Override
            public void flush() {}
        };
        TestGuest a = guest("a", faulty);
        for (int i = 0; i < 10; i++) {
            a.offer(DriverHeader.PLAIN, frame(1, 2, i, 100), false);
        }
        assertThatThrownBy(a::turn).isInstanceOf(InternalError.class);
        a.device.control().stop(1);
        assertThat(a.sent()).isEqualTo(1);
    }

    @Test
    void sinksAndSourcesCountBursts() {
        NullSink sink = new NullSink();
        TestGuest a = guest("a", sink);
        CopySink copies = new CopySink();
        TestGuest b = guest("b", copies);
        long bytes = 0;
        for (int i = 0; i < 60; i++) {
            byte[] frame = frame(1, 2, i, 60 + i);
            a.offer(DriverHeader.PLAIN, frame, false);
            b.offer(DriverHeader.PLAIN, frame, false);
            bytes += frame.length;
        }
        a.turn();
        b.turn();
        assertThat(sink.frames()).isEqualTo(60);
        assertThat(sink.bytes()).isEqualTo(bytes);
        assertThat(copies.frames()).isEqualTo(60);
        assertThat(copies.bytes()).isEqualTo(bytes);
        assertThat(copies.last(119)).isEqualTo(frame(1, 2, 59, 119));

        b.post(100, 200);
        FrameSource source = new FrameSource(b.device, 90);
        assertThat(source.poll()).isEqualTo(64);
        assertThat(source.poll()).isEqualTo(36);
        assertThat(source.poll()).isZero();
        List<TestGuest.Received> received = b.received();
        assertThat(received).hasSize(100);
        assertThat(received)
                .allSatisfy(frame ->
                        assertThat(frame.bytes()).isEqualTo(received.getFirst().bytes()));
        assertThat(received.getFirst().bytes()).hasSize(90).startsWith(-1, -1, -1, -1, -1, -1, 2, 0);
    }
}
