// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;

/** Cases about UDP fragmentation offload: one datagram becomes IP fragments, whose combined payload is the datagram. */
public final class FragmentCases implements CaseGroup {
    private static final int IP = 14;
    private static final int IP_BYTES = 20;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int OFFSET = 0x1fff;
    private static final int CHECKSUM_OFFSET = 6;
    private static final int SIZE = 1480;

    @Override
    public String title() {
        return "Offloads: UDP fragmentation (UFO)";
    }

    @Override
    public List<Case> cases() {
        return Case.onBoth(
                Case.of(
                                "tx.ufo",
                                "virtio 1.4, 5.1.6.2.2",
                                "a datagram is sent as IP fragments of at most gso_size, with a complete UDP checksum",
                                FragmentCases::fragmented)
                        .needs(Feature.CSUM, Feature.HOST_UFO)
                        .loops(),
                Case.of(
                                "rx.ufo",
                                "virtio 1.4, 5.1.6.4.1",
                                "a datagram to be fragmented is received whole with GSO_UDP, or as valid fragments",
                                FragmentCases::taken)
                        .needs(Feature.CSUM, Feature.GUEST_CSUM, Feature.HOST_UFO, Feature.GUEST_UFO)
                        .loops());
    }

    private static void send(CaseContext context, NetDriver driver, PacketBuilder builder) {
        DriverHeader header = DriverHeader.superFrame(
                DriverHeader.GSO_UDP, builder.headerLength(), SIZE, builder.transportOffset(), CHECKSUM_OFFSET);
        context.note("a datagram of %d bytes with %s", builder.partial().length, CaseContext.describe(header));
        driver.send(builder.partial(), header);
    }

    private static void fragmented(CaseContext context) {
        NetDriver driver = context.attach(context.setup().with(Feature.CSUM, Feature.HOST_UFO));
        for (int payload : new int[] {SIZE + 1, 5000, Kind.UDP4.largestPayload()}) {
            PacketBuilder builder = Kind.UDP4.builder().payload(payload, payload);
            send(context, driver, builder);
            reassembled(context, driver, builder, context.receive(driver));
        }
    }

    private static void taken(CaseContext context) {
        NetDriver driver = context.attach(
                context.setup().with(Feature.CSUM, Feature.GUEST_CSUM, Feature.HOST_UFO, Feature.GUEST_UFO));
        PacketBuilder builder = Kind.UDP4.builder().payload(5000, 1);
        send(context, driver, builder);
        ReceivedFrame came = context.receive(driver);
        DriverHeader header = came.header();
        if (came.bytes().length != builder.partial().length) {
            reassembled(context, driver, builder, came);
            return;
        }
        context.require(
                header.gsoType() == DriverHeader.GSO_UDP
                        && header.gsoSize() == SIZE
                        && (header.flags() & DriverHeader.NEEDS_CSUM) != 0,
                "the datagram whole, with %s",
                CaseContext.describe(header));
        context.expect(builder.partial(), came);
    }

    private static void reassembled(CaseContext context, NetDriver driver, PacketBuilder builder, ReceivedFrame first) {
        byte[] whole = context.loop().returned(builder.complete());
        int expected = Math.ceilDiv(whole.length - IP - IP_BYTES, SIZE);
        ByteArrayOutputStream datagram = new ByteArrayOutputStream();
        byte[] fragment = first.bytes();
        for (int i = 0; ; i++) {
            fragment(context, whole, fragment, i, datagram.size());
            datagram.write(fragment, IP + IP_BYTES, fragment.length - IP - IP_BYTES);
            if ((get16(fragment, IP + 6) & MORE_FRAGMENTS) == 0) {
                context.require(i == expected - 1, "%d fragments instead of %d", i + 1, expected);
                break;
            }
            context.require(i < expected, "more than %d fragments", expected);
            fragment = context.receive(driver).bytes();
        }
        byte[] wanted = Arrays.copyOfRange(whole, IP + IP_BYTES, whole.length);
        int differs = Arrays.mismatch(wanted, datagram.toByteArray());
        context.require(differs < 0, "fragments whose combined payload differs from the datagram at byte %d", differs);
    }

    private static void fragment(CaseContext context, byte[] whole, byte[] fragment, int index, int before) {
        int bytes = fragment.length - IP - IP_BYTES;
        int place = get16(fragment, IP + 6);
        context.require(
                bytes > 0 && bytes <= SIZE && get16(fragment, IP + 2) == fragment.length - IP,
                "fragment %d has %d bytes, and its IP header says %d",
                index,
                fragment.length - IP,
                get16(fragment, IP + 2));
        context.require(
                (place & OFFSET) * 8 == before,
                "fragment %d has fragment offset %d instead of %d",
                index,
                (place & OFFSET) * 8,
                before);
        context.require(
                get16(fragment, IP + 4) == get16(whole, IP + 4),
                "fragment %d has identification 0x%x instead of 0x%x",
                index,
                get16(fragment, IP + 4),
                get16(whole, IP + 4));
        long sum = 0;
        for (int i = 0; i < IP_BYTES; i += 2) {
            sum += get16(fragment, IP + i);
        }
        context.require(sum % 0xffff == 0, "fragment %d has a wrong IPv4 header checksum", index);
    }

    private static int get16(byte[] bytes, int at) {
        return ByteBuffer.wrap(bytes).getShort(at) & 0xffff;
    }
}
