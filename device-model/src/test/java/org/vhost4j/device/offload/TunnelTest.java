// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;

/**
 * Compares the segments of super-frames inside a UDP tunnel from the engine with those from {@link ReferenceSegmenter}.
 */
class TunnelTest {
    private static final int ROUNDS = 2000;

    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(31);
    private final OffloadEngine engine = new OffloadEngine();

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void segmentsEqualTheReference() {
        for (int round = 0; round < ROUNDS; round++) {
            SuperFrame packet = SuperFrame.randomTunnel(random, round % 10 == 0 ? 60_000 : 2000, 3);
            boolean partial = random.nextBoolean();
            // Receivers that lack any of the offloads needed, even only the outer checksum.
            int accepts = partial ? Offloads.ALL | (packet.outerChecksum ? Offloads.UDP_TUNNEL : 0) : 0;
            RecordingPort port = new RecordingPort(accepts);
            try (Arena own = Arena.ofConfined()) {
                Frame frame = packet.frame(own, random, 1 + random.nextInt(5));
                assertThat(engine.check(frame, Offloads.ALL_WITH_TUNNELS)).isNull();

                assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);
            }
            assertSame(port.bytes(), packet, partial);
            for (RecordingPort.Delivered segment : port.delivered) {
                assertThat(segment.gsoType).isZero();
                assertThat(segment.flags).isEqualTo(partial ? Frame.NEEDS_CSUM : 0);
                assertThat(segment.checksumStart).isEqualTo(partial ? packet.transport : 0);
            }
        }
        assertThat(engine.counters().get(OffloadCounter.CUT_TUNNEL)).isEqualTo(ROUNDS);
    }

    @Test
    void aReceiverThatTakesAllOfItGetsItWhole() {
        for (int round = 0; round < 50; round++) {
            SuperFrame packet = SuperFrame.randomTunnel(random, 2000, 3);
            RecordingPort port = new RecordingPort(Offloads.ALL_WITH_TUNNELS);
            Frame frame = packet.frame(arena, random, 2);
            assertThat(engine.check(frame, Offloads.ALL_WITH_TUNNELS)).isNull();

            assertThat(engine.deliver(frame, port)).isEqualTo(FramePort.DELIVERED);

            assertThat(port.bytes()).usingElementComparator(Arrays::compare).containsExactly(packet.bytes);
            assertThat(port.delivered.getFirst().gsoType).isEqualTo(packet.gsoType());
            int flags = Frame.NEEDS_CSUM | (packet.outerChecksum ? Frame.UDP_TUNNEL_CSUM : 0);
            assertThat(port.delivered.getFirst().flags).isEqualTo(flags);
            assertThat(frame.needs & Offloads.UDP_TUNNEL_CSUM)
                    .isEqualTo(packet.outerChecksum ? Offloads.UDP_TUNNEL_CSUM : 0);
        }
        assertThat(engine.counters().get(OffloadCounter.PASSED_TUNNEL)).isEqualTo(50);
    }

    @Test
    void oneSegmentIsFinishedHereWhateverTheReceiverTakes() {
        for (int payload : new int[] {0, 1, 700, 1000}) {
            for (int round = 0; round < 20; round++) {
                SuperFrame packet = SuperFrame.randomTunnel(random, 2000, 3);
                packet.payload = new byte[payload];
                packet.gsoSize = 1000;
                packet.build();
                RecordingPort port = new RecordingPort(Offloads.ALL_WITH_TUNNELS);

                assertThat(engine.deliver(packet.frame(arena, random, 2), port)).isEqualTo(FramePort.DELIVERED);

                if (payload == 0) {
                    assertThat(port.delivered).hasSize(1);
                    assertThat(port.bytes().getFirst()).hasSameSizeAs(packet.bytes);
                } else {
                    assertSame(port.bytes(), packet, true);
                }
            }
        }
    }

    @Test
    void theOuterChecksumIsCompleteOverAnOddNumberOfTunnelBytes() {
        for (int round = 0; round < 200; round++) {
            SuperFrame packet = SuperFrame.randomTunnel(random, 2000, 3);
            packet.tunnelHeader = new byte[15 + 2 * random.nextInt(8)];
            packet.outerChecksum = true;
            packet.build();
            RecordingPort port = new RecordingPort(0);

            assertThat(engine.deliver(packet.frame(arena, random, 3), port)).isEqualTo(FramePort.DELIVERED);

            assertSame(port.bytes(), packet, false);
        }
    }

    @Test
    void hostileHeadersAreRefusedOrCutWithoutLeavingTheFrame() {
        for (int round = 0; round < 20_000; round++) {
            SuperFrame packet = SuperFrame.randomTunnel(random, 300, 3);
            for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                packet.bytes[random.nextInt(Math.min(packet.bytes.length, packet.header))] = (byte) random.nextInt(256);
            }
            try (Arena own = Arena.ofConfined()) {
                Frame frame = packet.frame(own, random, 1 + random.nextInt(3));
                switch (random.nextInt(6)) {
                    case 0 -> frame.outerTransportOffset = random.nextInt(0x10000);
                    case 1 -> frame.innerNetworkOffset = random.nextInt(frame.bytes + 100);
                    case 2 -> frame.checksumStart = random.nextInt(frame.bytes + 100);
                    case 3 -> frame.gsoType = random.nextInt(256);
                    default -> {}
                }
                RecordingPort port = new RecordingPort(0);
                int result = engine.deliver(frame, port);
                assertThat(result).isIn(FramePort.DELIVERED, FramePort.REFUSED);
                for (byte[] segment : port.bytes()) {
                    assertThat(segment.length).isBetween(1, frame.bytes + 8);
                }
            }
        }
    }

    @Test
    void theHeaderOf24BytesIsReadAsItWasWritten() {
        Frame frame = new Frame();
        frame.outerTransportOffset = 0x1234;
        frame.innerNetworkOffset = 0xfedc;
        long at = arena.allocate(NetHeader.TUNNEL_BYTES).fill((byte) 0xff).address();

        NetHeader.writeTunnel(at, frame);
        Frame read = new Frame();
        NetHeader.readTunnel(at, read);

        assertThat(read.outerTransportOffset).isEqualTo(0x1234);
        assertThat(read.innerNetworkOffset).isEqualTo(0xfedc);
        assertThat(HostMemory.getLongLE(at + 12)).as("no hash, no hash type").isZero();
        assertThat(HostMemory.getIntLE(at + 20)).isEqualTo(0xfedc1234);
    }

    private static void assertSame(List<byte[]> ours, SuperFrame packet, boolean partial) {
        assertThat(ours)
                .as(packet.toString())
                .usingElementComparator(Arrays::compare)
                .isEqualTo(ReferenceSegmenter.segments(packet, partial));
    }
}
