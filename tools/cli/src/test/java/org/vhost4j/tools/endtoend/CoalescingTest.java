// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.tools.endtoend.OffloadTest.Kind;

/**
 * Tests that plain frames of one flow are coalesced for a guest that accepts super-frames, and not for one that does
 * not.
 */
class CoalescingTest {
    private static final int SIZE = 1200;
    private static final int SEGMENTS = 6;
    private static final int TCP_ACK = 0x10;

    @AutoClose
    private final TestBackEnd backEnd = start();

    TestBackEnd start() {
        return TestBackEnd.coalescing();
    }

    private final byte[] payload = new byte[SEGMENTS * SIZE - 500];

    private static PacketBuilder builder(Kind kind) {
        PacketBuilder builder = kind.builder();
        return kind == Kind.TCPV4 || kind == Kind.TCPV6 ? builder.tcp(TCP_ACK, 12) : builder;
    }

    private List<byte[]> segments(Kind kind) {
        for (int i = 0; i < payload.length; i++) {
            payload[i] = (byte) (i * 31 + i / SIZE);
        }
        List<byte[]> segments = new ArrayList<>();
        for (int at = 0; at < payload.length; at += SIZE) {
            byte[] part = Arrays.copyOfRange(payload, at, Math.min(at + SIZE, payload.length));
            segments.add(
                    builder(kind).numbers(77 + at, 5 + at / SIZE).payload(part).complete());
        }
        return segments;
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aBurstOfOneFlowArrivesAsSuperFrames(Kind kind) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            List<byte[]> segments = segments(kind);
            a.sendBurst(0, segments, DriverHeader.PLAIN, ChainShape.pieces(segments.getFirst().length));

            // The back-end may see the burst in two parts, when it polls while the driver publishes.
            int bytes = 0;
            int frames = 0;
            boolean whole = false;
            PacketBuilder expected = builder(kind).numbers(77, 5).payload(payload);
            while (bytes < payload.length) {
                ReceivedFrame received = b.receive();
                frames++;
                bytes += received.bytes().length - expected.headerLength();
                if (frames == 1 && bytes == payload.length) {
                    whole = true;
                    assertThat(received.bytes()).isEqualTo(expected.partial());
                    assertThat(received.header().gsoType())
                            .isEqualTo(expected.superHeader(SIZE).gsoType());
                    assertThat(received.header().gsoSize()).isEqualTo(SIZE);
                }
            }
            assertThat(bytes).isEqualTo(payload.length);
            assertThat(whole || frames < SEGMENTS).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aGuestThatTakesNoneGetsTheFrames(Kind kind) {
        NetSetup plain = NetSetup.full()
                .without(
                        Feature.GUEST_TSO4,
                        Feature.GUEST_TSO6,
                        Feature.GUEST_ECN,
                        Feature.GUEST_USO4,
                        Feature.GUEST_USO6);
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, plain)) {
            List<byte[]> segments = segments(kind);
            a.sendBurst(0, segments, DriverHeader.PLAIN, ChainShape.pieces(700));

            for (byte[] segment : segments) {
                ReceivedFrame received = b.receive();
                assertThat(received.bytes()).isEqualTo(segment);
                assertThat(received.header()).isEqualTo(DriverHeader.PLAIN.withNumBuffers(1));
            }
        }
    }

    @Test
    void aSingleFrameArrivesAsItIs() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            byte[] segment = segments(Kind.TCPV4).getFirst();
            a.send(segment);

            ReceivedFrame received = b.receive();
            assertThat(received.bytes()).isEqualTo(segment);
            assertThat(received.header()).isEqualTo(DriverHeader.PLAIN.withNumBuffers(1));
        }
    }
}
