// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.conformance.NotApplicable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Cases about hash reports and receive-side scaling, with the vectors that Microsoft published to verify RSS: ten flows, each with the hash
 * of its addresses and the hash of its addresses and ports.
 */
public final class HashCases implements CaseGroup {
    private static final String REPORT = "virtio 1.4, 5.1.6.4.3";
    private static final String SCALING = "virtio 1.4, 5.1.6.5.5.1";

    private static final byte[] KEY =
            HexFormat.of().parseHex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");

    private static final int ETHERNET = 14;
    private static final int IPV4_ADDRESSES = ETHERNET + 12;
    private static final int IPV6_ADDRESSES = ETHERNET + 8;
    private static final int PAIRS_OFFSET = 8;

    /** A flow, with the published hashes. */
    private record Flow(String source, int sourcePort, String target, int targetPort, int addresses, int ports) {}

    private static final List<Flow> IPV4 = List.of(
            new Flow("66.9.149.187", 2794, "161.142.100.80", 1766, 0x323e8fc2, 0x51ccc178),
            new Flow("199.92.111.2", 14230, "65.69.140.83", 4739, 0xd718262a, 0xc626b0ea),
            new Flow("24.19.198.95", 12898, "12.22.207.184", 38024, 0xd2d0a5de, 0x5c2b394a),
            new Flow("38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xafc7327f),
            new Flow("153.39.163.191", 44251, "202.188.127.2", 1303, 0x5d1809c5, 0x10e828a2));

    private static final List<Flow> IPV6 = List.of(
            new Flow("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2cc18cd5, 0x40207d3d),
            new Flow("3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0f0c461c, 0xdde51bbf),
            new Flow(
                    "3ffe:1900:4545:3:200:f8ff:fe21:67cf",
                    44251,
                    "fe80::200:f8ff:fe21:67cf",
                    38024,
                    0x4b61e985,
                    0x02d1feef));

    /** A kind of hash: its bit in hash_types, and its report value (section 5.1.6.4.3). */
    private enum Hash {
        IPV4(0x01, 1, Kind.UDP4, false),
        TCP4(0x02, 2, Kind.TCP4, true),
        UDP4(0x04, 3, Kind.UDP4, true),
        IPV6(0x08, 4, Kind.UDP6, false),
        TCP6(0x10, 5, Kind.TCP6, true),
        UDP6(0x20, 6, Kind.UDP6, true);

        private final int type;
        private final int report;
        private final Kind kind;
        private final boolean ports;

        Hash(int type, int report, Kind kind, boolean ports) {
            this.type = type;
            this.report = report;
            this.kind = kind;
            this.ports = ports;
        }

        private List<Flow> flows() {
            return kind == Kind.TCP6 || kind == Kind.UDP6 ? HashCases.IPV6 : HashCases.IPV4;
        }

        private int of(Flow flow) {
            return ports ? flow.ports() : flow.addresses();
        }
    }

    @Override
    public String title() {
        return "Hash reports and receive-side scaling, with published vectors";
    }

    @Override
    public List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (Hash hash : Hash.values()) {
            all.add(report(
                    hash.name().toLowerCase(Locale.ROOT),
                    "the hash of " + hash + " has the published value, and hash_report names its type",
                    context -> vectors(context, hash)));
        }
        all.add(report(
                "not-configured", "no hash is reported before hash types are configured", HashCases::notConfigured));
        all.add(report(
                "not-selected", "a frame whose hash type is not enabled has hash_report NONE", HashCases::notSelected));
        all.add(report(
                "wrong-key",
                "a key that is longer than rss_max_key_size, or truncated, is refused",
                HashCases::wrongKey));
        all.add(scaling(
                "table",
                "the receive queue is the indirection table's entry for the published hash",
                HashCases::table));
        all.add(scaling(
                "unclassified",
                "a frame whose hash type is not enabled goes to unclassified_queue",
                HashCases::unclassified));
        all.add(scaling(
                "wrong-table",
                "a table that names a nonexistent queue, or whose length is not a power of two, is refused",
                HashCases::wrongTable));
        return Case.onBoth(all.toArray(Case[]::new));
    }

    private static Case report(String name, String says, Case.Body body) {
        return Case.of("hash." + name, REPORT, says, body)
                .needs(Feature.CTRL_VQ, Feature.HASH_REPORT)
                .needs(ProtocolFeature.CONFIG)
                .loops();
    }

    private static Case scaling(String name, String says, Case.Body body) {
        return Case.of("rss." + name, SCALING, says, body)
                .needs(Feature.CTRL_VQ, Feature.RSS, Feature.MQ)
                .needs(ProtocolFeature.CONFIG, ProtocolFeature.MQ)
                .loops();
    }

    private static byte[] address(String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("not an address: " + text, e);
        }
    }

    /** Returns a frame of a flow, with correct checksums. */
    private static byte[] frame(CaseContext context, Kind kind, Flow flow) {
        PacketBuilder builder = kind.builder()
                .ports(flow.sourcePort(), flow.targetPort())
                .payload(100, context.random().nextLong());
        byte[] frame = builder.complete();
        byte[] source = address(flow.source());
        int at = source.length == 4 ? IPV4_ADDRESSES : IPV6_ADDRESSES;
        ByteBuffer.wrap(frame).position(at).put(source).put(address(flow.target()));
        int transport = builder.transportOffset();
        if (source.length == 4) {
            checksum(frame, ETHERNET, transport, ETHERNET + 10, 0);
        }
        int protocol = kind.tcp() ? 6 : 17;
        long pseudo = sum(frame, at, at + 2 * source.length) + protocol + frame.length - transport;
        checksum(frame, transport, frame.length, transport + (kind.tcp() ? 16 : 6), pseudo);
        return frame;
    }

    private static void checksum(byte[] frame, int from, int to, int at, long more) {
        ByteBuffer.wrap(frame).putShort(at, (short) 0);
        long sum = sum(frame, from, to) + more;
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        int folded = (int) sum ^ 0xffff;
        ByteBuffer.wrap(frame).putShort(at, (short) (folded == 0 ? 0xffff : folded));
    }

    private static long sum(byte[] bytes, int from, int to) {
        long sum = 0;
        for (int i = from; i < to; i++) {
            sum += (i - from) % 2 == 0 ? (bytes[i] & 0xffL) << 8 : bytes[i] & 0xffL;
        }
        return sum;
    }

    private static NetDriver reporting(CaseContext context) {
        return context.attach(ControlCases.controlled(context, Feature.HASH_REPORT));
    }

    private static byte[] hashConfig(int types, byte[] key) {
        return ByteBuffer.allocate(13 + key.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(types)
                .putLong(0)
                .put((byte) key.length)
                .put(key)
                .array();
    }

    private static void configure(CaseContext context, NetDriver driver, int wanted, byte[] config) {
        ControlCases.answers(context, driver, wanted, Control.MQ, Control.MQ_HASH_CONFIG, config);
    }

    private static ReceivedFrame returned(CaseContext context, NetDriver driver, byte[] frame) {
        driver.send(frame);
        ReceivedFrame came = context.receive(driver);
        context.expect(frame, came);
        return came;
    }

    private static void requireReport(CaseContext context, ReceivedFrame came, int report, int value) {
        context.require(
                came.hashReport() == report && (report == 0 || came.hashValue() == value),
                "hash_report %d with hash_value 0x%08x instead of %d with 0x%08x",
                came.hashReport(),
                came.hashValue(),
                report,
                value);
    }

    private static void vectors(CaseContext context, Hash hash) {
        NetDriver driver = reporting(context);
        configure(context, driver, Control.OK, hashConfig(hash.type, KEY));
        for (Flow flow : hash.flows()) {
            context.note(
                    "%s from %s port %d to %s port %d",
                    hash.kind, flow.source(), flow.sourcePort(), flow.target(), flow.targetPort());
            requireReport(
                    context, returned(context, driver, frame(context, hash.kind, flow)), hash.report, hash.of(flow));
        }
    }

    private static void notConfigured(CaseContext context) {
        NetDriver driver = reporting(context);
        context.note("a frame, without a command before it");
        requireReport(context, returned(context, driver, frame(context, Kind.TCP4, IPV4.getFirst())), 0, 0);
    }

    private static void notSelected(CaseContext context) {
        NetDriver driver = reporting(context);
        configure(context, driver, Control.OK, hashConfig(Hash.TCP4.type, KEY));
        context.note("UDP and IPv6 frames when only TCP over IPv4 is enabled");
        requireReport(context, returned(context, driver, frame(context, Kind.UDP4, IPV4.getFirst())), 0, 0);
        requireReport(context, returned(context, driver, frame(context, Kind.TCP6, IPV6.getFirst())), 0, 0);
    }

    private static void wrongKey(CaseContext context) {
        NetDriver driver = reporting(context);
        byte[] whole = hashConfig(Hash.TCP4.type, KEY);
        configure(context, driver, Control.ERR, Arrays.copyOf(whole, whole.length - 1));
        configure(context, driver, Control.ERR, hashConfig(Hash.TCP4.type, new byte[255]));
        configure(context, driver, Control.OK, whole);
    }

    private static NetDriver scaled(CaseContext context) {
        NetDriver driver = context.attach(ControlCases.controlled(context, Feature.MQ, Feature.RSS)
                .withProtocol(ProtocolFeature.MQ)
                .queues(2, 128));
        byte[] pairs = driver.frontEnd().getConfig(PAIRS_OFFSET, 2);
        if (pairs.length == 2 && pairs[0] == 1 && pairs[1] == 0) {
            throw new NotApplicable("the back-end has one queue pair");
        }
        return driver;
    }

    private static byte[] rssConfig(int types, int unclassified, int... table) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        data.writeBytes(new byte[] {(byte) types, (byte) (types >>> 8), 0, 0});
        data.writeBytes(new byte[] {(byte) (table.length - 1), 0, (byte) unclassified, (byte) (unclassified >>> 8)});
        for (int queue : table) {
            data.writeBytes(new byte[] {(byte) queue, (byte) (queue >>> 8)});
        }
        data.writeBytes(new byte[] {2, 0, (byte) KEY.length});
        data.writeBytes(KEY);
        return data.toByteArray();
    }

    private static void scale(CaseContext context, NetDriver driver, int wanted, byte[] config) {
        ControlCases.answers(context, driver, wanted, Control.MQ, Control.MQ_RSS_CONFIG, config);
    }

    private static void requirePair(CaseContext context, ReceivedFrame came, int pair) {
        context.require(came.pair() == pair, "a frame on queue pair %d instead of %d", came.pair(), pair);
    }

    private static void table(CaseContext context) {
        NetDriver driver = scaled(context);
        int[] table = {0, 1, 1, 0, 1, 0, 0, 1};
        scale(context, driver, Control.OK, rssConfig(Hash.TCP4.type | Hash.TCP6.type, 0, table));
        for (Hash hash : List.of(Hash.TCP4, Hash.TCP6)) {
            for (Flow flow : hash.flows()) {
                context.note(
                        "%s from %s to %s, with the hash 0x%08x",
                        hash.kind, flow.source(), flow.target(), flow.ports());
                byte[] frame = frame(context, hash.kind, flow);
                requirePair(context, returned(context, driver, frame), table[flow.ports() & table.length - 1]);
            }
        }
    }

    private static void unclassified(CaseContext context) {
        NetDriver driver = scaled(context);
        for (int queue = 1; queue >= 0; queue--) {
            scale(context, driver, Control.OK, rssConfig(Hash.TCP4.type, queue, 1 - queue));
            context.note("a UDP frame when only TCP is enabled");
            byte[] frame = frame(context, Kind.UDP4, IPV4.getFirst());
            requirePair(context, returned(context, driver, frame), queue);
        }
    }

    private static void wrongTable(CaseContext context) {
        NetDriver driver = scaled(context);
        scale(context, driver, Control.ERR, rssConfig(Hash.TCP4.type, 0, 0, 0x7fff));
        scale(context, driver, Control.ERR, rssConfig(Hash.TCP4.type, 0, 0, 1, 0));
        scale(context, driver, Control.OK, rssConfig(Hash.TCP4.type, 0, 0, 1));
    }
}
