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
 * Compares the packets for a receiver that accepts packets of any length with those from {@link ReferenceSegmenter}.
 */
class WholePacketTest {
    private static final int ROUNDS = 2000;

    private final OffloadEngine engine = new OffloadEngine();

    private static SuperFrame tcp(SplittableRandom random, int maxPayload) {
        SuperFrame superFrame = SuperFrame.random(random, maxPayload);
        while (superFrame.isUdp() || superFrame.isTunnel() || superFrame.isUfo()) {
            superFrame = SuperFrame.random(random, maxPayload);
        }
        return superFrame;
    }

    private List<byte[]> whole(SuperFrame superFrame, SplittableRandom random, int longest) {
        try (Arena arena = Arena.ofConfined()) {
            RecordingPort port = new RecordingPort(0);
            Frame frame = superFrame.frame(arena, random, 1 + random.nextInt(20));
            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            int type = frame.gsoType;
            int size = frame.gsoSize;
            assertThat(engine.deliverWhole(frame, longest, port)).isEqualTo(FramePort.DELIVERED);
            assertThat(frame.gsoType).isEqualTo(type);
            assertThat(frame.gsoSize).isEqualTo(size);
            assertThat(frame.segmentsDone).isZero();
            assertThat(Frames.bytes(frame)).as("the sender's bytes").isEqualTo(superFrame.bytes);
            assertThat(port.delivered).allSatisfy(each -> assertThat(each.needs).isZero());
            return port.bytes();
        }
    }

    @Test
    void aSuperFrameGoesInOnePacketOrInAsFewAsThereMustBe() {
        for (long seed = 0; seed < ROUNDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SuperFrame superFrame = tcp(random, random.nextInt(10) == 0 ? 9000 : 900);
            int longest = random.nextBoolean() ? 65_535 : 300 + random.nextInt(2000);
            List<byte[]> packets = whole(superFrame, random, longest);
            superFrame.gsoSize = longest - superFrame.header;
            List<byte[]> expected = ReferenceSegmenter.segments(superFrame, false);
            assertThat(packets).as("seed %d: %s", seed, superFrame).hasSameSizeAs(expected);
            for (int i = 0; i < packets.size(); i++) {
                assertThat(packets.get(i)).as("seed %d, packet %d", seed, i).isEqualTo(expected.get(i));
                assertThat(packets.get(i).length).isLessThanOrEqualTo(longest);
            }
            assertThat(packets)
                    .hasSize(Math.max(1, Math.ceilDiv(superFrame.payload.length, longest - superFrame.header)));
        }
    }

    /** IP limits a packet to 65,535 bytes without the Ethernet header: a longer super-frame becomes two packets. */
    @Test
    void theLongestPacketIsCutInTwo() {
        SplittableRandom random = new SplittableRandom(18);
        for (int bytes = 65_530; bytes < 65_550; bytes++) {
            SuperFrame superFrame = tcp(random, 100);
            while (superFrame.isIpv6() || superFrame.vlans() != 0) {
                superFrame = tcp(random, 100);
            }
            superFrame.gsoSize = 1448;
            superFrame.payload = new byte[bytes - superFrame.header];
            random.nextBytes(superFrame.payload);
            superFrame.build();
            List<byte[]> packets = whole(superFrame, random, 65_535);
            assertThat(packets).hasSize(bytes <= 65_535 ? 1 : 2);
            assertThat(packets.getFirst()).hasSize(Math.min(bytes, 65_535));
        }
    }

    @Test
    void whatIsNoTcpIsRefusedAndCounted() {
        try (Arena arena = Arena.ofConfined()) {
            RecordingPort port = new RecordingPort(0);
            Frame frame = SuperFrame.datagrams(3, 100).frame(arena, new SplittableRandom(1), 1);
            assertThat(engine.check(frame, Offloads.ALL)).isNull();
            assertThat(engine.deliverWhole(frame, 65_535, port)).isEqualTo(FramePort.REFUSED);
            assertThat(port.delivered).isEmpty();
            assertThat(engine.counters().get(BadFrame.GSO_TYPE)).isEqualTo(1);
        }
    }
}
