// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

/** MAC addresses as numbers: 48 bits, the first byte on the wire highest. */
public final class MacAddress {
    /** The individual/group bit: the lowest of the first byte on the wire (IEEE 802, section 8.2.2). */
    private static final int GROUP_BIT = 40;

    private MacAddress() {}

    /**
     * Whether an address is a group address: multicast or broadcast.
     *
     * @param address 48 bits
     * @return false for the address of a single station
     */
    public static boolean isGroup(long address) {
        return (address >>> GROUP_BIT & 1) != 0;
    }
}
