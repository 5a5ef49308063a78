// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;

/** The fields of a network device's config space (virtio 1.4 section 5.1.4), in order, little-endian and without gaps. */
public enum ConfigField {
    /** The MAC address. */
    MAC(0, 6, Feature.MAC),
    /** The device status: LINK_UP and ANNOUNCE. */
    STATUS(6, 2, Feature.STATUS),
    /** The maximum number of queue pairs. */
    MAX_VIRTQUEUE_PAIRS(8, 2, Feature.MQ, Feature.RSS),
    /** The MTU. */
    MTU(10, 2, Feature.MTU),
    /** The link speed in Mbit/s. */
    SPEED(12, 4, Feature.SPEED_DUPLEX),
    /** The duplex mode: half or full. */
    DUPLEX(16, 1, Feature.SPEED_DUPLEX),
    /** The maximum length of the RSS key, in bytes. */
    RSS_MAX_KEY_SIZE(17, 1, Feature.RSS, Feature.HASH_REPORT),
    /** The maximum length of the RSS indirection table, in entries. */
    RSS_MAX_INDIRECTION_TABLE_LENGTH(18, 2, Feature.RSS),
    /** The types of packets over which hashes can be calculated. */
    SUPPORTED_HASH_TYPES(20, 4, Feature.RSS, Feature.HASH_REPORT),
    /** The types of tunnels for which inner headers can be hashed. */
    SUPPORTED_TUNNEL_TYPES(24, 4, Feature.HASH_TUNNEL);

    private static final List<String> STATUS_BITS = List.of("LINK_UP", "ANNOUNCE");
    private static final List<String> HASH_BITS =
            List.of("IPv4", "TCPv4", "UDPv4", "IPv6", "TCPv6", "UDPv6", "IP_EX", "TCP_EX", "UDP_EX");
    private static final List<String> TUNNEL_BITS =
            List.of("GRE_2784", "GRE_2890", "GRE_7676", "GRE_UDP", "VXLAN", "VXLAN_GPE", "GENEVE", "IPIP", "NVGRE");
    private static final int UNKNOWN_DUPLEX = 0xff;

    private final int offset;
    private final int size;
    /** The feature bits, any of which makes the field valid. */
    private final long features;

    ConfigField(int offset, int size, Feature... features) {
        this.offset = offset;
        this.size = size;
        this.features = FeatureSet.of(features).low();
    }

    /** Returns the name of the field in the specification. */
    public String fieldName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the offset of the first byte after the field. */
    public int end() {
        return offset + size;
    }

    /** Returns whether the field is valid for a driver that was offered these features. */
    public boolean hasMeaning(FeatureSet offered) {
        return (offered.low() & features) != 0;
    }

    /** Formats the field's value in words; {@code config} must contain the whole field. */
    public String value(byte[] config) {
        long number = number(config);
        return switch (this) {
            case MAC -> HexFormat.ofDelimiter(":").formatHex(config, offset, end());
            case STATUS -> bits(number, STATUS_BITS);
            case SPEED -> number > Integer.MAX_VALUE ? "unknown" : number + " Mbit/s";
            case DUPLEX -> duplex(number);
            case SUPPORTED_HASH_TYPES -> bits(number, HASH_BITS);
            case SUPPORTED_TUNNEL_TYPES -> bits(number, TUNNEL_BITS);
            case MAX_VIRTQUEUE_PAIRS, MTU, RSS_MAX_KEY_SIZE, RSS_MAX_INDIRECTION_TABLE_LENGTH -> Long.toString(number);
        };
    }

    /** Formats the field's bytes in hexadecimal, in the order in which they are in memory. */
    public String hex(byte[] config) {
        return HexFormat.of().formatHex(config, offset, end());
    }

    private long number(byte[] config) {
        long number = 0;
        for (int at = end() - 1; at >= offset; at--) {
            number = (number << Byte.SIZE) | (config[at] & 0xff);
        }
        return number;
    }

    private static String duplex(long number) {
        if (number == UNKNOWN_DUPLEX) {
            return "unknown";
        }
        return switch ((int) number) {
            case 0 -> "half";
            case 1 -> "full";
            default -> number + ", which is none";
        };
    }

    private static String bits(long number, List<String> names) {
        List<String> set = new ArrayList<>();
        for (int bit = 0; bit < Integer.SIZE; bit++) {
            if ((number >>> bit & 1) != 0) {
                set.add(bit < names.size() ? names.get(bit) : "BIT_" + bit);
            }
        }
        return "0x" + Long.toHexString(number) + (set.isEmpty() ? "" : " " + String.join(" ", set));
    }
}
