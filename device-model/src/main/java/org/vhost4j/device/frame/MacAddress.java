// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import java.util.HexFormat;
import java.util.regex.Pattern;

/** MAC addresses as numbers of 48 bits, with the first byte on the wire in the highest bits. */
public final class MacAddress {
    /** Position of the individual/group bit: the lowest bit of the first byte on the wire (IEEE 802, section 8.2.2). */
    private static final int GROUP_BIT = 40;

    private static final Pattern TEXT = Pattern.compile("[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}");

    private MacAddress() {}

    /**
     * Parses an address.
     *
     * @param text six bytes in hexadecimal with colons or hyphens between, such as {@code 52:54:00:12:34:56}
     * @return 48 bits
     * @throws IllegalArgumentException when the text is not an address
     */
    public static long parse(String text) {
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is not a MAC address such as 52:54:00:12:34:56");
        }
        return Long.parseLong(text, 0, 2, 16) << 40
                | Long.parseLong(text, 3, 5, 16) << 32
                | Long.parseLong(text, 6, 8, 16) << 24
                | Long.parseLong(text, 9, 11, 16) << 16
                | Long.parseLong(text, 12, 14, 16) << 8
                | Long.parseLong(text, 15, 17, 16);
    }

    /**
     * Formats an address.
     *
     * @param address 48 bits
     * @return text such as {@code 52:54:00:12:34:56}
     */
    public static String text(long address) {
        StringBuilder text = new StringBuilder(17);
        for (int shift = GROUP_BIT; shift >= 0; shift -= 8) {
            text.append(text.isEmpty() ? "" : ":").append(HexFormat.of().toHexDigits((byte) (address >>> shift)));
        }
        return text.toString();
    }

    /**
     * Returns whether an address is a group address: multicast or broadcast.
     *
     * @param address the address, 48 bits
     * @return false for the individual address of one station
     */
    public static boolean isGroup(long address) {
        return (address >>> GROUP_BIT & 1) != 0;
    }
}
