// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.feature;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Every feature bit that is defined for a virtio-net device: virtio 1.4 section 5.1.3 (bits 0 to 23 and 50 up), section
 * 6 (reserved bits 24 to 49), and the two that vhost-user uses for other purposes (26 and 30).
 *
 * <p>A feature's name is the specification's, without {@code VIRTIO_NET_F_}, {@code VIRTIO_F_} or {@code VHOST_F_}. Its
 * property is that of QEMU, as in {@code -device virtio-net-pci,host_uso=off}. Of the bits for which QEMU has no
 * property, some have a property that only this program uses, the others have none.
 */
public enum Feature {
    /** The device accepts frames whose checksum is partial. */
    CSUM(0, "csum"),
    /** The driver accepts frames whose checksum is partial. */
    GUEST_CSUM(1, "guest_csum"),
    /** The driver may change the guest offloads at run time. */
    CTRL_GUEST_OFFLOADS(2, "ctrl_guest_offloads"),
    /** The device reports the maximum MTU. */
    MTU(3, "host_mtu"),
    /** The device has a MAC address in its config space. */
    MAC(5, null),
    /** Legacy: the device accepts every kind of super-frame. */
    GSO(6, "gso"),
    /** The driver accepts TCP super-frames over IPv4. */
    GUEST_TSO4(7, "guest_tso4"),
    /** The driver accepts TCP super-frames over IPv6. */
    GUEST_TSO6(8, "guest_tso6"),
    /** The driver accepts TCP super-frames with ECN. */
    GUEST_ECN(9, "guest_ecn"),
    /** The driver accepts UDP super-frames to be sent as IP fragments. */
    GUEST_UFO(10, "guest_ufo"),
    /** The device accepts TCP super-frames over IPv4. */
    HOST_TSO4(11, "host_tso4"),
    /** The device accepts TCP super-frames over IPv6. */
    HOST_TSO6(12, "host_tso6"),
    /** The device accepts TCP super-frames with ECN. */
    HOST_ECN(13, "host_ecn"),
    /** The device accepts UDP super-frames to be sent as IP fragments. */
    HOST_UFO(14, "host_ufo"),
    /** One received frame may fill several receive buffers. */
    MRG_RXBUF(15, "mrg_rxbuf"),
    /** The config space has a status field. */
    STATUS(16, "status"),
    /** The device has a control queue. */
    CTRL_VQ(17, "ctrl_vq"),
    /** The driver may set receive modes by the control queue. */
    CTRL_RX(18, "ctrl_rx"),
    /** The driver may set VLAN filters by the control queue. */
    CTRL_VLAN(19, "ctrl_vlan"),
    /** The driver may set the extra receive modes by the control queue. */
    CTRL_RX_EXTRA(20, "ctrl_rx_extra"),
    /** The driver sends gratuitous packets when the device requests it. */
    GUEST_ANNOUNCE(21, "guest_announce"),
    /** The device has several queue pairs with automatic steering. */
    MQ(22, "mq"),
    /** The driver may set the MAC address by the control queue. */
    CTRL_MAC_ADDR(23, "ctrl_mac_addr"),
    /** Legacy: the device sends an interrupt when it runs out of available buffers. */
    NOTIFY_ON_EMPTY(24, "notify_on_empty"),
    /** vhost: the back-end logs the pages that it writes. */
    LOG_ALL(26, null),
    /** The device accepts any layout of descriptors. */
    ANY_LAYOUT(27, "any_layout"),
    /** A descriptor may refer to a table of descriptors. */
    INDIRECT_DESC(28, "indirect_desc"),
    /** Notifications are suppressed by {@code used_event} and {@code avail_event}. */
    EVENT_IDX(29, "event_idx"),
    /** vhost-user: front-end and back-end negotiate protocol features. */
    PROTOCOL_FEATURES(30, null),
    /** The device complies with virtio 1.0 or newer. */
    VERSION_1(32, null),
    /** Addresses are translated by the platform's IOMMU. */
    ACCESS_PLATFORM(33, "iommu_platform"),
    /** The queues have the packed layout. */
    RING_PACKED(34, "packed"),
    /** Buffers are used in the order in which they were made available. */
    IN_ORDER(35, "in_order"),
    /** Memory accesses are ordered as the platform requires. */
    ORDER_PLATFORM(36, null),
    /** The device supports single root I/O virtualization. */
    SR_IOV(37, null),
    /** The driver passes extra data with its notifications. */
    NOTIFICATION_DATA(38, null),
    /** The driver uses a value that the device supplies as the queue identifier in notifications. */
    NOTIF_CONFIG_DATA(39, null),
    /** A single queue can be reset. */
    RING_RESET(40, "queue_reset"),
    /** The device has administration queues. */
    ADMIN_VQ(41, null),
    /** The driver may read statistics by the control queue. */
    DEVICE_STATS(50, "device_stats"),
    /** The device calculates hashes of inner headers of tunnelled packets. */
    HASH_TUNNEL(51, null),
    /** The driver may set notification coalescing for each queue by the control queue. */
    VQ_NOTF_COAL(52, "vq_notf_coal"),
    /** The driver may set notification coalescing by the control queue. */
    NOTF_COAL(53, "notf_coal"),
    /** The driver accepts UDP super-frames over IPv4. */
    GUEST_USO4(54, "guest_uso4"),
    /** The driver accepts UDP super-frames over IPv6. */
    GUEST_USO6(55, "guest_uso6"),
    /** The device accepts UDP super-frames. */
    HOST_USO(56, "host_uso"),
    /** The device reports a hash with each received frame. */
    HASH_REPORT(57, "hash"),
    /** The driver sets hdr_len to the exact length of the headers. */
    GUEST_HDRLEN(59, "guest_hdrlen"),
    /** The device steers received frames by receive-side scaling. */
    RSS(60, "rss"),
    /** The device reports coalesced segments. */
    RSC_EXT(61, "guest_rsc_ext"),
    /** The device is a standby for another device with the same MAC address. */
    STANDBY(62, "failover"),
    /** The config space has speed and duplex. */
    SPEED_DUPLEX(63, "speed"),
    /** The device accepts several RSS contexts. */
    RSS_CONTEXT(64, null),
    /** The driver accepts super-frames inside a UDP tunnel. */
    GUEST_UDP_TUNNEL_GSO(65, "guest_tunnel"),
    /** The driver accepts super-frames inside a UDP tunnel whose outer checksum is partial. */
    GUEST_UDP_TUNNEL_GSO_CSUM(66, "guest_tunnel_csum"),
    /** The device accepts super-frames inside a UDP tunnel. */
    HOST_UDP_TUNNEL_GSO(67, "host_tunnel"),
    /** The device accepts super-frames inside a UDP tunnel whose outer checksum is partial. */
    HOST_UDP_TUNNEL_GSO_CSUM(68, "host_tunnel_csum");

    private static final Map<Feature, List<Set<Feature>>> REQUIREMENTS = requirements();
    private static final Feature[] BY_BIT = byBit();

    private final int bit;
    private final @Nullable String property;

    Feature(int bit, @Nullable String property) {
        this.bit = bit;
        this.property = property;
    }

    /**
     * Returns the bit's number.
     *
     * @return 0 to 127
     */
    public int bit() {
        return bit;
    }

    /**
     * Returns the property for this bit: QEMU's, or this program's own where QEMU has none.
     *
     * @return the property's name, or nothing when there is none
     */
    public Optional<String> property() {
        return Optional.ofNullable(property);
    }

    /**
     * Returns the features that this feature requires (virtio 1.4 section 5.1.3.1 and 6.1): of every set in the list,
     * at least one member must be offered, too.
     *
     * @return the sets; empty when the feature has no requirements
     */
    public List<Set<Feature>> requires() {
        return REQUIREMENTS.getOrDefault(this, List.of());
    }

    /**
     * Returns whether this bit fits the u64 of a vhost-user feature message.
     *
     * @return false for bits above 63
     */
    public boolean fitsWord() {
        return bit < Long.SIZE;
    }

    /**
     * Returns this feature as a 64-bit mask.
     *
     * @return a mask with one bit set
     * @throws IllegalStateException for a bit above 63
     */
    public long mask() {
        if (!fitsWord()) {
            throw new IllegalStateException(name() + " is bit " + bit + " and does not fit a 64-bit word");
        }
        return 1L << bit;
    }

    /**
     * Returns whether a set of features contains this one.
     *
     * @param word the features with bits 0 to 63, as a mask
     * @return true when the bit is set; always false for a bit above 63
     */
    public boolean in(long word) {
        return fitsWord() && (word & mask()) != 0;
    }

    /**
     * Returns the feature with a bit number.
     *
     * @param bit 0 to 127
     * @return the feature, or nothing for a bit that a network device does not define
     */
    public static Optional<Feature> ofBit(int bit) {
        return bit < 0 || bit >= BY_BIT.length ? Optional.empty() : Optional.ofNullable(BY_BIT[bit]);
    }

    /**
     * Returns the feature with a QEMU property.
     *
     * @param property name of the property as QEMU spells it
     * @return the feature, or nothing
     */
    public static Optional<Feature> ofProperty(String property) {
        for (Feature feature : values()) {
            if (property.equals(feature.property)) {
                return Optional.of(feature);
            }
        }
        return Optional.empty();
    }

    private static Feature[] byBit() {
        Feature[] table = new Feature[128];
        for (Feature feature : values()) {
            table[feature.bit] = feature;
        }
        return table;
    }

    private static Map<Feature, List<Set<Feature>>> requirements() {
        Map<Feature, List<Set<Feature>>> all = new EnumMap<>(Feature.class);
        for (Feature guest : EnumSet.of(GUEST_TSO4, GUEST_TSO6, GUEST_UFO, GUEST_USO4, GUEST_USO6)) {
            need(all, guest, GUEST_CSUM);
        }
        for (Feature host : EnumSet.of(HOST_TSO4, HOST_TSO6, HOST_UFO, HOST_USO)) {
            need(all, host, CSUM);
        }
        need(all, GUEST_ECN, GUEST_TSO4, GUEST_TSO6);
        need(all, HOST_ECN, HOST_TSO4, HOST_TSO6);
        for (Feature control : EnumSet.of(
                CTRL_RX,
                CTRL_VLAN,
                CTRL_RX_EXTRA,
                CTRL_MAC_ADDR,
                CTRL_GUEST_OFFLOADS,
                GUEST_ANNOUNCE,
                MQ,
                RSS,
                HASH_REPORT,
                NOTF_COAL,
                VQ_NOTF_COAL,
                DEVICE_STATS)) {
            need(all, control, CTRL_VQ);
        }
        need(all, HASH_TUNNEL, HASH_REPORT, RSS);
        need(all, RSS_CONTEXT, RSS);
        need(all, RSC_EXT, HOST_TSO4, HOST_TSO6);
        for (Feature inner : List.of(HOST_TSO4, HOST_TSO6, HOST_USO)) {
            need(all, HOST_UDP_TUNNEL_GSO, inner);
        }
        for (Feature inner : List.of(GUEST_TSO4, GUEST_TSO6, GUEST_USO4, GUEST_USO6)) {
            need(all, GUEST_UDP_TUNNEL_GSO, inner);
        }
        need(all, HOST_UDP_TUNNEL_GSO_CSUM, HOST_UDP_TUNNEL_GSO);
        need(all, GUEST_UDP_TUNNEL_GSO_CSUM, GUEST_UDP_TUNNEL_GSO);
        need(all, ADMIN_VQ, VERSION_1);
        return all;
    }

    private static void need(Map<Feature, List<Set<Feature>>> all, Feature feature, Feature... anyOf) {
        all.computeIfAbsent(feature, f -> new ArrayList<>()).add(EnumSet.copyOf(List.of(anyOf)));
    }
}
