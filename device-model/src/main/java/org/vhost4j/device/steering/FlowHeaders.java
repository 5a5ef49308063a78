// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * Finds the fields of a frame that identify its flow: IP addresses, and TCP or UDP ports. There may be up to two VLAN
 * tags, IPv4 options and IPv6 extension headers before them. Every offset is compared with the frame's length; a
 * truncated field counts as absent.
 */
final class FlowHeaders {
    private static final int IPV4_TYPE = 0x0800;
    private static final int IPV6_TYPE = 0x86dd;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int AUTHENTICATION = 51;
    private static final int DESTINATION_OPTIONS = 60;
    private static final int MOBILE_ROUTING = 2;
    private static final int HOME_ADDRESS = 0xc9;

    /** Number of bytes from the frame's start in which headers are searched. */
    private static final int WINDOW = 256;

    /** IP version, 4 or 6; 0 for neither. */
    int version;

    /** The protocol whose ports were found: 6 (TCP) or 17 (UDP); 0 without ports. */
    int protocol;

    /** Whether the packet has IPv6 extension headers. */
    boolean extended;

    /** Host address of the IP source address field. */
    long source;

    /** Host address of the IP destination address field. */
    long destination;

    /** Host address of the source port field, which the destination port follows. */
    long ports;

    /**
     * Host address of the IPv6 home address in a home address option; without the option, that of the source address
     * field.
     */
    long home;

    /**
     * Host address of the IPv6 address in a routing header of type 2; without the header, that of the destination
     * address field.
     */
    long routed;

    private final MemorySegment gathered = Arena.ofAuto().allocate(WINDOW, 8);

    /** Reads the headers of a frame. */
    void read(Frame frame) {
        version = 0;
        protocol = 0;
        extended = false;
        long at = frame.address[0];
        int end = frame.length[0];
        if (frame.pieces > 1 && end < WINDOW) {
            at = gathered.address();
            end = gather(frame, at);
        }
        if (end < Frame.ETHERNET_HEADER) {
            return;
        }
        int next = Frame.ETHERNET_HEADER;
        int type = HostMemory.getShortBE(at + 12);
        for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8) && next + 4 <= end; tags++) {
            type = HostMemory.getShortBE(at + next + 2);
            next += 4;
        }
        if (type == IPV4_TYPE) {
            readIpv4(at + next, end - next);
        } else if (type == IPV6_TYPE) {
            readIpv6(at + next, end - next);
        }
    }

    private static int gather(Frame frame, long to) {
        int taken = 0;
        for (int i = 0; i < frame.pieces && taken < WINDOW; i++) {
            int part = Math.min(frame.length[i], WINDOW - taken);
            HostMemory.copy(frame.address[i], to + taken, part);
            taken += part;
        }
        return taken;
    }

    private void readIpv4(long ip, int bytes) {
        if (bytes < 20 || HostMemory.getByte(ip) >>> 4 != 4) {
            return;
        }
        version = 4;
        source = ip + 12;
        destination = ip + 16;
        int header = 4 * (HostMemory.getByte(ip) & 0xf);
        // Only the first fragment has ports, but all fragments must go to the same queue.
        boolean fragment = (HostMemory.getShortBE(ip + 6) & 0x3fff) != 0;
        if (!fragment && header >= 20) {
            readPorts(HostMemory.getByte(ip + 9), ip, header, bytes);
        }
    }

    private void readIpv6(long ip, int bytes) {
        if (bytes < 40 || HostMemory.getByte(ip) >>> 4 != 6) {
            return;
        }
        version = 6;
        source = ip + 8;
        destination = ip + 24;
        home = source;
        routed = destination;
        int next = HostMemory.getByte(ip + 6);
        int at = 40;
        boolean fragment = false;
        while (isExtension(next) && at + 8 <= bytes) {
            int length = length(next, ip + at);
            extended = true;
            if (at + length > bytes) {
                return;
            }
            switch (next) {
                case FRAGMENT -> fragment |= (HostMemory.getShortBE(ip + at + 2) & 0xfff9) != 0;
                case ROUTING -> readRouting(ip + at, length);
                case DESTINATION_OPTIONS -> readOptions(ip + at, length);
                default -> {}
            }
            next = HostMemory.getByte(ip + at);
            at += length;
        }
        if (!fragment) {
            readPorts(next, ip, at, bytes);
        }
    }

    private static boolean isExtension(int header) {
        return header == HOP_BY_HOP
                || header == ROUTING
                || header == FRAGMENT
                || header == AUTHENTICATION
                || header == DESTINATION_OPTIONS;
    }

    private static int length(int header, long at) {
        return switch (header) {
            case FRAGMENT -> 8;
            case AUTHENTICATION -> 4 * (HostMemory.getByte(at + 1) + 2);
            default -> 8 * (HostMemory.getByte(at + 1) + 1);
        };
    }

    private void readRouting(long header, int length) {
        if (HostMemory.getByte(header + 2) == MOBILE_ROUTING && length >= 24) {
            routed = header + 8;
        }
    }

    private void readOptions(long header, int length) {
        int at = 2;
        while (at + 2 <= length) {
            int type = HostMemory.getByte(header + at);
            if (type == 0) {
                // A Pad1 option, one byte.
                at++;
            } else {
                int bytes = HostMemory.getByte(header + at + 1);
                if (type == HOME_ADDRESS && bytes == 16 && at + 18 <= length) {
                    home = header + at + 2;
                    return;
                }
                at += 2 + bytes;
            }
        }
    }

    private void readPorts(int transport, long ip, int at, int bytes) {
        if ((transport == TCP || transport == UDP) && at + 4 <= bytes) {
            protocol = transport;
            ports = ip + at;
        }
    }

    boolean tcp() {
        return protocol == TCP;
    }

    boolean udp() {
        return protocol == UDP;
    }
}
