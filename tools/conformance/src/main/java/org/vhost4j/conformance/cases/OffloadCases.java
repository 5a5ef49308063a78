// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Packet;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;

/**
 * Cases about checksums and segmentation. In {@code tx} cases the driver accepts no receive offload, so that the device has to do all the
 * work; in {@code rx} cases it accepts the same kind of frame, whole or in segments.
 */
public final class OffloadCases implements CaseGroup {
    private static final String TRANSMIT = "virtio 1.4, 5.1.6.2.2";
    private static final String RECEIVE = "virtio 1.4, 5.1.6.4.1";
    /**
     * Smallest common segment size in bytes, with which the largest possible datagram is segmented, as in a Windows
     * certification test.
     */
    private static final int SMALLEST_MSS = 536;

    private static final int[] SIZES = {SMALLEST_MSS, 1000, 1448};

    @Override
    public String title() {
        return "Offloads: checksums and segmentation, in both directions";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            all.add(Case.of(
                            "tx.csum-" + kind.label(),
                            TRANSMIT,
                            "a partial checksum is completed for a receiver without GUEST_CSUM",
                            context -> completed(context, kind))
                    .needs(Feature.CSUM)
                    .loops());
        }
        all.add(Case.of(
                        "tx.csum-udp-zero",
                        "virtio 1.4, 5.1.6.2.1",
                        "a UDP checksum of 0 is sent as 0xffff, because 0 means that there is no checksum",
                        OffloadCases::udpZero)
                .needs(Feature.CSUM)
                .loops());
        all.add(Case.of(
                        "tx.csum-vlan",
                        TRANSMIT,
                        "a partial checksum behind a VLAN tag is completed at the position of csum_start",
                        OffloadCases::behindVlan)
                .needs(Feature.CSUM)
                .loops());
        for (Kind kind : Kind.values()) {
            all.add(segmentation(kind));
        }
        all.add(Case.of(
                        "tx.tso-ecn",
                        TRANSMIT,
                        "only the first segment of a super-frame with ECN has CWR",
                        context -> segmented(
                                context,
                                setup(context).with(Feature.HOST_TSO4, Feature.HOST_ECN),
                                Kind.TCP4
                                        .builder()
                                        .tcp(PacketBuilder.ACK | PacketBuilder.CWR, 0)
                                        .payload(5000, 1),
                                1000))
                .needs(Feature.CSUM, Feature.HOST_TSO4, Feature.HOST_ECN)
                .loops());
        all.add(Case.of(
                        "tx.tso-flags",
                        TRANSMIT,
                        "only the last segment has PSH and FIN; options are kept, and sequence numbers may wrap around",
                        context -> segmented(
                                context,
                                setup(context).with(Feature.HOST_TSO4),
                                Kind.TCP4
                                        .builder()
                                        .tcp(PacketBuilder.ACK | PacketBuilder.PSH | PacketBuilder.FIN, 12)
                                        .numbers(0xffff_fe00, 0xffff)
                                        .payload(4500, 1),
                                1000))
                .needs(Feature.CSUM, Feature.HOST_TSO4)
                .loops());
        all.add(Case.of(
                        "tx.uso-certification",
                        TRANSMIT,
                        "a datagram of 64 KiB is sent in segments of 536 bytes, as a Windows certification test requires",
                        context -> {
                            segmented(context, setup(context).with(Feature.HOST_USO), largest(Kind.UDP4), SMALLEST_MSS);
                            segmented(context, setup(context).with(Feature.HOST_USO), largest(Kind.UDP6), SMALLEST_MSS);
                        })
                .needs(Feature.CSUM, Feature.HOST_USO)
                .loops());
        for (Kind kind : Kind.values()) {
            all.add(Case.of(
                            "rx.csum-" + kind.label(),
                            RECEIVE,
                            "a frame is received with a complete checksum, or with a partial one and the fields to complete it",
                            context -> received(context, kind))
                    .needs(Feature.CSUM, Feature.GUEST_CSUM)
                    .loops());
        }
        for (Kind kind : Kind.values()) {
            all.add(Case.of(
                            "rx." + kind.offload(),
                            RECEIVE,
                            "a super-frame is received whole, with gso_type, gso_size and a partial checksum, or as valid segments",
                            context -> taken(context, kind))
                    .needs(Feature.CSUM, Feature.GUEST_CSUM, kind.host(), kind.guest())
                    .loops());
        }
        all.add(Case.of(
                        "rx.tso-ecn",
                        RECEIVE,
                        "a super-frame with ECN is received whole with GSO_ECN, or as valid segments",
                        OffloadCases::takenEcn)
                .needs(
                        Feature.CSUM,
                        Feature.GUEST_CSUM,
                        Feature.HOST_TSO4,
                        Feature.HOST_ECN,
                        Feature.GUEST_TSO4,
                        Feature.GUEST_ECN)
                .loops());
        all.add(Case.of(
                        "rx.uso-certification",
                        RECEIVE,
                        "a datagram of 64 KiB in segments of 536 bytes is received whole or as valid segments",
                        context -> {
                            NetDriver driver = context.attach(receiving(context, Kind.UDP4));
                            taken(context, driver, largest(Kind.UDP4), Kind.UDP4.gsoType(), SMALLEST_MSS);
                        })
                .needs(Feature.CSUM, Feature.GUEST_CSUM, Feature.HOST_USO, Feature.GUEST_USO4)
                .loops());
        all.add(Case.of(
                        "rx.plain-header",
                        RECEIVE,
                        "without GUEST_CSUM flags are 0, and gso_type is GSO_NONE",
                        OffloadCases::plainHeader)
                .loops());
        return Case.onBoth(all.toArray(Case[]::new));
    }

    private static Case segmentation(Kind kind) {
        return Case.of(
                        "tx." + kind.offload(),
                        TRANSMIT,
                        "a super-frame is split into segments of gso_size, each with correct headers and checksums",
                        context -> segmented(context, kind))
                .needs(Feature.CSUM, kind.host())
                .loops();
    }

    /** Returns the setup of a driver that accepts no receive offload. */
    private static NetSetup setup(CaseContext context) {
        return context.setup().with(Feature.CSUM);
    }

    /** Returns the setup of a driver that accepts frames of the kind that it sends. */
    private static NetSetup receiving(CaseContext context, Kind kind) {
        return setup(context).with(Feature.GUEST_CSUM, kind.host(), kind.guest());
    }

    private static PacketBuilder largest(Kind kind) {
        return kind.builder().payload(kind.largestPayload(), 1);
    }

    private static void completed(CaseContext context, Kind kind) {
        NetDriver driver = context.attach(setup(context));
        for (int payload : new int[] {1, 2, 63, 999, 1000, 1400}) {
            completed(context, driver, kind.builder().payload(payload, payload));
        }
    }

    private static void completed(CaseContext context, NetDriver driver, PacketBuilder builder) {
        send(context, driver, builder.partial(), builder.partialHeader());
        ReceivedFrame came = context.receive(driver);
        context.expect(builder.complete(), came);
        requirePlain(context, came);
    }

    private static void send(CaseContext context, NetDriver driver, byte[] frame, DriverHeader header) {
        context.note("a frame of %d bytes with %s", frame.length, CaseContext.describe(header));
        driver.send(frame, header);
    }

    private static void requirePlain(CaseContext context, ReceivedFrame came) {
        context.require(
                came.header().flags() == 0 && came.header().gsoType() == DriverHeader.GSO_NONE,
                "a header with %s",
                CaseContext.describe(came.header()));
    }

    private static void udpZero(CaseContext context) {
        byte[] payload = new byte[100];
        byte[] first = Kind.UDP4.builder().payload(payload).complete();
        int checksumAt = Kind.UDP4.builder().transportOffset() + 6;
        // Adding the checksum to the sum makes it 0xffff, whose complement is 0.
        payload[0] = first[checksumAt];
        payload[1] = first[checksumAt + 1];
        NetDriver driver = context.attach(setup(context));
        completed(context, driver, Kind.UDP4.builder().payload(payload));
    }

    private static void behindVlan(CaseContext context) {
        NetDriver driver = context.attach(setup(context));
        completed(context, driver, Kind.TCP4.builder().vlan(7).payload(500, 1));
        completed(context, driver, Kind.UDP6.builder().vlan(7).payload(501, 2));
    }

    private static void segmented(CaseContext context, Kind kind) {
        NetDriver driver = context.attach(setup(context).with(kind.host()));
        for (int size : SIZES) {
            for (int payload : new int[] {size + 1, 3 * size, 12_345}) {
                segmented(context, driver, kind.builder().payload(payload, payload), size);
            }
        }
        segmented(context, driver, largest(kind), 1448);
    }

    private static void segmented(CaseContext context, NetSetup setup, PacketBuilder builder, int size) {
        try (NetDriver driver = context.attach(setup)) {
            segmented(context, driver, builder, size);
        }
    }

    private static void segmented(CaseContext context, NetDriver driver, PacketBuilder builder, int size) {
        byte[] whole = builder.partial();
        send(context, driver, whole, builder.superHeader(size));
        requireSegments(context, driver, whole, builder.headerLength(), size, context.receive(driver));
    }

    /** Collects segments until their payload is complete, and checks them against the super-frame. */
    private static void requireSegments(
            CaseContext context, NetDriver driver, byte[] whole, int headers, int size, ReceivedFrame first) {
        List<byte[]> segments = new ArrayList<>();
        int payload = whole.length - headers;
        int got = 0;
        Optional<ReceivedFrame> next = Optional.of(first);
        while (next.isPresent()) {
            ReceivedFrame came = next.get();
            if (CaseContext.has(driver, Feature.GUEST_CSUM)) {
                context.require(
                        came.header().gsoType() == DriverHeader.GSO_NONE,
                        "a frame of %d bytes with %s",
                        came.bytes().length,
                        CaseContext.describe(came.header()));
            } else {
                requirePlain(context, came);
            }
            segments.add(Packet.complete(came.bytes(), came.header()));
            got += came.bytes().length - headers;
            next = got < payload ? context.receive(driver, context.patience()) : Optional.empty();
        }
        List<String> problems = problems(context.loop().returned(whole), size, segments);
        context.require(
                problems.isEmpty(),
                "%d frames, the first of %d bytes; %d problems:%n%s",
                segments.size(),
                segments.getFirst().length,
                problems.size(),
                String.join("\n", problems.subList(0, Math.min(4, problems.size()))));
    }

    private static List<String> problems(byte[] whole, int size, List<byte[]> segments) {
        try {
            return Packet.segmentationProblems(whole, size, segments);
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return List.of("a frame that is not a segment of the super-frame: " + e.getMessage());
        }
    }

    private static void received(CaseContext context, Kind kind) {
        NetDriver driver = context.attach(setup(context).with(Feature.GUEST_CSUM));
        for (int payload : new int[] {1, 999, 1400}) {
            PacketBuilder builder = kind.builder().payload(payload, payload);
            send(context, driver, builder.partial(), builder.partialHeader());
            ReceivedFrame came = context.receive(driver);
            DriverHeader header = came.header();
            context.require(
                    header.gsoType() == DriverHeader.GSO_NONE,
                    "a frame with a complete checksum and %s",
                    CaseContext.describe(header));
            if ((header.flags() & DriverHeader.NEEDS_CSUM) != 0) {
                requireChecksumFields(context, builder.partialHeader(), header);
            }
            context.expect(builder.complete(), Packet.complete(came.bytes(), header));
        }
    }

    private static void requireChecksumFields(CaseContext context, DriverHeader sent, DriverHeader came) {
        context.require(
                came.csumStart() == sent.csumStart() && came.csumOffset() == sent.csumOffset(),
                "csum_start=%d csum_offset=%d instead of %d and %d",
                came.csumStart(),
                came.csumOffset(),
                sent.csumStart(),
                sent.csumOffset());
    }

    private static void taken(CaseContext context, Kind kind) {
        NetDriver driver = context.attach(receiving(context, kind));
        for (int payload : new int[] {1449, 10_000, kind.largestPayload()}) {
            taken(context, driver, kind.builder().payload(payload, payload), kind.gsoType(), 1448);
        }
    }

    private static void takenEcn(CaseContext context) {
        NetDriver driver = context.attach(receiving(context, Kind.TCP4).with(Feature.HOST_ECN, Feature.GUEST_ECN));
        PacketBuilder builder = Kind.TCP4
                .builder()
                .tcp(PacketBuilder.ACK | PacketBuilder.CWR, 0)
                .payload(5000, 1);
        taken(context, driver, builder, DriverHeader.GSO_TCPV4 | DriverHeader.GSO_ECN, 1400);
    }

    private static void taken(CaseContext context, NetDriver driver, PacketBuilder builder, int gsoType, int size) {
        byte[] whole = builder.partial();
        DriverHeader sent = builder.superHeader(size);
        send(context, driver, whole, sent);
        ReceivedFrame came = context.receive(driver);
        DriverHeader header = came.header();
        if (came.bytes().length != whole.length) {
            requireSegments(context, driver, whole, builder.headerLength(), size, came);
            return;
        }
        context.require(
                header.gsoType() == gsoType && header.gsoSize() == size,
                "the whole frame of %d bytes, with %s",
                whole.length,
                CaseContext.describe(header));
        context.require(
                (header.flags() & DriverHeader.NEEDS_CSUM) != 0,
                "the whole frame, without NEEDS_CSUM: %s",
                CaseContext.describe(header));
        requireChecksumFields(context, sent, header);
        context.require(
                Arrays.equals(came.bytes(), context.loop().returned(whole)),
                "the whole frame, but it differs from the sent frame from byte %d on",
                Arrays.mismatch(came.bytes(), context.loop().returned(whole)));
    }

    private static void plainHeader(CaseContext context) {
        NetDriver driver = context.attach(context.setup());
        for (int i = 0; i < 3; i++) {
            byte[] frame = context.datagram(200 + 400 * i).complete();
            send(context, driver, frame, DriverHeader.PLAIN);
            ReceivedFrame came = context.receive(driver);
            requirePlain(context, came);
            context.expect(frame, came);
        }
    }
}
