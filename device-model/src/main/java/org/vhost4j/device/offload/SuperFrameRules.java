// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.Offloads;

/**
 * Compares a frame's virtio-net header with the packet and with the features that the sender negotiated (virtio 1.4
 * section 5.1.6.2). Linux accepts some violations of the specification in frames written to a TAP; these rules accept
 * them only where drivers rely on them.
 */
final class SuperFrameRules {
    /** Maximum number of datagrams in a super-frame, the limit of Linux since 6.9 ({@code UDP_MAX_SEGMENTS}). */
    static final int MAX_UDP_SEGMENTS = 128;
    /**
     * Maximum number of TCP segments: more than a frame of 64 KiB has with the smallest MSS of Linux, 48. This is not a
     * rule of the specification; it limits the work for a frame.
     */
    static final int MAX_TCP_SEGMENTS = 2048;

    private static final int MIN_CSUM_START = Frame.ETHERNET_HEADER + PacketHeaders.IPV4_BYTES;
    private static final int MAX_IP_LENGTH = 0xffff;
    /** A gso_size that is invalid because Linux reserves it ({@code GSO_BY_FRAGS}). */
    private static final int GSO_BY_FRAGS = 0xffff;

    /**
     * Bit in {@link Frame#needs} of a super-frame in a tunnel with a single segment, which no receiver may get
     * unchanged. As a plain frame it would have two partial checksums, but the header can describe only one.
     */
    static final int SOFTWARE = 1 << 29;

    static final int TCP_CSUM_OFFSET = 16;
    static final int UDP_CSUM_OFFSET = 6;

    private SuperFrameRules() {}

    /**
     * Checks a frame and, when it is valid, sets {@link Frame#needs}. A super-frame whose payload fits into one segment
     * becomes a plain frame.
     *
     * @param frame the frame; flags that are not defined for this sender are cleared
     * @param headers set to the headers of a super-frame; not changed for a plain frame
     * @param allowed offloads that the sender may use: a mask of {@link Offloads} and {@link OffloadEngine#TRUSTED}
     * @return null when the frame is valid, otherwise the reason why it is not
     */
    static @Nullable BadFrame check(Frame frame, PacketHeaders headers, int allowed) {
        if (frame.bytes < Frame.ETHERNET_HEADER) {
            return BadFrame.RUNT;
        }
        if ((allowed & Offloads.UDP_TUNNEL) != 0 && wrongTunnelFlags(frame)) {
            return BadFrame.TUNNEL_FLAGS;
        }
        frame.flags &= Frame.NEEDS_CSUM
                | ((allowed & OffloadEngine.TRUSTED) != 0 ? Frame.DATA_VALID : 0)
                | ((allowed & Offloads.UDP_TUNNEL) != 0 ? Frame.UDP_TUNNEL_CSUM : 0);
        boolean partial = (frame.flags & Frame.NEEDS_CSUM) != 0;
        if (partial) {
            if ((allowed & Offloads.CSUM) == 0) {
                return BadFrame.CSUM_NOT_NEGOTIATED;
            }
            if (!checksumInside(frame.checksumStart, frame.checksumOffset, frame.bytes)) {
                return BadFrame.CSUM_OUTSIDE;
            }
        }
        if (frame.gsoType == Frame.GSO_NONE) {
            frame.needs = partial ? Offloads.CSUM : 0;
            return null;
        }
        return checkSuperFrame(frame, headers, allowed);
    }

    static boolean checksumInside(int start, int offset, int bytes) {
        return start >= MIN_CSUM_START && start + offset + 2 <= bytes;
    }

    private static boolean wrongTunnelFlags(Frame frame) {
        int flag = (frame.gsoType & Frame.GSO_UDP_TUNNEL) != 0 ? Frame.DATA_VALID : Frame.UDP_TUNNEL_CSUM;
        return (frame.flags & flag) != 0;
    }

    private static @Nullable BadFrame checkSuperFrame(Frame frame, PacketHeaders headers, int allowed) {
        int tunnel = frame.gsoType & Frame.GSO_UDP_TUNNEL;
        int type = frame.gsoType & ~(Frame.GSO_ECN | Frame.GSO_UDP_TUNNEL);
        boolean ecn = (frame.gsoType & Frame.GSO_ECN) != 0;
        boolean tcp = type == Frame.GSO_TCPV4 || type == Frame.GSO_TCPV6;
        if (!tcp && ecn) {
            return BadFrame.ECN_WITHOUT_TCP;
        }
        if (!tcp && type != Frame.GSO_UDP && type != Frame.GSO_UDP_L4) {
            return BadFrame.UNKNOWN_GSO_TYPE;
        }
        if (tunnel == Frame.GSO_UDP_TUNNEL || (tunnel != 0 && type == Frame.GSO_UDP)) {
            return BadFrame.TUNNEL_TYPE;
        }
        if (tunnel != 0 && (allowed & Offloads.UDP_TUNNEL) == 0) {
            return BadFrame.GSO_NOT_NEGOTIATED;
        }
        if ((frame.flags & Frame.NEEDS_CSUM) == 0) {
            return BadFrame.GSO_WITHOUT_CSUM;
        }
        int size = frame.gsoSize;
        if (size == 0 || size == GSO_BY_FRAGS || (type == Frame.GSO_UDP && size % 8 != 0)) {
            return BadFrame.GSO_SIZE;
        }
        BadFrame bad = headers.parse(frame);
        if (bad == null && tunnel != 0) {
            bad = checkTunnel(frame, headers, tunnel);
        }
        if (bad != null) {
            return bad;
        }
        if (headers.protocol() != (tcp ? PacketHeaders.TCP : PacketHeaders.UDP)
                || (type == Frame.GSO_TCPV4 && headers.ipVersion() != 4)
                || (type == Frame.GSO_TCPV6 && headers.ipVersion() != 6)) {
            return BadFrame.GSO_TYPE;
        }
        if (frame.checksumStart != headers.transportOffset()) {
            return BadFrame.CSUM_START;
        }
        if (frame.checksumOffset != (tcp ? TCP_CSUM_OFFSET : UDP_CSUM_OFFSET)) {
            return BadFrame.CSUM_OFFSET;
        }
        int ipLength = frame.bytes - headers.networkOffset();
        if (ipLength - (headers.ipVersion() == 4 ? 0 : PacketHeaders.IPV6_BYTES) > MAX_IP_LENGTH) {
            return BadFrame.TOO_LONG;
        }
        int kind = kind(type, headers.ipVersion());
        if ((allowed & kind) == 0) {
            return BadFrame.GSO_NOT_NEGOTIATED;
        }
        if (ecn && (allowed & Offloads.ECN) == 0) {
            return BadFrame.ECN_NOT_NEGOTIATED;
        }
        int tunnelNeeds = tunnel == 0
                ? 0
                : (frame.flags & Frame.UDP_TUNNEL_CSUM) == 0
                        ? Offloads.UDP_TUNNEL
                        : Offloads.UDP_TUNNEL | Offloads.UDP_TUNNEL_CSUM;
        if ((tunnelNeeds & ~allowed) != 0) {
            return BadFrame.GSO_NOT_NEGOTIATED;
        }
        return checkSegments(frame, headers, type, Offloads.CSUM | kind | tunnelNeeds | (ecn ? Offloads.ECN : 0));
    }

    private static @Nullable BadFrame checkTunnel(Frame frame, PacketHeaders headers, int tunnel) {
        if (headers.protocol() != PacketHeaders.UDP
                || headers.ipVersion() != (tunnel == Frame.GSO_UDP_TUNNEL_IPV4 ? 4 : 6)) {
            return BadFrame.TUNNEL_OUTER;
        }
        if (frame.outerTransportOffset != headers.transportOffset() || frame.innerNetworkOffset < headers.length()) {
            return BadFrame.TUNNEL_OFFSETS;
        }
        return headers.parseInner(frame.innerNetworkOffset);
    }

    private static @Nullable BadFrame checkSegments(Frame frame, PacketHeaders headers, int type, int needs) {
        // Of IP fragments, only the first has the UDP header; of segments, each has all headers.
        int payload = frame.bytes - (type == Frame.GSO_UDP ? headers.transportOffset() : headers.length());
        if (headers.tunnel()) {
            // The inner packet may be as large as IP allows without the tunnel's headers; the segments must not exceed
            // that limit with them.
            int segment = headers.length() + Math.min(payload, frame.gsoSize) - headers.outerNetworkOffset();
            if (segment - (headers.outerIpVersion() == 4 ? 0 : PacketHeaders.IPV6_BYTES) > MAX_IP_LENGTH) {
                return BadFrame.TOO_LONG;
            }
            if (payload <= frame.gsoSize) {
                frame.needs = needs | SOFTWARE;
                return null;
            }
        } else if (payload <= frame.gsoSize) {
            frame.gsoType = Frame.GSO_NONE;
            frame.gsoSize = 0;
            frame.needs = Offloads.CSUM;
            return null;
        }
        int most = type == Frame.GSO_UDP_L4 ? MAX_UDP_SEGMENTS : MAX_TCP_SEGMENTS;
        if (payload > most * (long) frame.gsoSize) {
            return BadFrame.TOO_MANY_SEGMENTS;
        }
        frame.needs = needs;
        return null;
    }

    private static int kind(int type, int ipVersion) {
        return switch (type) {
            case Frame.GSO_TCPV4 -> Offloads.TSO4;
            case Frame.GSO_TCPV6 -> Offloads.TSO6;
            case Frame.GSO_UDP -> Offloads.UFO;
            default -> ipVersion == 4 ? Offloads.USO4 : Offloads.USO6;
        };
    }
}
