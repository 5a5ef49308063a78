// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.NetFeatures;

/**
 * The capabilities of a virtio-net device, independent of its host. They are the first layer: the device's features are offered unless a
 * later layer sets them to off.
 *
 * @param name name for messages
 * @param features every feature that the device supports
 * @param offByDefault features that the device offers only if a later layer sets them to on
 * @param bits number of feature bits on its path to the guest: 64 with vhost-user, 128 without
 * @param mtu value of {@code host_mtu} unless a later layer sets it; 0 for none
 * @param leftToFrontEnd features that are offered to a front-end with its own properties (QEMU's virtio-net-pci), unless the machine, the
 *     platform or the operator sets them to off. The front-end decides whether the guest sees them. They concern rings and reset, not
 *     offloads of frames
 *
 * @param whyNot for features that the device could support, the option that would enable them; one clause each
 */
public record DeviceCapabilities(
        String name,
        Set<Feature> features,
        Set<Feature> offByDefault,
        int bits,
        int mtu,
        Set<Feature> leftToFrontEnd,
        Map<Feature, String> whyNot) {
    private static final String QEMU = "QEMU";

    /** Features of the ring format, which are offered only if requested, as in QEMU. */
    private static final Set<Feature> RINGS = EnumSet.of(Feature.RING_PACKED, Feature.IN_ORDER);

    /** Features of the device that no machine type enables by itself. */
    private static final Set<Feature> ON_REQUEST = EnumSet.of(
            Feature.RSS,
            Feature.HASH_REPORT,
            Feature.DEVICE_STATS,
            Feature.NOTF_COAL,
            Feature.VQ_NOTF_COAL,
            Feature.GUEST_HDRLEN,
            Feature.RSC_EXT,
            Feature.STANDBY,
            Feature.ACCESS_PLATFORM,
            Feature.SPEED_DUPLEX);

    /**
     * A legacy feature that is left to a front-end with its own device, because QEMU hides it from modern drivers. QEMU's generic
     * vhost-user device passes every bit on.
     */
    private static final Set<Feature> OF_FRONT_END = EnumSet.of(Feature.NOTIFY_ON_EMPTY);

    /**
     * The reason why RING_RESET is implemented but not offered: QEMU (up to at least 11.1) does not notify a vhost-user back-end when the
     * driver resets a queue. virtio-net-pci notifies only the vhost-net of a TAP, and the generic vhost-user device notifies no back-end.
     * The back-end would continue to use the ring that the guest has reset.
     */
    private static final String NO_RING_RESET = "QEMU does not notify a vhost-user back-end of a queue reset";

    /** Copies the collections. */
    public DeviceCapabilities {
        features = Set.copyOf(features);
        offByDefault = Set.copyOf(offByDefault);
        leftToFrontEnd = Set.copyOf(leftToFrontEnd);
        whyNot = Map.copyOf(whyNot);
    }

    /**
     * Returns the capabilities of this back-end's device.
     *
     * @param queuePairs number of queue pairs, at least 1; MQ exists from 2 on
     * @param mtu the MTU in the config space; empty for none
     * @return its capabilities
     */
    public static DeviceCapabilities vhost4j(int queuePairs, OptionalInt mtu) {
        if (queuePairs < 1) {
            throw new IllegalArgumentException("queuePairs is " + queuePairs + ", less than 1");
        }
        Set<Feature> features = EnumSet.copyOf(NetFeatures.ALL);
        features.removeAll(OF_FRONT_END);
        features.remove(Feature.RING_RESET);
        Set<Feature> offByDefault = EnumSet.copyOf(RINGS);
        offByDefault.addAll(ON_REQUEST);
        Set<Feature> leftToFrontEnd = EnumSet.copyOf(RINGS);
        leftToFrontEnd.addAll(OF_FRONT_END);
        Map<Feature, String> whyNot = new EnumMap<>(Feature.class);
        for (Feature feature : OF_FRONT_END) {
            whyNot.put(feature, "it is up to QEMU's own virtio-net-pci, which offers it with the back-end's consent");
        }
        whyNot.put(Feature.RING_RESET, NO_RING_RESET);
        if (queuePairs == 1) {
            features.remove(Feature.MQ);
            whyNot.put(Feature.MQ, "it has one queue pair (give --queues more than 1)");
        }
        // NOTIFICATION_DATA is not included: the kick of vhost-user is an eventfd, on which the data of a notification
        // is lost, so the driver would provide it without effect. The offload engine and the TAP support super-frames
        // inside UDP tunnels (bits 65 to 68), but these bits cannot be offered: vhost-user's GET_FEATURES and
        // SET_FEATURES carry one 64-bit word, and the protocol has no message for more.
        return new DeviceCapabilities(
                "this back-end", features, offByDefault, Long.SIZE, mtu.orElse(0), leftToFrontEnd, whyNot);
    }

    /**
     * Returns the capabilities of QEMU's own virtio-net device with a TAP, which supports 128 feature bits.
     *
     * @return every feature for which QEMU has a property, with QEMU's defaults
     */
    public static DeviceCapabilities qemu() {
        return qemu(1);
    }

    /**
     * Returns the capabilities of QEMU's own virtio-net device with several queue pairs.
     *
     * @param queuePairs number of queue pairs, at least 1; MQ is on from 2 on
     * @return every feature for which QEMU has a property, with QEMU's defaults for all but MQ
     */
    public static DeviceCapabilities qemu(int queuePairs) {
        Set<Feature> features = EnumSet.of(Feature.MAC, Feature.VERSION_1);
        Set<Feature> off = EnumSet.noneOf(Feature.class);
        for (Property property : Property.all()) {
            Optional<Feature> feature = property.feature();
            if (feature.isPresent() && property.isQemus()) {
                features.add(feature.get());
                if (property.qemuDefault().filter(Property.OFF::equals).isPresent()) {
                    off.add(feature.get());
                }
            }
        }
        if (queuePairs > 1) {
            off.remove(Feature.MQ);
        }
        return new DeviceCapabilities(QEMU, features, off, 2 * Long.SIZE, 0, Set.of(), Map.of());
    }

    /**
     * Returns whether this is QEMU's own device. For it, this program's software cannot replace missing capabilities of the host.
     *
     * @return true for {@link #qemu}
     */
    boolean isQemus() {
        return name.equals(QEMU);
    }

    /**
     * Returns whether a feature is off by default in QEMU and in this program. A host that lacks a capability for such a feature still
     * supports every guest for which the operator does not enable it.
     *
     * @param feature the feature
     * @return true for packed rings, IN_ORDER, RSS and so on
     */
    static boolean isOnRequest(Feature feature) {
        return RINGS.contains(feature) || ON_REQUEST.contains(feature);
    }

    /**
     * Returns whether the device supports a feature.
     *
     * @param feature the feature
     * @return true when it may be offered
     */
    public boolean has(Feature feature) {
        return features.contains(feature);
    }

    /**
     * Returns whether the path to the guest can carry a feature's bit.
     *
     * @param feature the feature
     * @return false for a bit beyond {@link #bits()}
     */
    public boolean carries(Feature feature) {
        return feature.bit() < bits;
    }

    /**
     * Returns the default value of a property.
     *
     * @param property a property of a feature
     * @return on or off, or a number
     */
    String defaultOf(Property property) {
        Feature feature = property.feature().orElseThrow();
        if (property.kind() == Property.Kind.MTU) {
            return Integer.toString(mtu);
        }
        if (property.kind() == Property.Kind.SPEED) {
            return "0";
        }
        return has(feature) && carries(feature) && !offByDefault.contains(feature) ? Property.ON : Property.OFF;
    }
}
