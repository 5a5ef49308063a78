// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.NotApplicable;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Cases about queue pairs, the MTU, and the config space and control queue of a back-end that implements them itself. */
public final class DeviceCases implements CaseGroup {
    private static final String CONFIG = "virtio 1.4, 5.1.4";
    private static final String CONTROL = "virtio 1.4, 5.1.6.5";
    private static final int MAC_BYTES = 6;
    private static final int STATUS_OFFSET = 6;
    private static final int PAIRS_OFFSET = 8;
    private static final int MTU_OFFSET = 10;
    private static final int CONFIG_BYTES = 12;
    private static final byte ON = 1;
    private static final byte OFF = 0;

    @Override
    public String title() {
        return "The device: queue pairs, MTU, config space, control queue";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>(List.of(
                Case.of(
                                "device.queue-num",
                                "vhost-user, VHOST_USER_GET_QUEUE_NUM",
                                "GET_QUEUE_NUM returns the same nonzero number of queues each time",
                                DeviceCases::queueNum)
                        .needs(ProtocolFeature.MQ),
                Case.of(
                                "device.mtu",
                                "vhost-user, VHOST_USER_NET_SET_MTU",
                                "an MTU of 1500 is accepted, and frames of that size are carried",
                                DeviceCases::mtu)
                        .needs(ProtocolFeature.MTU, ProtocolFeature.REPLY_ACK),
                Case.of(
                                "device.config-in-parts",
                                "vhost-user, VHOST_USER_GET_CONFIG",
                                "GET_CONFIG of a part of the config space returns the same bytes as GET_CONFIG of all of it",
                                DeviceCases::configInParts)
                        .needs(ProtocolFeature.CONFIG),
                Case.of(
                                "device.config-mac",
                                CONFIG,
                                "the MAC address is a nonzero unicast address",
                                DeviceCases::configMac)
                        .needs(Feature.MAC)
                        .needs(ProtocolFeature.CONFIG),
                Case.of(
                                "device.config-link",
                                CONFIG,
                                "the status field has no bits other than LINK_UP and ANNOUNCE",
                                DeviceCases::configStatus)
                        .needs(Feature.STATUS)
                        .needs(ProtocolFeature.CONFIG),
                Case.of("device.config-mtu", CONFIG, "the MTU is 68 to 65535", DeviceCases::configMtu)
                        .needs(Feature.MTU)
                        .needs(ProtocolFeature.CONFIG),
                Case.of("device.config-pairs", CONFIG, "max_virtqueue_pairs is 1 to 0x8000", DeviceCases::configPairs)
                        .needs(Feature.MQ)
                        .needs(ProtocolFeature.CONFIG)));
        all.addAll(Case.onBoth(
                Case.of(
                                "device.pairs",
                                "virtio 1.4, 5.1.2",
                                "frames that are sent on any queue pair are returned",
                                DeviceCases::pairs)
                        .needs(ProtocolFeature.MQ)
                        .loops(),
                Case.of(
                                "device.control-unknown",
                                CONTROL,
                                "an unknown command is answered with VIRTIO_NET_ERR, and the next command is answered",
                                DeviceCases::controlUnknown)
                        .needs(Feature.CTRL_VQ)
                        .needs(ProtocolFeature.CONFIG),
                Case.of(
                                "device.control-promisc",
                                "virtio 1.4, 5.1.6.5.1",
                                "the receive modes can be enabled and disabled",
                                DeviceCases::promisc)
                        .needs(Feature.CTRL_VQ, Feature.CTRL_RX)
                        .needs(ProtocolFeature.CONFIG),
                Case.of(
                                "device.control-filter",
                                "virtio 1.4, 5.1.6.5.2",
                                "without promiscuous mode a frame to another address is not received, and a frame to the driver's own is",
                                DeviceCases::filter)
                        .needs(Feature.CTRL_VQ, Feature.CTRL_RX, Feature.CTRL_MAC_ADDR)
                        .needs(ProtocolFeature.CONFIG)
                        .loops(),
                Case.of(
                                "device.control-offloads",
                                "virtio 1.4, 5.1.6.5.6",
                                "a disabled receive offload is not used, and enabling an offload that was not negotiated is refused",
                                DeviceCases::offloads)
                        .needs(
                                Feature.CTRL_VQ,
                                Feature.CTRL_GUEST_OFFLOADS,
                                Feature.CSUM,
                                Feature.GUEST_CSUM,
                                Feature.HOST_TSO4,
                                Feature.GUEST_TSO4)
                        .needs(ProtocolFeature.CONFIG)
                        .loops()));
        return all;
    }

    private static FrontEnd acknowledged(CaseContext context, ProtocolFeature... wanted) {
        FrontEnd frontEnd = context.connect();
        frontEnd.getFeatures();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & ProtocolFeature.word(List.of(wanted)));
        return frontEnd;
    }

    private static void queueNum(CaseContext context) {
        FrontEnd frontEnd = acknowledged(context, ProtocolFeature.MQ);
        context.note("GET_QUEUE_NUM twice");
        long one = frontEnd.getQueueNum();
        long two = frontEnd.getQueueNum();
        context.require(one >= 1 && one <= 0x8000 && one == two, "%d and %d", one, two);
    }

    private static void mtu(CaseContext context) {
        NetDriver driver = context.attach(context.setup().withProtocol(ProtocolFeature.MTU, ProtocolFeature.REPLY_ACK));
        context.note("NET_SET_MTU 1500 with need_reply");
        driver.frontEnd().netSetMtu(1500);
        TransmitBuffer.of(context, driver).send(1);
    }

    private static void pairs(CaseContext context) {
        FrontEnd asked = acknowledged(context, ProtocolFeature.MQ);
        long told = asked.getQueueNum();
        asked.close();
        context.note("GET_QUEUE_NUM, which returned %d", told);
        // Some back-ends count pairs, as QEMU does, and some count virtqueues; two pairs are enough to distinguish
        // them.
        int pairs = (int) Math.min(2, told);
        if (pairs < 2) {
            throw new NotApplicable("the back-end has one queue pair");
        }
        NetDriver driver = context.attach(context.setup().with(Feature.MQ).queues(pairs, 128));
        for (int round = 0; round < 4; round++) {
            for (int pair = 0; pair < pairs; pair++) {
                byte[] frame = context.datagram(200 + pair).complete();
                context.note("a frame on queue pair %d of %d", pair, pairs);
                driver.send(pair, frame, DriverHeader.PLAIN, ChainShape.TOGETHER);
                context.expect(frame, context.receive(driver));
            }
        }
    }

    private static byte[] config(CaseContext context, int offset, int bytes) {
        FrontEnd frontEnd = acknowledged(context, ProtocolFeature.CONFIG);
        context.note("GET_CONFIG of %d bytes at %d", bytes, offset);
        byte[] config = frontEnd.getConfig(offset, bytes);
        frontEnd.close();
        context.require(config.length == bytes, "GET_CONFIG was answered without the requested bytes");
        return config;
    }

    private static int config16(CaseContext context, int offset) {
        return ByteBuffer.wrap(config(context, offset, 2))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getShort()
                & 0xffff;
    }

    private static void configInParts(CaseContext context) {
        byte[] whole = config(context, 0, CONFIG_BYTES);
        for (int offset = 0; offset < CONFIG_BYTES; offset += 2) {
            byte[] part = config(context, offset, 2);
            context.require(
                    part[0] == whole[offset] && part[1] == whole[offset + 1],
                    "%s, which differs from the bytes at offset %d of %s",
                    Arrays.toString(part),
                    offset,
                    Arrays.toString(whole));
        }
    }

    private static void configMac(CaseContext context) {
        byte[] mac = config(context, 0, MAC_BYTES);
        context.require(
                (mac[0] & 1) == 0 && !Arrays.equals(mac, new byte[MAC_BYTES]),
                "the address %s",
                CaseContext.beginning(mac));
    }

    private static void configStatus(CaseContext context) {
        int status = config16(context, STATUS_OFFSET);
        context.require((status & ~3) == 0, "status 0x%x", status);
    }

    private static void configMtu(CaseContext context) {
        int mtu = config16(context, MTU_OFFSET);
        context.require(mtu >= 68, "an MTU of %d", mtu);
    }

    private static void configPairs(CaseContext context) {
        int pairs = config16(context, PAIRS_OFFSET);
        context.require(pairs >= 1 && pairs <= 0x8000, "%d pairs", pairs);
    }

    private static NetSetup controlled(CaseContext context, Feature... more) {
        return context.setup().with(Feature.CTRL_VQ).with(more).withProtocol(ProtocolFeature.CONFIG);
    }

    private static void answers(
            CaseContext context, NetDriver driver, int wanted, int commandClass, int command, byte... data) {
        context.note("control command %d/%d with %d bytes", commandClass, command, data.length);
        int answer = driver.control(commandClass, command, data);
        context.require(answer == wanted, "answer %d instead of %d", answer, wanted);
    }

    private static void controlUnknown(CaseContext context) {
        NetDriver driver = context.attach(controlled(context));
        for (int i = 0; i < 3; i++) {
            answers(context, driver, Control.ERR, 99, i);
        }
    }

    private static void promisc(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX));
        for (byte value : new byte[] {ON, OFF, ON}) {
            answers(context, driver, Control.OK, Control.RX, Control.RX_PROMISC, value);
            answers(context, driver, Control.OK, Control.RX, Control.RX_ALLMULTI, value);
        }
        answers(context, driver, Control.ERR, Control.RX, Control.RX_PROMISC);
    }

    /** Checks a filter, which applies to the destination of the returned frame. */
    private static void filter(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX, Feature.CTRL_MAC_ADDR));
        answers(context, driver, Control.OK, Control.RX, Control.RX_PROMISC, OFF);
        byte[] frame = context.datagram(100).complete();
        byte[] returned = context.loop().returned(frame);
        byte[] destination = Arrays.copyOf(returned, MAC_BYTES);
        answers(context, driver, Control.OK, Control.MAC, Control.MAC_ADDR_SET, PacketBuilder.mac(77));
        context.note("a frame that is returned to another address");
        driver.send(frame);
        context.require(context.receive(driver, context.quiet()).isEmpty(), "a frame to another address");
        answers(context, driver, Control.OK, Control.MAC, Control.MAC_ADDR_SET, destination);
        context.note("a frame that is returned to the driver's address");
        driver.send(frame);
        context.expect(frame, context.receive(driver));
    }

    private static void offloads(CaseContext context) {
        NetDriver driver = context.attach(controlled(
                context,
                Feature.CTRL_GUEST_OFFLOADS,
                Feature.CSUM,
                Feature.GUEST_CSUM,
                Feature.HOST_TSO4,
                Feature.GUEST_TSO4));
        answers(
                context,
                driver,
                Control.ERR,
                Control.GUEST_OFFLOADS,
                Control.GUEST_OFFLOADS_SET,
                le64(Feature.GUEST_UFO.mask()));
        answers(
                context,
                driver,
                Control.OK,
                Control.GUEST_OFFLOADS,
                Control.GUEST_OFFLOADS_SET,
                le64(Feature.GUEST_CSUM.mask()));
        PacketBuilder builder = Kind.TCP4.builder().payload(3000, 1);
        context.note("a TCP super-frame of 3000 bytes in segments of 1000");
        driver.send(builder.partial(), builder.superHeader(1000));
        for (int i = 0; i < 3; i++) {
            DriverHeader header = context.receive(driver).header();
            context.require(
                    header.gsoType() == DriverHeader.GSO_NONE,
                    "a super-frame though GUEST_TSO4 is off: %s",
                    CaseContext.describe(header));
        }
    }

    private static byte[] le64(long value) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }
}
