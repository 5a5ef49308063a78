// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * The headers of one frame: Ethernet, up to two VLAN tags (IEEE 802.1Q, 802.1ad), IPv4 (RFC 791) or IPv6 (RFC 8200) and
 * TCP (RFC 9293) or UDP (RFC 768); or all of these inside a UDP tunnel. In a tunnel, accessors without {@code outer} in
 * their names describe the inner packet.
 *
 * <p>The frame's first bytes are copied once into private memory. All fields are read from that copy, and the copied
 * headers are sent. So it has no effect when a sender rewrites its memory meanwhile.
 */
public final class PacketHeaders {
    /**
     * The maximum number of bytes that are copied; a frame with longer headers is {@link BadFrame#HEADERS_TOO_LONG}.
     */
    public static final int COPIED = 256;
    /** The maximum number of VLAN tags. */
    public static final int MAX_VLAN_TAGS = 2;
    /** Protocol number of TCP. */
    public static final int TCP = 6;
    /** Protocol number of UDP. */
    public static final int UDP = 17;
    /** Length of an IPv4 header without options in bytes. */
    public static final int IPV4_BYTES = 20;
    /** Length of an IPv6 header without extensions in bytes. */
    public static final int IPV6_BYTES = 40;

    private static final int VLAN_BYTES = 4;
    private static final int TCP_BYTES = 20;
    /** Length of a UDP header in bytes. */
    static final int UDP_BYTES = 8;

    private static final int ETHERTYPE_VLAN = 0x8100;
    private static final int ETHERTYPE_SERVICE_VLAN = 0x88a8;
    private static final int ETHERTYPE_IPV4 = 0x0800;
    private static final int ETHERTYPE_IPV6 = 0x86dd;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int DESTINATION_OPTIONS = 60;
    /** Mask of MF and fragment offset in the IPv4 field of flags and fragment offset. */
    private static final int IPV4_FRAGMENT_MASK = 0x3fff;

    private final MemorySegment memory = Arena.ofAuto().allocate(COPIED, 64);
    private final long copy = memory.address();
    private int copied;
    private int frameBytes;
    private int networkOffset;
    private int ipVersion;
    private int transportOffset;
    private int fragmentable;
    private int nextHeaderField;
    private boolean tunnel;
    private int outerNetworkOffset;
    private int outerIpVersion;
    private int outerTransportOffset;
    private boolean outerAddressesFinal;
    private int protocol;
    private int length;
    private boolean addressesFinal;

    /** Creates a parser with its own memory for the copy. */
    public PacketHeaders() {}

    /**
     * Copies a frame's first bytes without parsing them.
     *
     * @param frame the frame
     * @param bytes number of bytes, at most {@link #COPIED} and {@code frame.bytes}
     */
    public void copy(Frame frame, int bytes) {
        int done = 0;
        for (int i = 0; done < bytes; i++) {
            int part = Math.min(frame.length[i], bytes - done);
            HostMemory.copy(frame.address[i], copy + done, part);
            done += part;
        }
        copied = bytes;
        frameBytes = frame.bytes;
    }

    /**
     * Copies a frame's headers and determines the offset of each header.
     *
     * @param frame the frame
     * @return null for an unfragmented TCP or UDP packet over IP with complete headers; otherwise the reason why the
     *     frame is not one
     */
    public @Nullable BadFrame parse(Frame frame) {
        copy(frame, Math.min(frame.bytes, COPIED));
        if (copied < Frame.ETHERNET_HEADER) {
            return BadFrame.RUNT;
        }
        int offset = Frame.ETHERNET_HEADER;
        int type = HostMemory.getShortBE(copy + offset - 2);
        for (int tags = 0; type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN; tags++) {
            if (tags == MAX_VLAN_TAGS) {
                return BadFrame.TOO_MANY_VLAN_TAGS;
            }
            offset += VLAN_BYTES;
            if (offset > copied) {
                return beyond(offset);
            }
            type = HostMemory.getShortBE(copy + offset - 2);
        }
        tunnel = false;
        BadFrame bad = switch (type) {
            case ETHERTYPE_IPV4 -> parseIpv4(offset);
            case ETHERTYPE_IPV6 -> parseIpv6(offset);
            default -> BadFrame.NOT_IP;
        };
        return bad != null ? bad : parseTransport();
    }

    /**
     * Determines the header offsets of an inner packet. The tunnel's own header, between the outer UDP header and the
     * inner IP header, is not read.
     *
     * @param innerNetworkOffset offset of the inner IP header, after the outer UDP header
     * @return null for an inner packet that {@link #parse} would accept; otherwise the reason why it would not
     */
    public @Nullable BadFrame parseInner(int innerNetworkOffset) {
        tunnel = true;
        outerNetworkOffset = networkOffset;
        outerIpVersion = ipVersion;
        outerTransportOffset = transportOffset;
        outerAddressesFinal = addressesFinal;
        if (innerNetworkOffset >= copied) {
            return beyond(innerNetworkOffset + 1);
        }
        BadFrame bad = HostMemory.getByte(copy + innerNetworkOffset) >>> 4 == 4
                ? parseIpv4(innerNetworkOffset)
                : parseIpv6(innerNetworkOffset);
        return bad != null ? bad : parseTransport();
    }

    private @Nullable BadFrame parseIpv4(int offset) {
        if (offset + IPV4_BYTES > copied) {
            return beyond(offset + IPV4_BYTES);
        }
        int first = HostMemory.getByte(copy + offset);
        int headerBytes = (first & 0xf) * 4;
        if (first >>> 4 != 4) {
            return BadFrame.IP_VERSION;
        }
        if (headerBytes < IPV4_BYTES) {
            return BadFrame.IP_HEADER_LENGTH;
        }
        if (offset + headerBytes > copied) {
            return beyond(offset + headerBytes);
        }
        if ((HostMemory.getShortBE(copy + offset + 6) & IPV4_FRAGMENT_MASK) != 0) {
            return BadFrame.FRAGMENT;
        }
        networkOffset = offset;
        ipVersion = 4;
        protocol = HostMemory.getByte(copy + offset + 9);
        transportOffset = offset + headerBytes;
        fragmentable = transportOffset;
        addressesFinal = headerBytes == IPV4_BYTES;
        return null;
    }

    private @Nullable BadFrame parseIpv6(int offset) {
        if (offset + IPV6_BYTES > copied) {
            return beyond(offset + IPV6_BYTES);
        }
        if (HostMemory.getByte(copy + offset) >>> 4 != 6) {
            return BadFrame.IP_VERSION;
        }
        int field = offset + 6;
        int next = HostMemory.getByte(copy + field);
        int at = offset + IPV6_BYTES;
        boolean routed = false;
        fragmentable = 0;
        while (next == HOP_BY_HOP || next == ROUTING || next == DESTINATION_OPTIONS) {
            if (at + 8 > copied) {
                return beyond(at + 8);
            }
            if (next == DESTINATION_OPTIONS && routed) {
                endOfUnfragmentable(at, field);
            }
            routed |= next == ROUTING;
            field = at;
            next = HostMemory.getByte(copy + at);
            at += (HostMemory.getByte(copy + at + 1) + 1) * 8;
            if (at > copied) {
                return beyond(at);
            }
        }
        if (next == FRAGMENT) {
            return BadFrame.FRAGMENT;
        }
        endOfUnfragmentable(at, field);
        networkOffset = offset;
        ipVersion = 6;
        protocol = next;
        transportOffset = at;
        addressesFinal = at == offset + IPV6_BYTES;
        return null;
    }

    /**
     * Records the end of the unfragmentable part. Only the first call for a packet has an effect: a destination options
     * header for the final destination belongs to the fragmentable part (RFC 8200, 4.1).
     */
    private void endOfUnfragmentable(int offset, int field) {
        if (fragmentable == 0) {
            fragmentable = offset;
            nextHeaderField = field;
        }
    }

    private @Nullable BadFrame parseTransport() {
        int headerBytes;
        if (protocol == TCP) {
            if (transportOffset + TCP_BYTES > copied) {
                return beyond(transportOffset + TCP_BYTES);
            }
            headerBytes = (HostMemory.getByte(copy + transportOffset + 12) >>> 4) * 4;
            if (headerBytes < TCP_BYTES) {
                return BadFrame.TCP_HEADER_LENGTH;
            }
        } else if (protocol == UDP) {
            headerBytes = UDP_BYTES;
        } else {
            return BadFrame.NOT_TCP_OR_UDP;
        }
        length = transportOffset + headerBytes;
        return length > copied ? beyond(length) : null;
    }

    private BadFrame beyond(int end) {
        return end > frameBytes ? BadFrame.TRUNCATED : BadFrame.HEADERS_TOO_LONG;
    }

    /**
     * Returns the address of the copied headers.
     *
     * @return host address of the first byte, valid as long as this object is reachable
     */
    public long address() {
        return copy;
    }

    /**
     * Returns the offset of the IP header.
     *
     * @return offset in the frame in bytes
     */
    public int networkOffset() {
        return networkOffset;
    }

    /**
     * Returns the IP version.
     *
     * @return 4 or 6
     */
    public int ipVersion() {
        return ipVersion;
    }

    /**
     * Returns the offset of the TCP or UDP header.
     *
     * @return offset in the frame in bytes
     */
    public int transportOffset() {
        return transportOffset;
    }

    /**
     * Returns the transport protocol.
     *
     * @return {@link #TCP} or {@link #UDP}
     */
    public int protocol() {
        return protocol;
    }

    /**
     * Returns the offset of the TCP or UDP payload: the length of all headers.
     *
     * @return offset in the frame in bytes
     */
    public int length() {
        return length;
    }

    /**
     * Returns whether the addresses in the IP header are certainly those of the pseudo-header. They differ with source
     * routes, routing headers and home addresses. So with IPv4 options or IPv6 extension headers, only the sender's
     * partial sum contains the right addresses.
     *
     * @return true without options and extension headers
     */
    public boolean addressesFinal() {
        return addressesFinal;
    }

    /**
     * Sums the two addresses of the IP header.
     *
     * @return their sum as defined by {@link Checksum}
     */
    public int addressSum() {
        return addressSum(networkOffset, ipVersion);
    }

    private int addressSum(int offset, int version) {
        return version == 4 ? Checksum.sum(copy + offset + 12, 8) : Checksum.sum(copy + offset + 8, 32);
    }

    /**
     * Returns the offset of the fragmentable part of an IP packet; the headers before it are repeated in each fragment.
     *
     * @return offset in the frame in bytes: that of the transport header, or of an IPv6 destination options header for
     *     the final destination
     */
    public int fragmentable() {
        return fragmentable;
    }

    /**
     * Returns the position of the IPv6 next-header field that identifies the header at {@link #fragmentable}.
     *
     * @return offset in the frame in bytes
     */
    public int nextHeaderField() {
        return nextHeaderField;
    }

    /**
     * Returns whether the packet is inside a UDP tunnel.
     *
     * @return true after {@link #parseInner}; the {@code outer} accessors are valid then
     */
    public boolean tunnel() {
        return tunnel;
    }

    /**
     * Returns the offset of the tunnel's IP header.
     *
     * @return offset in the frame in bytes
     */
    public int outerNetworkOffset() {
        return outerNetworkOffset;
    }

    /**
     * Returns the tunnel's IP version.
     *
     * @return 4 or 6
     */
    public int outerIpVersion() {
        return outerIpVersion;
    }

    /**
     * Returns the offset of the tunnel's UDP header.
     *
     * @return offset in the frame in bytes
     */
    public int outerTransportOffset() {
        return outerTransportOffset;
    }

    /**
     * Returns {@link #addressesFinal} for the tunnel's IP header.
     *
     * @return true without options and extension headers
     */
    public boolean outerAddressesFinal() {
        return outerAddressesFinal;
    }

    /**
     * Sums the two addresses of the tunnel's IP header.
     *
     * @return their sum as defined by {@link Checksum}
     */
    public int outerAddressSum() {
        return addressSum(outerNetworkOffset, outerIpVersion);
    }
}
