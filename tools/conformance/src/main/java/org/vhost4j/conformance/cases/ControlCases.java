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
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Cases about the commands of the control queue, by class: which are executed, which are refused, and their effects.
 */
public final class ControlCases implements CaseGroup {
    private static final String RECEIVE_MODES = "virtio 1.4, 5.1.6.5.1";
    private static final String MAC_FILTER = "virtio 1.4, 5.1.6.5.2";
    private static final String VLAN_FILTER = "virtio 1.4, 5.1.6.5.3";
    private static final String ANNOUNCE = "virtio 1.4, 5.1.6.5.4";
    private static final String MULTIQUEUE = "virtio 1.4, 5.1.6.5.5";
    private static final String OFFLOADS = "virtio 1.4, 5.1.6.5.6";
    private static final String COALESCING = "virtio 1.4, 5.1.6.5.7";

    /** Class of the notification coalescing commands (section 5.1.6.5.7). */
    private static final int NOTF_COAL = 6;

    private static final int NOTF_COAL_TX_SET = 0;
    private static final int NOTF_COAL_RX_SET = 1;
    private static final int NOTF_COAL_VQ_SET = 2;
    private static final int NOTF_COAL_VQ_GET = 3;

    private static final int MAC_BYTES = 6;
    private static final int PAIRS_OFFSET = 8;
    private static final int VLAN_ID = 7;
    private static final byte ON = 1;
    private static final byte OFF = 0;
    /** Number of commands: several times the number of entries of the queue. */
    private static final int MANY = 200;

    @Override
    public String title() {
        return "The control queue: every command class";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Case each : List.of(
                command(
                                "rx-allmulti",
                                RECEIVE_MODES,
                                "all-multicast mode can be enabled and disabled",
                                ControlCases::allMulti)
                        .needs(Feature.CTRL_RX),
                command(
                                "rx-extra",
                                RECEIVE_MODES,
                                "the extra receive modes can be enabled and disabled",
                                ControlCases::extraModes)
                        .needs(Feature.CTRL_RX, Feature.CTRL_RX_EXTRA),
                command(
                                "rx-without-a-value",
                                RECEIVE_MODES,
                                "a receive mode command without its data byte is refused, and the next command is executed",
                                ControlCases::withoutValue)
                        .needs(Feature.CTRL_RX),
                command(
                                "rx-no-unicast",
                                RECEIVE_MODES,
                                "with no-unicast a frame to the driver's address is not received, and without it the frame is received",
                                ControlCases::noUnicast)
                        .needs(Feature.CTRL_RX, Feature.CTRL_RX_EXTRA, Feature.CTRL_MAC_ADDR)
                        .loops(),
                command(
                                "mac-table",
                                MAC_FILTER,
                                "tables of unicast and multicast addresses are accepted, including empty ones",
                                ControlCases::macTable)
                        .needs(Feature.CTRL_RX),
                command(
                                "mac-table-cut",
                                MAC_FILTER,
                                "a table that is shorter than its entry count requires is refused",
                                ControlCases::macTableCut)
                        .needs(Feature.CTRL_RX),
                command(
                                "mac-table-filter",
                                MAC_FILTER,
                                "a frame to an address in the table is received, and a frame to another address is not",
                                ControlCases::macTableFilter)
                        .needs(Feature.CTRL_RX, Feature.CTRL_MAC_ADDR)
                        .loops(),
                command("mac-addr-cut", MAC_FILTER, "an address of 5 bytes is refused", ControlCases::macAddressCut)
                        .needs(Feature.CTRL_MAC_ADDR),
                command("vlan", VLAN_FILTER, "VLANs can be added and removed", ControlCases::vlan)
                        .needs(Feature.CTRL_VLAN),
                command(
                                "vlan-filter",
                                VLAN_FILTER,
                                "a tagged frame is received after its VLAN was added",
                                ControlCases::vlanFilter)
                        .needs(Feature.CTRL_VLAN)
                        .loops(),
                command("announce", ANNOUNCE, "VIRTIO_NET_CTRL_ANNOUNCE_ACK is accepted", ControlCases::announce)
                        .needs(Feature.GUEST_ANNOUNCE, Feature.STATUS),
                command("pairs", MULTIQUEUE, "1 to max_virtqueue_pairs queue pairs can be enabled", ControlCases::pairs)
                        .needs(Feature.MQ)
                        .needs(ProtocolFeature.MQ),
                command(
                                "pairs-wrong",
                                MULTIQUEUE,
                                "0 queue pairs, and more than max_virtqueue_pairs, are refused",
                                ControlCases::wrongPairs)
                        .needs(Feature.MQ)
                        .needs(ProtocolFeature.MQ),
                command(
                                "offloads-wrong",
                                OFFLOADS,
                                "an offload without the offload that it requires, and a truncated command, are refused",
                                ControlCases::wrongOffloads)
                        .needs(Feature.CTRL_GUEST_OFFLOADS, Feature.GUEST_CSUM, Feature.GUEST_TSO4),
                command(
                                "coalescing",
                                COALESCING,
                                "coalescing can be set for all queues, and frames are still received",
                                ControlCases::coalescing)
                        .needs(Feature.NOTF_COAL)
                        .loops(),
                command(
                                "coalescing-of-a-queue",
                                COALESCING,
                                "the coalescing parameters that were set for a queue are returned for it, and a nonexistent "
                                        + "queue is refused",
                                ControlCases::queueCoalescing)
                        .needs(Feature.VQ_NOTF_COAL),
                command(
                        "unknown-in-class",
                        "virtio 1.4, 5.1.6.5",
                        "an unknown command of a known class is refused",
                        ControlCases::unknownInClass),
                command(
                                "indirect",
                                "virtio 1.4, 2.7.5.3",
                                "a command may be in an indirect table",
                                ControlCases::indirect)
                        .needs(Feature.INDIRECT_DESC, Feature.CTRL_RX),
                command(
                                "many",
                                "virtio 1.4, 5.1.6.5",
                                "%d commands are all answered, and wrap around the end of the ring several times"
                                        .formatted(MANY),
                                ControlCases::many)
                        .needs(Feature.CTRL_RX))) {
            all.addAll(Case.onBoth(each));
        }
        return all;
    }

    private static Case command(String name, String section, String says, Case.Body body) {
        return Case.of("control." + name, section, says, body)
                .needs(Feature.CTRL_VQ)
                .needs(ProtocolFeature.CONFIG);
    }

    /** Returns the setup of a driver with a control queue and some features. */
    static NetSetup controlled(CaseContext context, Feature... more) {
        return context.setup().with(Feature.CTRL_VQ).with(more).withProtocol(ProtocolFeature.CONFIG);
    }

    /** Sends a command and requires an answer. */
    static void answers(
            CaseContext context, NetDriver driver, int wanted, int commandClass, int command, byte... data) {
        context.note("control command %d/%d with %d bytes", commandClass, command, data.length);
        int answer = driver.control(commandClass, command, data);
        context.require(answer == wanted, "answer %d instead of %d", answer, wanted);
    }

    private static void onAndOff(CaseContext context, NetDriver driver, int command) {
        for (byte value : new byte[] {ON, OFF}) {
            answers(context, driver, Control.OK, Control.RX, command, value);
        }
    }

    private static void allMulti(CaseContext context) {
        onAndOff(context, context.attach(controlled(context, Feature.CTRL_RX)), Control.RX_ALLMULTI);
    }

    private static void extraModes(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX, Feature.CTRL_RX_EXTRA));
        for (int mode : new int[] {Control.RX_ALLUNI, Control.RX_NOMULTI, Control.RX_NOUNI, Control.RX_NOBCAST}) {
            onAndOff(context, driver, mode);
        }
    }

    private static void withoutValue(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX));
        for (int mode : new int[] {Control.RX_PROMISC, Control.RX_ALLMULTI}) {
            answers(context, driver, Control.ERR, Control.RX, mode);
            onAndOff(context, driver, mode);
        }
    }

    private static void noUnicast(CaseContext context) {
        NetDriver driver =
                context.attach(controlled(context, Feature.CTRL_RX, Feature.CTRL_RX_EXTRA, Feature.CTRL_MAC_ADDR));
        byte[] frame = context.datagram(100).complete();
        byte[] destination = Arrays.copyOf(context.loop().returned(frame), MAC_BYTES);
        answers(context, driver, Control.OK, Control.MAC, Control.MAC_ADDR_SET, destination);
        answers(context, driver, Control.OK, Control.RX, Control.RX_PROMISC, OFF);
        comes(context, driver, frame);
        answers(context, driver, Control.OK, Control.RX, Control.RX_NOUNI, ON);
        comesNot(context, driver, frame);
        answers(context, driver, Control.OK, Control.RX, Control.RX_NOUNI, OFF);
        comes(context, driver, frame);
    }

    private static void comes(CaseContext context, NetDriver driver, byte[] frame) {
        context.note("a frame that must be returned");
        driver.send(frame);
        context.expect(frame, context.receive(driver));
    }

    private static void comesNot(CaseContext context, NetDriver driver, byte[] frame) {
        context.note("a frame that must not be returned");
        driver.send(frame);
        context.require(context.receive(driver, context.quiet()).isEmpty(), "a frame that the filter forbids");
    }

    private static byte[] table(int multicast, byte[]... unicast) {
        ByteBuffer data = ByteBuffer.allocate(8 + MAC_BYTES * (unicast.length + multicast))
                .order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(unicast.length);
        for (byte[] address : unicast) {
            data.put(address);
        }
        data.putInt(multicast);
        for (int i = 0; i < multicast; i++) {
            data.put(new byte[] {0x33, 0x33, 0, 0, 0, (byte) i});
        }
        return data.array();
    }

    private static void macTable(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX));
        for (byte[] data : List.of(
                table(0),
                table(1),
                table(0, PacketBuilder.mac(7)),
                table(8, PacketBuilder.mac(7), PacketBuilder.mac(8)),
                table(0))) {
            answers(context, driver, Control.OK, Control.MAC, Control.MAC_TABLE_SET, data);
        }
    }

    private static void macTableCut(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX));
        byte[] whole = table(2, PacketBuilder.mac(7));
        for (int bytes : new int[] {0, 3, 9, whole.length - 1}) {
            answers(context, driver, Control.ERR, Control.MAC, Control.MAC_TABLE_SET, Arrays.copyOf(whole, bytes));
        }
        answers(context, driver, Control.OK, Control.MAC, Control.MAC_TABLE_SET, whole);
    }

    private static void macTableFilter(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX, Feature.CTRL_MAC_ADDR));
        byte[] frame = context.datagram(100).complete();
        byte[] destination = Arrays.copyOf(context.loop().returned(frame), MAC_BYTES);
        answers(context, driver, Control.OK, Control.RX, Control.RX_PROMISC, OFF);
        answers(context, driver, Control.OK, Control.MAC, Control.MAC_ADDR_SET, PacketBuilder.mac(77));
        answers(context, driver, Control.OK, Control.MAC, Control.MAC_TABLE_SET, table(0, PacketBuilder.mac(78)));
        comesNot(context, driver, frame);
        answers(
                context,
                driver,
                Control.OK,
                Control.MAC,
                Control.MAC_TABLE_SET,
                table(0, PacketBuilder.mac(78), destination));
        comes(context, driver, frame);
    }

    private static void macAddressCut(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_MAC_ADDR));
        answers(context, driver, Control.ERR, Control.MAC, Control.MAC_ADDR_SET, new byte[MAC_BYTES - 1]);
        answers(context, driver, Control.OK, Control.MAC, Control.MAC_ADDR_SET, PacketBuilder.mac(5));
    }

    private static byte[] le16(int value) {
        return new byte[] {(byte) value, (byte) (value >>> 8)};
    }

    private static void vlan(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_VLAN));
        for (int id : new int[] {1, VLAN_ID, 4094}) {
            answers(context, driver, Control.OK, Control.VLAN, Control.VLAN_ADD, le16(id));
            answers(context, driver, Control.OK, Control.VLAN, Control.VLAN_DEL, le16(id));
        }
        answers(context, driver, Control.ERR, Control.VLAN, Control.VLAN_ADD, (byte) 1);
    }

    private static void vlanFilter(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_VLAN));
        byte[] frame = CaseContext.addressed(PacketBuilder.udp4())
                .vlan(VLAN_ID)
                .payload(100, 1)
                .complete();
        answers(context, driver, Control.OK, Control.VLAN, Control.VLAN_ADD, le16(VLAN_ID));
        comes(context, driver, frame);
        // Other frames may arrive, because the specification defines the filter as best effort.
        answers(context, driver, Control.OK, Control.VLAN, Control.VLAN_ADD, le16(VLAN_ID + 1));
        comes(context, driver, frame);
    }

    private static void announce(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.GUEST_ANNOUNCE, Feature.STATUS));
        answers(context, driver, Control.OK, Control.ANNOUNCE, Control.ANNOUNCE_ACK);
    }

    private static int most(CaseContext context, NetDriver driver) {
        byte[] field = driver.frontEnd().getConfig(PAIRS_OFFSET, 2);
        context.require(field.length == 2, "GET_CONFIG was answered without the requested bytes");
        return (field[0] & 0xff) | (field[1] & 0xff) << 8;
    }

    private static NetDriver withPairs(CaseContext context) {
        return context.attach(controlled(context, Feature.MQ).withProtocol(ProtocolFeature.MQ));
    }

    private static void pairs(CaseContext context) {
        NetDriver driver = withPairs(context);
        int most = most(context, driver);
        context.note("max_virtqueue_pairs is %d", most);
        for (int pairs = 1; pairs <= Math.min(most, 4); pairs++) {
            answers(context, driver, Control.OK, Control.MQ, Control.MQ_VQ_PAIRS_SET, le16(pairs));
        }
        answers(context, driver, Control.OK, Control.MQ, Control.MQ_VQ_PAIRS_SET, le16(1));
    }

    private static void wrongPairs(CaseContext context) {
        NetDriver driver = withPairs(context);
        int most = most(context, driver);
        if (most >= 0x8000) {
            throw new NotApplicable("every number of pairs is allowed");
        }
        for (int pairs : new int[] {0, most + 1, 0xffff}) {
            answers(context, driver, Control.ERR, Control.MQ, Control.MQ_VQ_PAIRS_SET, le16(pairs));
        }
        answers(context, driver, Control.OK, Control.MQ, Control.MQ_VQ_PAIRS_SET, le16(1));
    }

    private static byte[] le32(int value) {
        return new byte[] {(byte) value, (byte) (value >>> 8), (byte) (value >>> 16), (byte) (value >>> 24)};
    }

    private static byte[] le64(long value) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    private static void wrongOffloads(CaseContext context) {
        NetDriver driver = context.attach(
                controlled(context, Feature.CTRL_GUEST_OFFLOADS, Feature.CSUM, Feature.GUEST_CSUM, Feature.GUEST_TSO4));
        answers(context, driver, Control.ERR, Control.GUEST_OFFLOADS, Control.GUEST_OFFLOADS_SET, le64(1L << 40));
        answers(context, driver, Control.ERR, Control.GUEST_OFFLOADS, Control.GUEST_OFFLOADS_SET, new byte[4]);
        answers(context, driver, Control.OK, Control.GUEST_OFFLOADS, Control.GUEST_OFFLOADS_SET, le64(0));
    }

    private static byte[] coalesce(int packets, int microseconds) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(packets)
                .putInt(microseconds)
                .array();
    }

    private static void coalescing(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.NOTF_COAL));
        for (byte[] values : List.of(coalesce(0, 0), coalesce(8, 1000), coalesce(1, 0))) {
            answers(context, driver, Control.OK, NOTF_COAL, NOTF_COAL_RX_SET, values);
            answers(context, driver, Control.OK, NOTF_COAL, NOTF_COAL_TX_SET, values);
            byte[] frame = context.datagram(200).complete();
            driver.send(frame);
            // Waits for an interrupt, which coalescing may delay but not omit.
            context.expect(frame, driver.receive());
        }
    }

    private static byte[] ofQueue(int queue, byte[] values) {
        return ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) queue)
                .putShort((short) 0)
                .put(values)
                .array();
    }

    private static void queueCoalescing(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.NOTF_COAL, Feature.VQ_NOTF_COAL));
        byte[] values = coalesce(5, 300);
        for (int queue = 0; queue < 2; queue++) {
            answers(context, driver, Control.OK, NOTF_COAL, NOTF_COAL_VQ_SET, ofQueue(queue, values));
        }
        answers(context, driver, Control.ERR, NOTF_COAL, NOTF_COAL_VQ_SET, ofQueue(999, values));
        context.note("NOTF_COAL_VQ_GET of queue 1");
        byte[] came = driver.question(NOTF_COAL, NOTF_COAL_VQ_GET, values.length, le32(1));
        context.require(
                Arrays.equals(came, values),
                "%s instead of the parameters that were set, %s",
                CaseContext.beginning(came),
                CaseContext.beginning(values));
    }

    private static void unknownInClass(CaseContext context) {
        NetDriver driver = context.attach(controlled(context));
        for (int commandClass : new int[] {Control.RX, Control.MAC, Control.VLAN, Control.MQ}) {
            answers(context, driver, Control.ERR, commandClass, 200, OFF);
        }
    }

    private static void indirect(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX));
        for (byte value : new byte[] {ON, OFF, ON}) {
            context.note("promiscuous mode %d in an indirect table", value);
            int answer = driver.controlIndirect(Control.RX, Control.RX_PROMISC, value);
            context.require(answer == Control.OK, "answer %d instead of 0", answer);
        }
    }

    private static void many(CaseContext context) {
        NetDriver driver = context.attach(controlled(context, Feature.CTRL_RX));
        for (int i = 0; i < MANY; i++) {
            answers(context, driver, Control.OK, Control.RX, Control.RX_PROMISC, (byte) (i & 1));
        }
    }
}
