// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

import org.vhost4j.device.frame.Frame;

/**
 * Calculates the hash of received frames with the hash types and the key that the driver configured (virtio 1.4 section
 * 5.1.6.4.3). The result for the last frame is in {@link #value} and {@link #report}.
 */
public final class ReceiveHash {
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;
    private static final int PORT_BYTES = 4;

    /** The hash of the last frame; 0 for a frame without a hash. */
    public int value;

    /** The value of {@code hash_report} in the virtio-net header: the hash type of the last frame. */
    public int report;

    private final Toeplitz toeplitz = new Toeplitz();
    private final FlowHeaders headers = new FlowHeaders();
    private int types;

    /** Disables the hash, as for a driver that has not configured it. */
    void clear() {
        configure(0, new byte[0]);
    }

    /**
     * Sets the hash types and the key.
     *
     * @param enabledTypes a mask of {@link HashTypes}
     * @param key at most {@link Toeplitz#KEY_BYTES} bytes
     */
    void configure(int enabledTypes, byte[] key) {
        types = enabledTypes;
        toeplitz.key(key);
        value = 0;
        report = HashTypes.REPORT_NONE;
    }

    /** Returns whether any hash type is enabled. */
    boolean on() {
        return types != 0;
    }

    /** Calculates the hash of a frame; returns false when no enabled hash type applies to the frame. */
    boolean look(Frame frame) {
        value = 0;
        report = HashTypes.REPORT_NONE;
        if (types == 0) {
            return false;
        }
        FlowHeaders found = headers;
        found.read(frame);
        int type = switch (found.version) {
            case 4 -> first(found, HashTypes.TCPV4, HashTypes.UDPV4, HashTypes.IPV4);
            case 6 -> ipv6(found);
            default -> 0;
        };
        report = HashTypes.report(type);
        return type != 0;
    }

    /**
     * Returns the hash type of an IPv6 packet. For a packet with extension headers, the EX types take precedence; when
     * none of them is enabled, the packet is treated as one without extension headers (5.1.6.4.3.4).
     */
    private int ipv6(FlowHeaders found) {
        if (found.extended) {
            int type = choose(found, HashTypes.TCP_EX, HashTypes.UDP_EX, HashTypes.IP_EX);
            if (type != 0) {
                hash(found.home, found.routed, IPV6_BYTES, type != HashTypes.IP_EX, found.ports);
                return type;
            }
        }
        return first(found, HashTypes.TCPV6, HashTypes.UDPV6, HashTypes.IPV6);
    }

    private int first(FlowHeaders found, int tcp, int udp, int ip) {
        int type = choose(found, tcp, udp, ip);
        if (type != 0) {
            int bytes = found.version == 4 ? IPV4_BYTES : IPV6_BYTES;
            hash(found.source, found.destination, bytes, type != ip, found.ports);
        }
        return type;
    }

    private int choose(FlowHeaders found, int tcp, int udp, int ip) {
        if (found.tcp() && (types & tcp) != 0) {
            return tcp;
        }
        if (found.udp() && (types & udp) != 0) {
            return udp;
        }
        return types & ip;
    }

    private void hash(long source, long destination, int bytes, boolean withPorts, long ports) {
        int sum = toeplitz.add(0, 0, source, bytes);
        sum = toeplitz.add(sum, bytes, destination, bytes);
        value = withPorts ? toeplitz.add(sum, 2 * bytes, ports, PORT_BYTES) : sum;
    }
}
