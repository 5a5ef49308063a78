// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * The header fields of a frame that filters compare. They are read from a copy of its first bytes, so that later writes
 * of the guest have no effect. Fields that a frame does not have are {@link #NONE}. Reused for the next frame.
 */
final class PacketView {
    /** The value of an absent field. */
    static final int NONE = -1;

    static final int ARP = 0x0806;
    static final int IPV4 = 0x0800;
    static final int IPV6 = 0x86dd;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int SCTP = 132;

    /** Number of bytes that are read from the start of a frame. */
    private static final int BYTES = 256;

    private static final int ETHERNET = 14;
    private static final int TAG = 4;
    private static final int MOST_TAGS = 2;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int MOST_EXTENSIONS = 8;

    long etherDestination;
    long etherSource;

    /** VLAN ID of the outermost tag. */
    int vlan;

    /** EtherType after all tags. */
    int etherType;

    /** Protocol above IP, after extension headers. */
    int protocol;

    /** IPv4 source address, also that of an ARP packet, as an unsigned number. */
    long source4;

    long destination4;

    long source6High;
    long source6Low;
    long destination6High;
    long destination6Low;

    int sourcePort;
    int destinationPort;

    private final MemorySegment copy = Arena.ofAuto().allocate(BYTES, 8);
    private final long base = copy.address();
    private int length;

    /** Reads a frame in one piece. */
    void read(long address, int bytes) {
        length = Math.min(bytes, BYTES);
        HostMemory.copy(address, base, length);
        parse();
    }

    /** Reads a frame in any number of pieces. */
    void read(Frame frame) {
        int most = Math.min(frame.bytes, BYTES);
        int done = 0;
        for (int i = 0; done < most; i++) {
            int part = Math.min(frame.length[i], most - done);
            HostMemory.copy(frame.address[i], base + done, part);
            done += part;
        }
        length = most;
        parse();
    }

    private void parse() {
        vlan = NONE;
        etherType = NONE;
        protocol = NONE;
        source4 = NONE;
        destination4 = NONE;
        sourcePort = NONE;
        destinationPort = NONE;
        etherDestination = NONE;
        etherSource = NONE;
        if (length < ETHERNET) {
            return;
        }
        etherDestination = HostMemory.getLongBE(base) >>> 16;
        etherSource = HostMemory.getLongBE(base + 6) >>> 16;
        int at = ETHERNET;
        int type = HostMemory.getShortBE(base + 12);
        for (int tags = 0; tags < MOST_TAGS && isTag(type) && at + TAG <= length; tags++) {
            if (vlan == NONE) {
                vlan = HostMemory.getShortBE(base + at) & 0xfff;
            }
            type = HostMemory.getShortBE(base + at + 2);
            at += TAG;
        }
        etherType = type;
        switch (type) {
            case ARP -> arp(at);
            case IPV4 -> ipv4(at);
            case IPV6 -> ipv6(at);
            default -> {}
        }
    }

    private static boolean isTag(int type) {
        return type == 0x8100 || type == 0x88a8;
    }

    private void arp(int at) {
        // Ethernet and IPv4, with addresses of 6 and 4 bytes (RFC 826).
        if (at + 28 <= length
                && HostMemory.getIntBE(base + at) == 0x0001_0800
                && HostMemory.getShortBE(base + at + 4) == 0x0604) {
            source4 = unsigned(at + 14);
            destination4 = unsigned(at + 24);
        }
    }

    private void ipv4(int at) {
        if (at + IPV4_BYTES > length) {
            return;
        }
        protocol = HostMemory.getByte(base + at + 9);
        source4 = unsigned(at + 12);
        destination4 = unsigned(at + 16);
        boolean first = (HostMemory.getShortBE(base + at + 6) & 0x1fff) == 0;
        if (first) {
            ports(at + 4 * (HostMemory.getByte(base + at) & 0xf));
        }
    }

    private void ipv6(int at) {
        if (at + IPV6_BYTES > length) {
            return;
        }
        source6High = HostMemory.getLongBE(base + at + 8);
        source6Low = HostMemory.getLongBE(base + at + 16);
        destination6High = HostMemory.getLongBE(base + at + 24);
        destination6Low = HostMemory.getLongBE(base + at + 32);
        int next = HostMemory.getByte(base + at + 6);
        int header = at + IPV6_BYTES;
        boolean first = true;
        for (int i = 0; i < MOST_EXTENSIONS && isExtension(next) && header + 8 <= length; i++) {
            int kind = next;
            next = HostMemory.getByte(base + header);
            if (kind == 44) {
                first &= (HostMemory.getShortBE(base + header + 2) & 0xfff8) == 0;
                header += 8;
            } else if (kind == 51) {
                header += 4 * (HostMemory.getByte(base + header + 1) + 2);
            } else {
                header += 8 * (HostMemory.getByte(base + header + 1) + 1);
            }
        }
        protocol = next;
        if (first) {
            ports(header);
        }
    }

    /**
     * Returns whether a header is an IPv6 extension header: hop-by-hop options, routing, fragment, destination options
     * (RFC 8200 section 4) or authentication (RFC 4302).
     */
    private static boolean isExtension(int header) {
        return header == 0 || header == 43 || header == 44 || header == 51 || header == 60;
    }

    private void ports(int at) {
        if ((protocol == TCP || protocol == UDP || protocol == SCTP) && at + 4 <= length) {
            sourcePort = HostMemory.getShortBE(base + at);
            destinationPort = HostMemory.getShortBE(base + at + 2);
        }
    }

    private long unsigned(int at) {
        return HostMemory.getIntBE(base + at) & 0xffff_ffffL;
    }
}
