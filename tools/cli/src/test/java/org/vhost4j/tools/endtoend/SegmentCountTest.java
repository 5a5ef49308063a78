// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.tools.endtoend.OffloadTest.Buffers;
import org.vhost4j.tools.endtoend.OffloadTest.Kind;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests the counts that a driver with RSC_EXT receives with super-frames (virtio 1.4 section 5.1.6.4.1). */
class SegmentCountTest {
    private static final int RSC_INFO = 4;
    private static final NetSetup COUNTS = NetSetup.full().with(Feature.RSC_EXT);

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.coalescing();

    /** NEEDS_CSUM stays, and so does the sum of the pseudo-header in the packet. */
    private static void assertCounts(ReceivedFrame received, int segments, int duplicates) {
        assertThat(received.header().flags()).isEqualTo(DriverHeader.NEEDS_CSUM | RSC_INFO);
        assertThat(received.header().csumStart()).as("rsc.segments").isEqualTo(segments);
        assertThat(received.header().csumOffset()).as("rsc.dup_acks").isEqualTo(duplicates);
    }

    @ParameterizedTest
    @CsvSource({
        "TCPV4, MERGEABLE, 10000, 1448, 7",
        "TCPV6, MERGEABLE_SMALL, 10000, 1000, 10",
        "TCPV6, BIG, 10001, 1000, 11",
        "TCPV4, MERGEABLE_SMALL, 2000, 1, 2000",
        "UDPV4, MERGEABLE, 10000, 1448, 0",
        "UDPV6, BIG, 10000, 1000, 0"
    })
    void aSuperFrameThatCameAsOne(Kind kind, Buffers buffers, int payload, int size, int segments) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, buffers.apply(COUNTS))) {
            PacketBuilder builder =
                    kind.builder().vlan(5).tcp(PacketBuilder.ACK, 12).payload(payload, 3);
            a.send(0, builder.partial(), builder.superHeader(size), ChainShape.pieces(100));
            ReceivedFrame received = b.receive();
            assertThat(received.bytes()).isEqualTo(builder.partial());
            assertThat(received.header().gsoType())
                    .isEqualTo(builder.superHeader(size).gsoType());
            assertThat(received.header().gsoSize()).isEqualTo(size);
            assertCounts(received, segments, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void plainFramesHaveTheirChecksumsPlace(Kind kind) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, COUNTS)) {
            PacketBuilder builder = kind.builder().payload(999, 1);
            a.send(builder.partial(), builder.partialHeader());
            assertThat(b.receive().header()).isEqualTo(builder.partialHeader().withNumBuffers(1));
            a.send(builder.complete());
            assertThat(b.receive().header()).isEqualTo(DriverHeader.PLAIN.withNumBuffers(1));
        }
    }

    @Test
    void segmentsAndDuplicateAcknowledgementsThatTheDevicePutTogether() {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, COUNTS)) {
            PacketBuilder part = PacketBuilder.tcp4().macs(1, 2).tcp(PacketBuilder.ACK, 12);
            List<byte[]> burst = new ArrayList<>();
            int id = 10;
            for (int i = 0; i < 9; i++) {
                burst.add(part.numbers(5 + 500 * i, id++).payload(500, i).complete());
                part.payload(0, 0);
                // A single segment is no super-frame yet, and only that has room for the count.
                for (int acks = i == 0 ? 0 : 2; acks > 0; acks--) {
                    burst.add(part.numbers(505 + 500 * i, id++).complete());
                }
            }
            a.sendBurst(0, burst, DriverHeader.PLAIN, ChainShape.TOGETHER);
            int segments = 0;
            int duplicates = 0;
            int counted = 0;
            while (segments < 9 || duplicates < 16) {
                ReceivedFrame received = b.receive();
                if (received.header().gsoType() == DriverHeader.GSO_NONE) {
                    boolean bare = received.bytes().length == part.headerLength();
                    segments += bare ? 0 : 1;
                    duplicates += bare ? 1 : 0;
                } else {
                    assertThat(received.bytes())
                            .hasSize(part.headerLength()
                                    + 500 * received.header().csumStart());
                    assertCounts(
                            received,
                            received.header().csumStart(),
                            received.header().csumOffset());
                    segments += received.header().csumStart();
                    duplicates += received.header().csumOffset();
                    counted += received.header().csumOffset();
                }
            }
            assertThat(segments).isEqualTo(9);
            assertThat(duplicates).isEqualTo(16);
            // The back-end may see the burst in parts, when it polls while the driver publishes.
            assertThat(counted).isPositive();
        }
    }

    /** QEMU's own device takes RSC_EXT among the offloads, which the specification does not list; it changes nothing here. */
    @Test
    void theOffloadsMayNameIt() {
        NetSetup controls =
                COUNTS.with(Feature.CTRL_VQ, Feature.CTRL_GUEST_OFFLOADS).withProtocol(ProtocolFeature.CONFIG);
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, controls)) {
            PacketBuilder builder = PacketBuilder.tcp4().macs(1, 2).payload(10_000, 3);
            long offloads = Feature.GUEST_CSUM.mask() | Feature.GUEST_TSO4.mask();
            for (long named : new long[] {offloads, offloads | Feature.RSC_EXT.mask()}) {
                byte[] data = new byte[8];
                for (int i = 0; i < 8; i++) {
                    data[i] = (byte) (named >>> (8 * i));
                }
                assertThat(b.control(Control.GUEST_OFFLOADS, Control.GUEST_OFFLOADS_SET, data))
                        .isEqualTo(Control.OK);
                a.send(builder.partial(), builder.superHeader(1448));
                assertCounts(b.receive(), 7, 0);
            }
        }
    }
}
