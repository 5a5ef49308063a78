// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.vhost4j.device.frame.Frame;

/**
 * A builder for super-frames: TCP or UDP packets as a sender with offloads writes them, with one set of headers, a
 * partial checksum and more payload than fits into a segment. The defaults are those of a plain TCPv4 super-frame;
 * {@link #build} writes the bytes.
 */
public final class SuperFrame {
    int[] vlanTypes = {};
    boolean ipv6;
    boolean udp;
    byte[] ipv4Options = {};
    /** Types of IPv6 extension headers: 0 hop-by-hop, 43 routing, 60 destination options. */
    int[] extensions = {};

    int extensionUnits;
    byte[] tcpOptions = {};
    int tcpFlags = 0x10;
    int sequence = 1;
    int identification = 7;
    int fragmentField = 0x4000;
    byte[] payload = {};
    int gsoSize = 1448;
    boolean ecn;
    /** Whether a routing header or source route has a different final destination than the IP header. */
    boolean rerouted;
    /** Whether lengths and the IPv4 header checksum are wrong. */
    boolean lies;

    byte[] source = {10, 0, 0, 1};
    byte[] destination = {10, 0, 0, 2};
    byte[] finalDestination = destination;

    /** Whether the packet is to be divided into IP fragments. */
    boolean ufo;
    /** The outer IP version of a UDP tunnel, 4 or 6; 0 for no tunnel. */
    int tunnelVersion;

    byte[] outerSource = {};
    byte[] outerDestination = {};
    int outerIdentification = 9;
    /** The bytes between the outer UDP header and the inner IP header. */
    byte[] tunnelHeader = {};

    boolean outerChecksum;

    byte[] bytes = {};
    int outerNetwork;
    int outerTransportOffset;
    int network;
    int transport;
    int header;

    /** Creates a random super-frame with payload for at least two segments. */
    static SuperFrame random(SplittableRandom random, int maxPayload) {
        return random(random, maxPayload, 3, random.nextInt(4) == 0);
    }

    /**
     * Creates a random super-frame with payload for at least two segments.
     *
     * @param random source of all random decisions
     * @param maxPayload maximum payload in bytes
     * @param vlans number of VLAN tags, exclusive upper bound
     * @param lies whether lengths and the IPv4 header checksum are wrong
     * @return the packet, built
     */
    public static SuperFrame random(SplittableRandom random, int maxPayload, int vlans, boolean lies) {
        SuperFrame frame = new SuperFrame();
        frame.vlanTypes = new int[random.nextInt(vlans)];
        for (int i = 0; i < frame.vlanTypes.length; i++) {
            frame.vlanTypes[i] = random.nextBoolean() ? 0x8100 : 0x88a8;
        }
        frame.ipv6 = random.nextBoolean();
        frame.udp = random.nextBoolean();
        frame.source = randomBytes(random, frame.ipv6 ? 16 : 4);
        frame.destination = randomBytes(random, frame.ipv6 ? 16 : 4);
        if (frame.ipv6) {
            int[] types = {0, 43, 60};
            frame.extensions = new int[random.nextInt(3)];
            for (int i = 0; i < frame.extensions.length; i++) {
                frame.extensions[i] = types[random.nextInt(3)];
            }
            frame.extensionUnits = random.nextInt(4);
            frame.rerouted = frame.extensions.length > 0 && random.nextBoolean();
        } else {
            frame.ipv4Options = randomBytes(random, 4 * Math.max(0, random.nextInt(-8, 11)));
            frame.rerouted = frame.ipv4Options.length > 0 && random.nextBoolean();
        }
        frame.finalDestination = frame.rerouted ? randomBytes(random, frame.destination.length) : frame.destination;
        frame.tcpOptions = randomBytes(random, 4 * random.nextInt(11));
        frame.tcpFlags = random.nextInt(0x1000);
        frame.ecn = !frame.udp && (frame.tcpFlags & 0x80) != 0;
        frame.sequence = random.nextInt();
        frame.identification = random.nextBoolean() ? random.nextInt(0x10000) : 0xfffe;
        frame.fragmentField = random.nextInt(4) << 14;
        frame.lies = lies;
        int segments = 2 + random.nextInt(random.nextInt(4) == 0 ? 126 : 20);
        frame.gsoSize = 1 + random.nextInt(Math.max(1, maxPayload / segments));
        int last = random.nextInt(4) == 0 ? 1 : 1 + random.nextInt(frame.gsoSize);
        frame.payload = randomBytes(random, (segments - 1) * frame.gsoSize + last);
        return frame.build();
    }

    /**
     * Creates a random UDP packet that is to be divided into at least two IP fragments.
     *
     * @param random source of all random decisions
     * @param maxPayload maximum payload in bytes
     * @return the packet, built
     */
    public static SuperFrame randomUfo(SplittableRandom random, int maxPayload) {
        SuperFrame frame = random(random, maxPayload, 3, false);
        frame.udp = true;
        frame.ufo = true;
        frame.ecn = false;
        frame.gsoSize = 8 * (1 + random.nextInt(Math.max(1, maxPayload / 80)));
        frame.payload =
                randomBytes(random, frame.gsoSize * (1 + random.nextInt(10)) + 1 + random.nextInt(frame.gsoSize));
        return frame.build();
    }

    /**
     * Creates a random super-frame inside a UDP tunnel, with payload for at least two segments.
     *
     * @param random source of all random decisions
     * @param maxPayload maximum payload in bytes
     * @param vlans number of VLAN tags, exclusive upper bound
     * @return the packet, built
     */
    public static SuperFrame randomTunnel(SplittableRandom random, int maxPayload, int vlans) {
        SuperFrame frame = random(random, maxPayload, vlans, false);
        frame.ipv4Options = new byte[0];
        frame.extensions = new int[0];
        frame.rerouted = false;
        frame.finalDestination = frame.destination;
        frame.tcpOptions = randomBytes(random, 4 * random.nextInt(4));
        frame.tunnelVersion = random.nextBoolean() ? 4 : 6;
        frame.outerSource = randomBytes(random, frame.tunnelVersion == 4 ? 4 : 16);
        frame.outerDestination = randomBytes(random, frame.tunnelVersion == 4 ? 4 : 16);
        frame.outerIdentification = random.nextInt(0x10000);
        // 8 bytes of VXLAN or Geneve and an Ethernet header, with or without Geneve options, or directly an IP packet.
        frame.tunnelHeader = randomBytes(random, new int[] {22, 22, 30, 8, 26}[random.nextInt(5)]);
        frame.outerChecksum = random.nextBoolean();
        return frame.build();
    }

    /** Creates a UDP super-frame over IPv4 of datagrams with the given payload size in bytes. */
    public static SuperFrame datagrams(int count, int size) {
        SuperFrame frame = new SuperFrame();
        frame.udp = true;
        frame.gsoSize = size;
        frame.payload = new byte[count * size];
        return frame.build();
    }

    private static byte[] randomBytes(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    int gsoType() {
        int type = ufo ? Frame.GSO_UDP : udp ? Frame.GSO_UDP_L4 : ipv6 ? Frame.GSO_TCPV6 : Frame.GSO_TCPV4;
        if (tunnelVersion != 0) {
            type |= tunnelVersion == 4 ? Frame.GSO_UDP_TUNNEL_IPV4 : Frame.GSO_UDP_TUNNEL_IPV6;
        }
        return ecn ? type | Frame.GSO_ECN : type;
    }

    int checksumOffset() {
        return udp ? 6 : 16;
    }

    int protocol() {
        return udp ? 17 : 6;
    }

    SuperFrame build() {
        outerNetwork = 14 + 4 * vlanTypes.length;
        outerTransportOffset = outerNetwork + (tunnelVersion == 4 ? 20 : 40);
        network = tunnelVersion == 0 ? outerNetwork : outerTransportOffset + 8 + tunnelHeader.length;
        int ipBytes = ipv6 ? 40 + extensions.length * 8 * (extensionUnits + 1) : 20 + ipv4Options.length;
        transport = network + ipBytes;
        header = transport + (udp ? 8 : 20 + tcpOptions.length);
        bytes = new byte[header + payload.length];
        for (int i = 0; i < 12; i++) {
            bytes[i] = (byte) (0x50 + i);
        }
        for (int i = 0; i < vlanTypes.length; i++) {
            put16(bytes, 12 + 4 * i, vlanTypes[i]);
            put16(bytes, 14 + 4 * i, 0x2000 + i);
        }
        System.arraycopy(tunnelHeader, 0, bytes, network - tunnelHeader.length, tunnelHeader.length);
        put16(bytes, network - 2, ipv6 ? 0x86dd : 0x0800);
        if (tunnelVersion != 0) {
            buildOuter();
        }
        if (ipv6) {
            buildIpv6();
        } else {
            buildIpv4();
        }
        buildTransport();
        System.arraycopy(payload, 0, bytes, header, payload.length);
        put16(bytes, transport + checksumOffset(), pseudoSum(bytes.length - transport));
        return this;
    }

    private void buildOuter() {
        int at = outerNetwork;
        boolean v6 = tunnelVersion == 6;
        put16(bytes, at - 2, v6 ? 0x86dd : 0x0800);
        int addresses = at + (v6 ? 8 : 12);
        System.arraycopy(outerSource, 0, bytes, addresses, outerSource.length);
        System.arraycopy(outerDestination, 0, bytes, addresses + outerSource.length, outerSource.length);
        if (v6) {
            bytes[at] = 0x61;
            put16(bytes, at + 4, bytes.length - at - 40);
            bytes[at + 6] = 17;
            bytes[at + 7] = 63;
        } else {
            bytes[at] = 0x45;
            put16(bytes, at + 2, bytes.length - at);
            put16(bytes, at + 4, outerIdentification);
            bytes[at + 8] = 63;
            bytes[at + 9] = 17;
            put16(bytes, at + 10, ~sum(bytes, at, at + 20) & 0xffff);
        }
        put16(bytes, outerTransportOffset, 5003);
        put16(bytes, outerTransportOffset + 2, 4789);
        put16(bytes, outerTransportOffset + 4, bytes.length - outerTransportOffset);
        if (outerChecksum) {
            put16(bytes, outerTransportOffset + 6, outerPseudoSum(bytes.length - outerTransportOffset));
        }
    }

    /** Returns the sum of the outer pseudo-header, like {@link #pseudoSum}. */
    int outerPseudoSum(int udpBytes) {
        byte[] pseudo = Arrays.copyOf(outerSource, 2 * outerSource.length + 8);
        System.arraycopy(outerDestination, 0, pseudo, outerSource.length, outerSource.length);
        put16(pseudo, pseudo.length - 6, udpBytes);
        put16(pseudo, pseudo.length - 2, 17);
        return sum(pseudo, 0, pseudo.length);
    }

    /**
     * Returns the offset at which IP fragments of this packet begin to differ; for IPv6 that of the fragment header.
     */
    public int fragmentable() {
        int at = network + 40;
        boolean routed = false;
        for (int type : extensions) {
            if (routed && type == 60) {
                return at;
            }
            routed |= type == 43;
            at += 8 * (extensionUnits + 1);
        }
        return transport;
    }

    private void buildIpv4() {
        bytes[network] = (byte) (0x45 + ipv4Options.length / 4);
        bytes[network + 1] = 3;
        put16(bytes, network + 2, lies ? 0x1234 : bytes.length - network);
        put16(bytes, network + 4, identification);
        put16(bytes, network + 6, fragmentField);
        bytes[network + 8] = 64;
        bytes[network + 9] = (byte) protocol();
        System.arraycopy(source, 0, bytes, network + 12, 4);
        System.arraycopy(destination, 0, bytes, network + 16, 4);
        System.arraycopy(ipv4Options, 0, bytes, network + 20, ipv4Options.length);
        if (!lies) {
            put16(bytes, network + 10, ~sum(bytes, network, transport) & 0xffff);
        }
    }

    private void buildIpv6() {
        bytes[network] = 0x62;
        bytes[network + 3] = 9;
        put16(bytes, network + 4, lies ? 0 : bytes.length - network - 40);
        bytes[network + 7] = 64;
        System.arraycopy(source, 0, bytes, network + 8, 16);
        System.arraycopy(destination, 0, bytes, network + 24, 16);
        int next = network + 6;
        int at = network + 40;
        for (int type : extensions) {
            bytes[next] = (byte) type;
            bytes[at + 1] = (byte) extensionUnits;
            Arrays.fill(bytes, at + 2, at + 8 * (extensionUnits + 1), (byte) 1);
            next = at;
            at += 8 * (extensionUnits + 1);
        }
        bytes[next] = (byte) protocol();
    }

    private void buildTransport() {
        put16(bytes, transport, 5001);
        put16(bytes, transport + 2, 5002);
        if (udp) {
            put16(bytes, transport + 4, lies ? 8 : bytes.length - transport);
        } else {
            put16(bytes, transport + 4, sequence >>> 16);
            put16(bytes, transport + 6, sequence);
            put16(bytes, transport + 10, 99);
            put16(bytes, transport + 12, (5 + tcpOptions.length / 4) << 12 | tcpFlags);
            put16(bytes, transport + 14, 512);
            put16(bytes, transport + 18, 77);
            System.arraycopy(tcpOptions, 0, bytes, transport + 20, tcpOptions.length);
        }
    }

    /**
     * Returns the sum of the pseudo-header for a packet with the given number of bytes from the transport header on.
     */
    int pseudoSum(int transportBytes) {
        byte[] pseudo = Arrays.copyOf(source, 2 * source.length + 8);
        System.arraycopy(finalDestination, 0, pseudo, source.length, source.length);
        put16(pseudo, pseudo.length - 6, transportBytes);
        put16(pseudo, pseudo.length - 2, protocol());
        return sum(pseudo, 0, pseudo.length);
    }

    /** Returns the offset of the transport header. */
    public int transport() {
        return transport;
    }

    /** Returns whether the packet is inside a UDP tunnel. */
    public boolean isTunnel() {
        return tunnelVersion != 0;
    }

    /** Returns the number of VLAN tags. */
    public int vlans() {
        return vlanTypes.length;
    }

    /** Returns whether the packet is to be divided into IP fragments. */
    public boolean isUfo() {
        return ufo;
    }

    /** Returns whether the packet is IPv6; otherwise it is IPv4. */
    public boolean isIpv6() {
        return ipv6;
    }

    /** Returns whether the IP header's destination is not the final one. */
    public boolean isRerouted() {
        return rerouted;
    }

    /**
     * Returns the checksum of this packet computed with the IP header's destination instead of the final one.
     *
     * @param checksum the correct checksum
     * @return the checksum with the other pseudo-header, never 0
     */
    public int checksumToTheNextHop(int checksum) {
        int right = sum(finalDestination, 0, finalDestination.length);
        int wrong = sum(destination, 0, destination.length);
        byte[] three = new byte[6];
        put16(three, 0, ~checksum);
        put16(three, 2, ~right);
        put16(three, 4, wrong);
        int other = ~sum(three, 0, 6) & 0xffff;
        return other == 0 ? 0xffff : other;
    }

    /** Returns the total size of the IPv6 extension headers in bytes. */
    public int extensionBytes() {
        return extensions.length * 8 * (extensionUnits + 1);
    }

    /** Returns whether the packet is UDP; otherwise it is TCP. */
    public boolean isUdp() {
        return udp;
    }

    /** Returns the number of segments of the packet. */
    public int segments() {
        return (payload.length + gsoSize - 1) / gsoSize;
    }

    /** Returns the bytes that {@link #build} wrote last. */
    public byte[] bytes() {
        return bytes;
    }

    /** Creates a frame of these bytes with their virtio-net header. */
    public Frame frame(Arena arena, SplittableRandom random, int pieces) {
        Frame frame = new Frame();
        Frames.scatter(arena, frame, bytes, random, pieces);
        writeHeader(frame);
        return frame;
    }

    /** Writes the virtio-net header of these bytes. */
    public void writeHeader(Frame frame) {
        frame.flags = outerChecksum ? Frame.NEEDS_CSUM | Frame.UDP_TUNNEL_CSUM : Frame.NEEDS_CSUM;
        frame.gsoType = gsoType();
        frame.gsoSize = gsoSize;
        frame.headerLength = lies ? 3 : header;
        frame.checksumStart = transport;
        frame.checksumOffset = checksumOffset();
        if (tunnelVersion != 0) {
            frame.outerTransportOffset = outerTransportOffset;
            frame.innerNetworkOffset = network;
        }
    }

    static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    static int get16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }

    /** Returns the ones' complement sum, computed by its definition. */
    static int sum(byte[] bytes, int from, int to) {
        int sum = 0;
        for (int i = from; i < to; i++) {
            sum += (i - from) % 2 == 0 ? (bytes[i] & 0xff) << 8 : bytes[i] & 0xff;
            if (sum > 0xffff) {
                sum -= 0xffff;
            }
        }
        return sum;
    }

    @Override
    public String toString() {
        return String.format(
                "%s%s%s vlan=%d options=%d extensions=%s*%d payload=%d gso_size=%d flags=%x rerouted=%b lies=%b",
                tunnelVersion == 0
                        ? ""
                        : "tunnel over IPv" + tunnelVersion + " header=" + tunnelHeader.length
                                + (outerChecksum ? " with checksum: " : ": "),
                ufo ? "UFO" : udp ? "UDP" : "TCP",
                ipv6 ? "v6" : "v4",
                vlanTypes.length,
                ipv4Options.length,
                Arrays.toString(extensions),
                extensionUnits,
                payload.length,
                gsoSize,
                tcpFlags,
                rerouted,
                lies);
    }
}
