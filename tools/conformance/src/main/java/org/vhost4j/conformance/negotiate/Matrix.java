// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.Dependencies;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Creates the relevant combinations of offered feature bits: all bits, each feature without its dependents, each feature
 * without its dependencies, pairs, each protocol feature, every kind of ring, a legacy driver, and bits that were not
 * offered. No combination is repeated under another label.
 */
public final class Matrix {
    /** Bits that require more of a front-end than plain rings: translation, logging, other notifications. */
    private static final long NOT_BY_DEFAULT = FeatureSet.of(
                    Feature.LOG_ALL, Feature.ACCESS_PLATFORM, Feature.NOTIFICATION_DATA, Feature.NOTIF_CONFIG_DATA)
            .low();

    /**
     * Protocol features that make no difference to a driver with plain rings. CONFIG is not one of them: acknowledging
     * it means that the front-end has no config space and no control queue of its own.
     */
    private static final long PROTOCOL_BY_DEFAULT = ProtocolFeature.word(List.of(
            ProtocolFeature.MQ,
            ProtocolFeature.LOG_SHMFD,
            ProtocolFeature.RARP,
            ProtocolFeature.REPLY_ACK,
            ProtocolFeature.MTU,
            ProtocolFeature.BACKEND_REQ,
            ProtocolFeature.PAGEFAULT,
            ProtocolFeature.BACKEND_SEND_FD,
            ProtocolFeature.INFLIGHT_SHMFD,
            ProtocolFeature.RESET_DEVICE,
            ProtocolFeature.CONFIGURE_MEM_SLOTS,
            ProtocolFeature.STATUS,
            ProtocolFeature.DEVICE_STATE));

    private static final List<Feature> RING =
            List.of(Feature.RING_PACKED, Feature.EVENT_IDX, Feature.INDIRECT_DESC, Feature.MRG_RXBUF, Feature.IN_ORDER);

    /** Mask of the bits that legacy drivers see: 0 to 31. */
    private static final long LEGACY = 0xffff_ffffL;

    private final long offeredFeatures;
    private final long offeredWithConfig;
    private final long offeredProtocol;
    private final long base;
    private final long baseProtocol;
    private final Map<String, Combination> combinations = new LinkedHashMap<>();

    /**
     * Creates the combinations for an offer.
     *
     * @param offeredFeatures the offered virtio feature bits
     * @param offeredWithConfig the virtio feature bits offered once CONFIG is acknowledged
     * @param offeredProtocol the offered protocol feature bits
     */
    public Matrix(long offeredFeatures, long offeredWithConfig, long offeredProtocol) {
        this.offeredFeatures = offeredFeatures;
        this.offeredWithConfig = offeredWithConfig;
        this.offeredProtocol = offeredProtocol;
        this.baseProtocol = defaultProtocol(offeredProtocol);
        this.base = defaultFeatures(offeredFeatures, baseProtocol);
        add("offer", "as offered", base, baseProtocol);
        rings();
        protocols();
        add("legacy", "without VERSION_1", closed(base & ~Feature.VERSION_1.mask(), baseProtocol), baseProtocol);
        singles();
        add("acknowledged alone", "nothing", 0, 0);
        secondWord();
        surplus();
        aboveTheWord();
        pairs();
    }

    /** Returns the virtio feature bits that are acknowledged by default. */
    public static long defaultFeatures(long offered, long protocol) {
        return closed(offered & ~NOT_BY_DEFAULT, protocol);
    }

    /** Returns the protocol feature bits that are acknowledged by default. */
    public static long defaultProtocol(long offered) {
        return closed(offered & PROTOCOL_BY_DEFAULT);
    }

    /** Returns all combinations, the most informative first. */
    public List<Combination> combinations() {
        return List.copyOf(combinations.values());
    }

    private void add(String group, String label, long features, long protocol) {
        combinations.putIfAbsent(
                Long.toHexString(features) + "/" + Long.toHexString(protocol),
                new Combination(group, label, features, protocol));
    }

    private void rings() {
        List<Feature> offered = RING.stream().filter(each -> each.in(base)).toList();
        for (int choice = 0; choice < 1 << offered.size(); choice++) {
            long features = base;
            List<String> names = new ArrayList<>();
            for (int i = 0; i < offered.size(); i++) {
                if ((choice >>> i & 1) == 0) {
                    features &= ~offered.get(i).mask();
                } else {
                    names.add(offered.get(i).name());
                }
            }
            add("rings", names.isEmpty() ? "split only" : String.join(" ", names), features, baseProtocol);
        }
    }

    private void protocols() {
        for (ProtocolFeature feature : ProtocolFeature.values()) {
            if (feature.in(baseProtocol)) {
                long protocol = closed(baseProtocol & ~feature.mask());
                add("protocol", "without " + feature, closed(base, protocol), protocol);
            } else if (feature.in(offeredProtocol)) {
                long protocol = baseProtocol | feature.mask();
                long features = feature == ProtocolFeature.CONFIG ? closed(base & offeredWithConfig, protocol) : base;
                add("protocol", "with " + feature, features, protocol);
            }
        }
        add("protocol", "none", closed(base, 0), 0);
        add("protocol", "none, without PROTOCOL_FEATURES", closed(base & ~Feature.PROTOCOL_FEATURES.mask(), 0), 0);
    }

    private void singles() {
        for (Feature feature : Feature.values()) {
            if (feature.in(base)) {
                add("one dropped", "without " + feature, dropped(feature), baseProtocol);
                add("one dropped, its dependents kept", "without " + feature, base & ~feature.mask(), baseProtocol);
            } else if (feature.in(offeredFeatures)) {
                add("one added", "with " + feature, base | feature.mask(), baseProtocol);
            }
        }
    }

    /**
     * Adds combinations of bits 32 to 63, which older front-ends do not support: without all of them, with only one of
     * them, and with bits that have no name.
     */
    private void secondWord() {
        long first = base & LEGACY;
        if (!Feature.VERSION_1.in(base)) {
            return;
        }
        long modern = first | Feature.VERSION_1.mask();
        add("second word", "VERSION_1 alone of bits 32 to 63", closed(modern, baseProtocol), baseProtocol);
        for (Feature feature : Feature.values()) {
            if (feature.bit() > Feature.VERSION_1.bit() && feature.in(base)) {
                long word = modern | feature.mask() | needed(feature);
                add(
                        "second word",
                        "with VERSION_1 and " + feature + " of bits 32 to 63",
                        closed(word, baseProtocol),
                        baseProtocol);
                add(
                        "second word",
                        feature + " without any other feature",
                        closed(
                                Feature.VERSION_1.mask()
                                        | feature.mask()
                                        | needed(feature)
                                        | (base & Feature.PROTOCOL_FEATURES.mask()),
                                baseProtocol),
                        baseProtocol);
            }
        }
    }

    /** Returns the acknowledged features that a feature needs, directly or indirectly. */
    private long needed(Feature feature) {
        long word = 0;
        for (Set<Feature> anyOf : feature.requires()) {
            for (Feature each : anyOf) {
                if (each.in(base)) {
                    word |= each.mask() | needed(each);
                }
            }
        }
        return word;
    }

    /**
     * Adds combinations of bits 64 and above, which the protocol cannot carry: a back-end must not mistake them for
     * other bits.
     */
    private void aboveTheWord() {
        for (Feature feature : Feature.values()) {
            if (!feature.fitsWord()) {
                Combination combination = new Combination(
                        "above bit 63",
                        "with " + feature + ", bit " + feature.bit(),
                        base,
                        baseProtocol,
                        FeatureSet.of(feature).high());
                combinations.put(combination.name(), combination);
            }
        }
    }

    private long dropped(Feature feature) {
        return closed(base & ~feature.mask(), baseProtocol);
    }

    private void surplus() {
        for (Feature feature : Feature.values()) {
            if (feature.fitsWord() && !feature.in(offeredFeatures)) {
                add("not offered", "with " + feature, base | feature.mask(), baseProtocol);
            }
        }
        for (int bit = 0; bit < Long.SIZE; bit++) {
            if (Feature.ofBit(bit).isEmpty()) {
                boolean offered = (offeredFeatures >>> bit & 1) != 0;
                add(
                        offered ? "one dropped" : "not offered",
                        (offered ? "without BIT_" : "with BIT_") + bit,
                        offered ? base & ~(1L << bit) : base | 1L << bit,
                        baseProtocol);
            }
        }
        for (ProtocolFeature feature : ProtocolFeature.values()) {
            if (!feature.in(offeredProtocol)) {
                add("not offered", "with protocol feature " + feature, base, baseProtocol | feature.mask());
            }
        }
    }

    private void pairs() {
        List<Feature> all =
                List.of(Feature.values()).stream().filter(each -> each.in(base)).toList();
        for (int i = 0; i < all.size(); i++) {
            for (int j = i + 1; j < all.size(); j++) {
                add(
                        "two dropped",
                        "without " + all.get(i) + " and " + all.get(j),
                        dropped(all.get(i)) & dropped(all.get(j)),
                        baseProtocol);
            }
        }
    }

    /** Returns the features without those whose dependencies are not met, directly or indirectly. */
    private static long closed(long features, long protocol) {
        long word = Feature.VERSION_1.in(features) ? features : features & LEGACY;
        for (Feature feature : Feature.values()) {
            if (feature.in(word) && !isMet(feature, word, protocol)) {
                return closed(word & ~feature.mask(), protocol);
            }
        }
        return word;
    }

    private static boolean isMet(Feature feature, long features, long protocol) {
        for (Set<Feature> anyOf : feature.requires()) {
            if (anyOf.stream().noneMatch(each -> each.in(features))) {
                return false;
            }
        }
        return Dependencies.requiredBy(feature).stream().allMatch(each -> each.in(protocol));
    }

    private static long closed(long protocol) {
        for (ProtocolFeature feature : ProtocolFeature.of(protocol)) {
            if (!feature.requires().stream().allMatch(each -> each.in(protocol))) {
                return closed(protocol & ~feature.mask());
            }
        }
        return protocol;
    }
}
