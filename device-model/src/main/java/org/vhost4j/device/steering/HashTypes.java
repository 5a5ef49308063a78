// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.steering;

/**
 * The hash types and hash reports (virtio 1.4 sections 5.1.6.4.3.2 and 5.1.6.4.3.5): bits of the field {@code
 * hash_types} and values of {@code hash_report}. {@code EX} in a name stands for IPv6 packets with extension headers.
 */
public final class HashTypes {
    /** Addresses of IPv4. */
    public static final int IPV4 = 1;
    /** Addresses and ports of TCP over IPv4. */
    public static final int TCPV4 = 1 << 1;
    /** Addresses and ports of UDP over IPv4. */
    public static final int UDPV4 = 1 << 2;
    /** Addresses of IPv6. */
    public static final int IPV6 = 1 << 3;
    /** Addresses and ports of TCP over IPv6. */
    public static final int TCPV6 = 1 << 4;
    /** Addresses and ports of UDP over IPv6. */
    public static final int UDPV6 = 1 << 5;
    /** Addresses of IPv6 with extension headers: the home address and that of the routing header, if present. */
    public static final int IP_EX = 1 << 6;
    /** Addresses as in {@link #IP_EX}, and ports of TCP. */
    public static final int TCP_EX = 1 << 7;
    /** Addresses as in {@link #IP_EX}, and ports of UDP. */
    public static final int UDP_EX = 1 << 8;
    /** All types: {@code supported_hash_types} of the config space. */
    public static final int ALL = 0x1ff;

    /** Report value: no hash. */
    public static final int REPORT_NONE = 0;
    /** Report value for {@link #IPV4}; the values of the other types follow in the order of the types. */
    public static final int REPORT_IPV4 = 1;

    private HashTypes() {}

    /** Returns the report value of one type. */
    static int report(int type) {
        return switch (type) {
            case 0 -> REPORT_NONE;
            // Report values are 1, 2, 3 and so on, in the order of the types' bits.
            default -> REPORT_IPV4 + Integer.numberOfTrailingZeros(type);
        };
    }
}
