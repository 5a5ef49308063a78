// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.Offloads;

/**
 * A valid packet with a change that makes it invalid: of the packet before it is built, of its bytes, or of its
 * virtio-net header.
 */
public final class BadFrameCase {
    /** The expected reason. */
    public final BadFrame reason;

    final String what;
    private Consumer<SuperFrame> packet = p -> {};
    private Consumer<SuperFrame> bytes = p -> {};
    private Consumer<Frame> header = f -> {};
    int allowed = Offloads.ALL;

    private BadFrameCase(BadFrame reason, String what) {
        this.reason = reason;
        this.what = what;
    }

    private BadFrameCase v6() {
        return packet(p -> {
            p.ipv6 = true;
            p.source = new byte[16];
            p.destination = new byte[16];
            p.finalDestination = p.destination;
        });
    }

    private BadFrameCase udp() {
        return packet(p -> p.udp = true);
    }

    private BadFrameCase ufo(int size) {
        return udp().header(f -> {
            f.gsoType = Frame.GSO_UDP;
            f.gsoSize = size;
        });
    }

    private BadFrameCase tunnel() {
        allowed = Offloads.ALL_WITH_TUNNELS;
        return packet(p -> {
            p.tunnelVersion = 4;
            p.outerSource = new byte[4];
            p.outerDestination = new byte[4];
            p.tunnelHeader = new byte[22];
        });
    }

    private BadFrameCase packet(Consumer<SuperFrame> change) {
        packet = packet.andThen(change);
        return this;
    }

    private BadFrameCase bytes(Consumer<SuperFrame> change) {
        bytes = bytes.andThen(change);
        return this;
    }

    private BadFrameCase keep(int length) {
        return bytes(p -> p.bytes = Arrays.copyOf(p.bytes, length));
    }

    private BadFrameCase header(Consumer<Frame> change) {
        header = header.andThen(change);
        return this;
    }

    private BadFrameCase with(int offloads) {
        allowed |= offloads;
        return this;
    }

    private BadFrameCase without(int offloads) {
        allowed &= ~offloads;
        return this;
    }

    @Override
    public String toString() {
        return reason + ": " + what;
    }

    /** Returns the valid packet that every case changes. */
    static SuperFrame good() {
        SuperFrame packet = new SuperFrame();
        packet.payload = new byte[5000];
        return packet.build();
    }

    /** Returns the invalid frame. */
    public Frame frame(Arena arena) {
        SuperFrame packet = good();
        this.packet.accept(packet);
        packet.build();
        bytes.accept(packet);
        Frame frame = packet.frame(arena, new SplittableRandom(3), 3);
        header.accept(frame);
        return frame;
    }

    private static BadFrameCase bad(BadFrame reason, String what) {
        return new BadFrameCase(reason, what);
    }

    /** Returns all cases. */
    public static Stream<BadFrameCase> cases() {
        return Stream.concat(ofAnySender(), promises());
    }

    /** Returns the cases that are invalid whatever the sender has negotiated. */
    public static Stream<BadFrameCase> ofAnySender() {
        return Stream.of(packets(), checksums(), types(), sizes(), tunnels()).flatMap(cases -> cases);
    }

    private static Stream<BadFrameCase> packets() {
        return Stream.of(
                bad(BadFrame.RUNT, "13 bytes, plain").keep(13).header(Frame::clearHeader),
                bad(BadFrame.RUNT, "13 bytes, super-frame").keep(13),
                bad(BadFrame.RUNT, "1 byte").keep(1).header(Frame::clearHeader),
                bad(BadFrame.TRUNCATED, "TCP options cut off")
                        .packet(p -> p.tcpOptions = new byte[40])
                        .keep(54 + 39),
                bad(BadFrame.TRUNCATED, "doff beyond the frame")
                        .packet(p -> p.payload = new byte[10])
                        .bytes(p -> p.bytes[p.transport + 12] = (byte) 0xf0),
                bad(BadFrame.TRUNCATED, "IPv4 header length beyond the frame")
                        .packet(p -> p.payload = new byte[10])
                        .bytes(p -> p.bytes[p.network] = 0x4f),
                bad(BadFrame.TRUNCATED, "IPv4 header cut off behind two tags")
                        .packet(p -> p.vlanTypes = new int[] {0x8100, 0x8100})
                        .keep(41)
                        .header(f -> f.checksumStart = 34)
                        .header(f -> f.checksumOffset = 5),
                bad(BadFrame.TRUNCATED, "IPv6 header cut off")
                        .v6()
                        .keep(14 + 39)
                        .header(f -> f.checksumStart = 34),
                bad(BadFrame.TRUNCATED, "IPv6 extension header beyond the frame")
                        .v6()
                        .packet(p -> p.extensions = new int[] {60})
                        .bytes(p -> p.bytes[p.network + 41] = 9)
                        .keep(14 + 40 + 79)
                        .header(f -> f.checksumStart = 40),
                bad(BadFrame.HEADERS_TOO_LONG, "IPv6 extension header of 512 bytes")
                        .v6()
                        .packet(p -> p.extensions = new int[] {0})
                        .packet(p -> p.extensionUnits = 63),
                bad(BadFrame.HEADERS_TOO_LONG, "UDP header ends at byte 258")
                        .v6()
                        .udp()
                        .packet(p -> p.vlanTypes = new int[] {0x8100})
                        .packet(p -> p.extensions = new int[24]),
                bad(BadFrame.TOO_MANY_VLAN_TAGS, "three").packet(p -> p.vlanTypes = new int[] {0x88a8, 0x8100, 0x8100}),
                bad(BadFrame.NOT_IP, "ARP").bytes(p -> SuperFrame.put16(p.bytes, 12, 0x0806)),
                bad(BadFrame.NOT_IP, "ARP behind a tag")
                        .packet(p -> p.vlanTypes = new int[] {0x8100})
                        .bytes(p -> SuperFrame.put16(p.bytes, 16, 0x0806)),
                bad(BadFrame.IP_VERSION, "6 under the type of IPv4").bytes(p -> p.bytes[p.network] = 0x65),
                bad(BadFrame.IP_VERSION, "4 under the type of IPv6").v6().bytes(p -> p.bytes[p.network] = 0x45),
                bad(BadFrame.IP_HEADER_LENGTH, "16 bytes").bytes(p -> p.bytes[p.network] = 0x44),
                bad(BadFrame.FRAGMENT, "IPv4, more fragments").packet(p -> p.fragmentField = 0x2000),
                bad(BadFrame.FRAGMENT, "IPv4, an offset").packet(p -> p.fragmentField = 1),
                bad(BadFrame.FRAGMENT, "IPv6").v6().bytes(p -> p.bytes[p.network + 6] = 44),
                bad(BadFrame.FRAGMENT, "IPv6, behind another extension header")
                        .v6()
                        .packet(p -> p.extensions = new int[] {60})
                        .bytes(p -> p.bytes[p.network + 40] = 44),
                bad(BadFrame.NOT_TCP_OR_UDP, "SCTP").bytes(p -> p.bytes[p.network + 9] = (byte) 132),
                bad(BadFrame.NOT_TCP_OR_UDP, "IPv6 authentication header").v6().bytes(p -> p.bytes[p.network + 6] = 51),
                bad(BadFrame.TCP_HEADER_LENGTH, "16 bytes").bytes(p -> p.bytes[p.transport + 12] = 0x40),
                bad(BadFrame.TCP_HEADER_LENGTH, "0 bytes").bytes(p -> p.bytes[p.transport + 12] = 0));
    }

    private static Stream<BadFrameCase> checksums() {
        return Stream.of(
                bad(BadFrame.GSO_WITHOUT_CSUM, "TCPv4").header(f -> f.flags = 0),
                bad(BadFrame.GSO_WITHOUT_CSUM, "DATA_VALID instead").header(f -> f.flags = Frame.DATA_VALID),
                bad(BadFrame.GSO_WITHOUT_CSUM, "UDP_L4").udp().header(f -> f.flags = 0),
                bad(BadFrame.CSUM_OUTSIDE, "start at the end").header(f -> f.checksumStart = f.bytes),
                bad(BadFrame.CSUM_OUTSIDE, "start far beyond").header(f -> f.checksumStart = 0xffff),
                bad(BadFrame.CSUM_OUTSIDE, "field one byte too far")
                        .header(f -> f.checksumOffset = f.bytes - f.checksumStart - 1),
                bad(BadFrame.CSUM_OUTSIDE, "offset far beyond").header(f -> f.checksumOffset = 0xffff),
                bad(BadFrame.CSUM_OUTSIDE, "start within the IP header").header(f -> f.checksumStart = 33),
                bad(BadFrame.CSUM_OUTSIDE, "plain frame, start at 0")
                        .header(f -> f.gsoType = 0)
                        .header(f -> f.checksumStart = 0),
                bad(BadFrame.CSUM_OUTSIDE, "plain frame, offset beyond")
                        .header(f -> f.gsoType = 0)
                        .header(f -> f.checksumOffset = f.bytes),
                bad(BadFrame.CSUM_START, "one early")
                        .packet(p -> p.vlanTypes = new int[] {0x8100})
                        .header(f -> f.checksumStart--),
                bad(BadFrame.CSUM_START, "one late").header(f -> f.checksumStart++),
                bad(BadFrame.CSUM_OFFSET, "that of UDP on TCP").header(f -> f.checksumOffset = 6),
                bad(BadFrame.CSUM_OFFSET, "that of TCP on UDP").udp().header(f -> f.checksumOffset = 16));
    }

    private static Stream<BadFrameCase> types() {
        return Stream.of(
                bad(BadFrame.UNKNOWN_GSO_TYPE, "2").header(f -> f.gsoType = 2),
                bad(BadFrame.UNKNOWN_GSO_TYPE, "6").header(f -> f.gsoType = 6),
                bad(BadFrame.UNKNOWN_GSO_TYPE, "0x7f").header(f -> f.gsoType = 0x7f),
                bad(BadFrame.ECN_WITHOUT_TCP, "ECN alone").header(f -> f.gsoType = Frame.GSO_ECN),
                bad(BadFrame.ECN_WITHOUT_TCP, "UDP_L4").udp().header(f -> f.gsoType |= Frame.GSO_ECN),
                bad(BadFrame.GSO_TYPE, "TCPV6 on IPv4").header(f -> f.gsoType = Frame.GSO_TCPV6),
                bad(BadFrame.GSO_TYPE, "TCPV4 on IPv6").v6().header(f -> f.gsoType = Frame.GSO_TCPV4),
                bad(BadFrame.GSO_TYPE, "UDP_L4 on TCP").header(f -> f.gsoType = Frame.GSO_UDP_L4),
                bad(BadFrame.GSO_TYPE, "UFO on TCP").ufo(1480).packet(p -> p.udp = false),
                bad(BadFrame.GSO_TYPE, "TCPV4 on UDP").udp().header(f -> f.gsoType = Frame.GSO_TCPV4));
    }

    private static Stream<BadFrameCase> sizes() {
        return Stream.of(
                bad(BadFrame.GSO_SIZE, "0").header(f -> f.gsoSize = 0),
                bad(BadFrame.GSO_SIZE, "0xffff").header(f -> f.gsoSize = 0xffff),
                bad(BadFrame.GSO_SIZE, "UFO, not a multiple of 8").ufo(1473),
                bad(BadFrame.TOO_LONG, "IPv4 packet of 65536 bytes").packet(p -> p.payload = new byte[65536 - 40]),
                bad(BadFrame.TOO_LONG, "IPv6 payload of 65536 bytes")
                        .v6()
                        .packet(p -> p.payload = new byte[65536 - 20]),
                bad(BadFrame.TOO_MANY_SEGMENTS, "129 datagrams").udp().packet(p -> {
                    p.gsoSize = 100;
                    p.payload = new byte[128 * 100 + 1];
                }),
                bad(BadFrame.TOO_MANY_SEGMENTS, "TCP with an MSS of 1").header(f -> f.gsoSize = 1));
    }

    private static Stream<BadFrameCase> tunnels() {
        return Stream.of(
                bad(BadFrame.TUNNEL_TYPE, "both bits").tunnel().header(f -> f.gsoType |= Frame.GSO_UDP_TUNNEL),
                bad(BadFrame.TUNNEL_TYPE, "UFO inside").tunnel().ufo(1480).header(f -> f.gsoType |= 0x20),
                bad(BadFrame.UNKNOWN_GSO_TYPE, "a tunnel bit alone").tunnel().header(f -> f.gsoType = 0x20),
                bad(BadFrame.GSO_WITHOUT_CSUM, "in a tunnel").tunnel().header(f -> f.flags = 0),
                bad(BadFrame.TUNNEL_FLAGS, "DATA_VALID").tunnel().header(f -> f.flags |= Frame.DATA_VALID),
                bad(BadFrame.TUNNEL_FLAGS, "UDP_TUNNEL_CSUM without a tunnel")
                        .with(Offloads.UDP_TUNNEL)
                        .header(f -> f.flags |= Frame.UDP_TUNNEL_CSUM),
                bad(BadFrame.TUNNEL_OUTER, "tunnel bit of IPv6, packet of IPv4")
                        .tunnel()
                        .header(f -> f.gsoType ^= Frame.GSO_UDP_TUNNEL),
                bad(BadFrame.TUNNEL_OUTER, "TCP outside")
                        .tunnel()
                        .bytes(p -> p.bytes[p.outerNetwork + 9] = 6)
                        .bytes(p -> p.bytes[p.outerTransportOffset + 12] = 0x50),
                bad(BadFrame.NOT_TCP_OR_UDP, "GRE outside").tunnel().bytes(p -> p.bytes[p.outerNetwork + 9] = 47),
                bad(BadFrame.TUNNEL_OFFSETS, "no offsets").tunnel().header(f -> {
                    f.outerTransportOffset = 0;
                    f.innerNetworkOffset = 0;
                }),
                bad(BadFrame.TUNNEL_OFFSETS, "outer one late").tunnel().header(f -> f.outerTransportOffset++),
                bad(BadFrame.TUNNEL_OFFSETS, "inner within the outer UDP header")
                        .tunnel()
                        .header(f -> f.innerNetworkOffset = f.outerTransportOffset + 7),
                bad(BadFrame.IP_VERSION, "inner one early").tunnel().header(f -> f.innerNetworkOffset--),
                bad(BadFrame.HEADERS_TOO_LONG, "inner header beyond the copied bytes")
                        .tunnel()
                        .header(f -> f.innerNetworkOffset = PacketHeaders.COPIED),
                bad(BadFrame.TRUNCATED, "inner header beyond the frame")
                        .tunnel()
                        .packet(p -> p.payload = new byte[10])
                        .header(f -> f.innerNetworkOffset = 0xffff),
                bad(BadFrame.TRUNCATED, "no inner TCP header")
                        .tunnel()
                        .keep(14 + 28 + 22 + 39)
                        .header(f -> f.checksumStart = 50),
                bad(BadFrame.FRAGMENT, "the tunnel's packet").tunnel().bytes(p -> p.bytes[p.outerNetwork + 6] = 0x20),
                bad(BadFrame.FRAGMENT, "the inner packet").tunnel().packet(p -> p.fragmentField = 0x2000),
                bad(BadFrame.CSUM_START, "that of the outer UDP header")
                        .tunnel()
                        .header(f -> f.checksumStart = f.outerTransportOffset),
                bad(BadFrame.GSO_TYPE, "TCPV6 on an inner packet of IPv4")
                        .tunnel()
                        .header(f -> f.gsoType ^= 5),
                bad(BadFrame.TOO_LONG, "the inner packet has 65536 bytes")
                        .tunnel()
                        .packet(p -> p.payload = new byte[65536 - 40]),
                bad(BadFrame.TOO_LONG, "a segment and the tunnel's headers have more than 65535 bytes")
                        .tunnel()
                        .packet(p -> p.payload = new byte[65535 - 40])
                        .header(f -> f.gsoSize = 65535 - 41));
    }

    private static Stream<BadFrameCase> promises() {
        return Stream.of(
                bad(BadFrame.GSO_NOT_NEGOTIATED, "a tunnel").tunnel().without(Offloads.UDP_TUNNEL),
                bad(BadFrame.GSO_NOT_NEGOTIATED, "a tunnel's checksum")
                        .tunnel()
                        .packet(p -> p.outerChecksum = true)
                        .without(Offloads.UDP_TUNNEL_CSUM),
                bad(BadFrame.GSO_NOT_NEGOTIATED, "TCPv4 in a tunnel").tunnel().without(Offloads.TSO4),
                bad(BadFrame.CSUM_NOT_NEGOTIATED, "plain frame")
                        .header(f -> f.gsoType = 0)
                        .without(Offloads.CSUM),
                bad(BadFrame.CSUM_NOT_NEGOTIATED, "super-frame").without(Offloads.CSUM),
                bad(BadFrame.GSO_NOT_NEGOTIATED, "TCPv4").without(Offloads.TSO4),
                bad(BadFrame.GSO_NOT_NEGOTIATED, "TCPv6").v6().without(Offloads.TSO6),
                bad(BadFrame.GSO_NOT_NEGOTIATED, "UDP_L4 over IPv4").udp().without(Offloads.USO4),
                bad(BadFrame.GSO_NOT_NEGOTIATED, "UDP_L4 over IPv6").udp().v6().without(Offloads.USO6),
                bad(BadFrame.GSO_NOT_NEGOTIATED, "UFO").ufo(1480).without(Offloads.UFO),
                bad(BadFrame.ECN_NOT_NEGOTIATED, "TCPv4")
                        .packet(p -> p.ecn = true)
                        .without(Offloads.ECN));
    }
}
