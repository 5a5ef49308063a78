// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.Offloads;

/**
 * Checks a frame's virtio-net header against the packet and its sender's negotiated features (virtio 1.4 section 5.1.6.2).
 * What Linux accepts of a TAP's writer beyond the specification's rules is accepted only where drivers rely on it.
 */
final class SuperFrameRules {
    /** Linux takes no more datagrams in one super-frame ({@code UDP_MAX_SEGMENTS} since 6.9). */
    static final int MAX_UDP_SEGMENTS = 128;
    /** As many as a 64 KiB frame has with the smallest MSS of Linux, 48, and some to spare: a bound on work, not a rule. */
    static final int MAX_TCP_SEGMENTS = 2048;

    private static final int MIN_CSUM_START = Frame.ETHERNET_HEADER + PacketHeaders.IPV4_BYTES;
    private static final int MAX_IP_LENGTH = 0xffff;
    /** Linux uses this value for something of its own ({@code GSO_BY_FRAGS}). */
    private static final int GSO_BY_FRAGS = 0xffff;

    /**
     * In {@link Frame#needs} of a super-frame that no receiver may get as it is: one in a tunnel that makes a single segment. As a
     * plain frame it would have two partial checksums, and the header has room for one.
     */
    static final int SOFTWARE = 1 << 29;

    static final int TCP_CSUM_OFFSET = 16;
    static final int UDP_CSUM_OFFSET = 6;

    private SuperFrameRules() {}

    /**
     * Checks a frame and, when it is good, sets {@link Frame#needs}. A super-frame whose payload fits one segment becomes a
     * plain frame.
     *
     * @param frame the frame; flags that mean nothing of this sender are cleared
     * @param headers filled for a super-frame, untouched for a plain frame
     * @param allowed what the sender may use: a mask of {@link Offloads} and {@link OffloadEngine#TRUSTED}
     * @return null when it is good
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
        // IP fragments cut the UDP header off with the first piece of payload; segments repeat all headers.
        int payload = frame.bytes - (type == Frame.GSO_UDP ? headers.transportOffset() : headers.length());
        if (headers.tunnel()) {
            // The tunnel's headers come on top of what may be as large as IP allows; the segments must not be larger.
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
