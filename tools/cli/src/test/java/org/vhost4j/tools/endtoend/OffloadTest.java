// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Packet;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;

/**
 * Tests partial checksums and super-frames: they are forwarded to receivers that accept them, and completed in software
 * for others.
 */
class OffloadTest {
    @AutoClose
    private final TestBackEnd backEnd = start();

    TestBackEnd start() {
        return TestBackEnd.bridge(2);
    }

    /** The kind of a frame. */
    enum Kind {
        TCPV4(PacketBuilder::tcp4, Feature.GUEST_TSO4),
        TCPV6(PacketBuilder::tcp6, Feature.GUEST_TSO6),
        UDPV4(PacketBuilder::udp4, Feature.GUEST_USO4),
        UDPV6(PacketBuilder::udp6, Feature.GUEST_USO6);

        @SuppressWarnings("ImmutableEnumChecker") // A constructor reference has no state.
        private final Supplier<PacketBuilder> builder;

        private final Feature taken;

        Kind(Supplier<PacketBuilder> builder, Feature taken) {
            this.builder = builder;
            this.taken = taken;
        }

        PacketBuilder builder() {
            return builder.get().macs(1, 2);
        }
    }

    /** The layout of a receiver's buffers. */
    enum Buffers {
        MERGEABLE,
        MERGEABLE_SMALL,
        BIG;

        NetSetup apply(NetSetup setup) {
            return switch (this) {
                case MERGEABLE -> setup;
                case MERGEABLE_SMALL -> setup.receive(ChainShape.pieces(700), 1400, 80);
                case BIG -> setup.without(Feature.MRG_RXBUF).bigBuffers();
            };
        }
    }

    static Stream<Arguments> kindsAndBuffers() {
        return Stream.of(Kind.values())
                .flatMap(kind -> Stream.of(Buffers.values()).map(buffers -> Arguments.of(kind, buffers)));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aPartialChecksumIsPassedOn(Kind kind) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            PacketBuilder builder = kind.builder().payload(999, 1);
            a.send(builder.partial(), builder.partialHeader());
            ReceivedFrame received = b.receive();
            assertThat(received.bytes()).isEqualTo(builder.partial());
            assertThat(received.header()).isEqualTo(builder.partialHeader().withNumBuffers(1));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aPartialChecksumIsCompletedForAReceiverWithoutGuestCsum(Kind kind) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full().withoutOffloads())) {
            for (int payload : new int[] {1, 2, 999, 1000, 1440}) {
                PacketBuilder builder = kind.builder().payload(payload, payload);
                a.send(0, builder.partial(), builder.partialHeader(), ChainShape.pieces(77));
                ReceivedFrame received = b.receive();
                assertThat(received.bytes()).isEqualTo(builder.complete());
                assertThat(received.header()).isEqualTo(DriverHeader.PLAIN.withNumBuffers(1));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kindsAndBuffers")
    void aSuperFrameIsPassedOnByteForByte(Kind kind, Buffers buffers) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, buffers.apply(NetSetup.full()))) {
            for (int payload : new int[] {1449, 10_000, largest(kind)}) {
                PacketBuilder builder = kind.builder().payload(payload, payload);
                DriverHeader header = builder.superHeader(1448);
                a.send(builder.partial(), header);
                ReceivedFrame received = b.receive();
                assertThat(received.bytes()).isEqualTo(builder.partial());
                Traffic.assertHeader(b, received, header);
            }
        }
    }

    private static int largest(Kind kind) {
        // The IP header's length field is what bounds a super-frame; UDP has at most 128 segments besides.
        return switch (kind) {
            case TCPV4 -> 65535 - 40;
            case TCPV6 -> 65535 - 20;
            case UDPV4 -> 65535 - 28;
            case UDPV6 -> 65535 - 8;
        };
    }

    @ParameterizedTest
    @MethodSource("kindsAndBuffers")
    void aSuperFrameIsSegmentedForAReceiverThatTakesNone(Kind kind, Buffers buffers) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, buffers.apply(NetSetup.full().withoutOffloads()))) {
            for (int size : new int[] {536, 1000, 1448}) {
                for (int payload : new int[] {size + 1, 3 * size, 12_345}) {
                    segmented(a, b, kind.builder().payload(payload, payload), payload, size);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void theLargestSuperFrameIsSegmentedBySmallestCommonSize(Kind kind) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full().withoutOffloads())) {
            segmented(a, b, kind.builder().payload(largest(kind), 7), largest(kind), 536);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aSuperFrameIsSegmentedForAReceiverThatTakesEveryOtherKind(Kind kind) {
        NetSetup receiver = NetSetup.full().without(kind.taken);
        if (kind == Kind.TCPV4 || kind == Kind.TCPV6) {
            receiver = receiver.without(Feature.GUEST_ECN);
        }
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, receiver)) {
            segmented(a, b, kind.builder().payload(5000, 1), 5000, 1000);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"TCPV4", "TCPV6"})
    void pushFinAndCwrGoWhereTheyBelong(Kind kind) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full().withoutOffloads())) {
            int flags = PacketBuilder.ACK | PacketBuilder.PSH | PacketBuilder.FIN | PacketBuilder.CWR;
            PacketBuilder builder = kind.builder()
                    .tcp(flags, 12)
                    .numbers(0xffff_fe00, 0xffff)
                    .vlan(5)
                    .payload(4500, 2);
            segmented(a, b, builder, 4500, 1000);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"TCPV4", "TCPV6"})
    void aSuperFrameWithCwrIsPassedOnToAReceiverWithEcn(Kind kind) {
        try (NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, NetSetup.full())) {
            PacketBuilder builder =
                    kind.builder().tcp(PacketBuilder.ACK | PacketBuilder.CWR, 0).payload(5000, 2);
            DriverHeader header = builder.superHeader(1400);
            assertThat(header.gsoType() & DriverHeader.GSO_ECN).isNotZero();
            a.send(builder.partial(), header);
            ReceivedFrame received = b.receive();
            assertThat(received.bytes()).isEqualTo(builder.partial());
            Traffic.assertHeader(b, received, header);
        }
    }

    /** Sends a super-frame and checks the segments that come, whose checksums may be partial when the receiver takes that. */
    private static void segmented(NetDriver a, NetDriver b, PacketBuilder builder, int payload, int gsoSize) {
        byte[] whole = builder.partial();
        a.send(whole, builder.superHeader(gsoSize));
        List<byte[]> segments = new ArrayList<>();
        for (int i = 0; i < Math.ceilDiv(payload, gsoSize); i++) {
            ReceivedFrame received = b.receive();
            assertThat(received.header().gsoType()).isEqualTo(DriverHeader.GSO_NONE);
            segments.add(Packet.complete(received.bytes(), received.header()));
            if (!Feature.GUEST_CSUM.in(b.features())) {
                Traffic.assertHeader(b, received, DriverHeader.PLAIN);
            }
        }
        assertThat(Packet.segmentationProblems(whole, gsoSize, segments)).isEmpty();
        assertThat(b.poll(0)).as("one more frame").isEmpty();
    }

    /** Each time that there are buffers again, the driver is to see at once what is in them. */
    @Test
    void aSuperFrameIsCutForAReceiverWithTwoBuffers() {
        NetSetup two = NetSetup.full().withoutOffloads().receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 2);
        try (TestBackEnd patient = TestBackEnd.patientBridge(2);
                NetDriver a = patient.attach(0, NetSetup.full());
                NetDriver b = patient.attach(1, two)) {
            PacketBuilder packet = PacketBuilder.tcp4().macs(1, 2).payload(20_000, 1);
            a.send(packet.partial(), packet.superHeader(1000));
            for (int i = 0; i < 20; i++) {
                assertThat(b.receive().bytes()).hasSize(14 + 20 + 20 + 1000);
            }
        }
    }
}
