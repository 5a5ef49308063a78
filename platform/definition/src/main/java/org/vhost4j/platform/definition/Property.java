// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.vhost4j.device.feature.Feature;

/**
 * A property of QEMU's {@code virtio-net-pci} that a machine, a platform or an operator may state, with QEMU's spelling. Most
 * of them are the switch of one feature bit.
 *
 * @param owner the QEMU type that has it: {@code virtio-net}, {@code virtio-device} or {@code virtio-pci}; or {@code vhost4j} for one
 *     of our own
 * @param name the name within that type, as in {@code -device virtio-net-pci,host_uso=off}
 * @param kind which values it takes
 * @param feature the feature bit that it switches, if it does
 * @param qemuDefault the value in QEMU before any machine type has its say, or empty when QEMU computes it
 */
public record Property(String owner, String name, Kind kind, Optional<Feature> feature, Optional<String> qemuDefault) {
    /** A switch that is on. */
    public static final String ON = "on";
    /** A switch that is off. */
    public static final String OFF = "off";

    /** Which values a property takes. */
    public enum Kind {
        /** {@code on} or {@code off}. */
        SWITCH("on or off"),
        /** {@code on}, {@code off} or {@code auto}. */
        SWITCH_OR_AUTO("on, off or auto"),
        /** A whole number from 0 to 65535. */
        NUMBER("a number from 0 to 65535"),
        /** An MTU in bytes, or 0: then the feature bit is off (virtio 1.4 section 5.1.4.1). */
        MTU("0 or a number from 68 to 65535"),
        /** A speed in Mbit/s, or 0: then the feature bit is off (virtio 1.4 section 5.1.4). */
        SPEED("0 or a number of Mbit/s up to 2147483647");

        private final String range;

        Kind(String range) {
            this.range = range;
        }

        /**
         * The values in words.
         *
         * @return such as {@code on or off}
         */
        public String range() {
            return range;
        }
    }

    private static final String NET = "virtio-net";
    private static final String DEVICE = "virtio-device";
    private static final String PCI = "virtio-pci";

    /** The owner of what no QEMU has a property for. */
    private static final String OURS = "vhost4j";

    /** Feature bits whose property is off by default in QEMU; every other feature property is on. */
    private static final Set<Feature> OFF_IN_QEMU = EnumSet.of(
            Feature.MQ,
            Feature.RSS,
            Feature.HASH_REPORT,
            Feature.RSC_EXT,
            Feature.DEVICE_STATS,
            Feature.VQ_NOTF_COAL,
            Feature.NOTF_COAL,
            Feature.GUEST_HDRLEN,
            Feature.STANDBY,
            Feature.ACCESS_PLATFORM,
            Feature.RING_PACKED,
            Feature.IN_ORDER);

    /** Bits whose property belongs to every virtio device. */
    private static final Set<Feature> OF_ANY_DEVICE = EnumSet.of(
            Feature.NOTIFY_ON_EMPTY,
            Feature.ANY_LAYOUT,
            Feature.INDIRECT_DESC,
            Feature.EVENT_IDX,
            Feature.ACCESS_PLATFORM,
            Feature.RING_PACKED,
            Feature.IN_ORDER,
            Feature.RING_RESET);

    /** Bits that QEMU passes on at most: its own device has no switch for them. */
    private static final Set<Feature> UNKNOWN_TO_QEMU =
            EnumSet.of(Feature.DEVICE_STATS, Feature.VQ_NOTF_COAL, Feature.NOTF_COAL, Feature.GUEST_HDRLEN);

    private static final int LEAST_MTU = 68;
    private static final Pattern WHOLE_NUMBER = Pattern.compile("0|[1-9][0-9]{0,9}");
    private static final Map<String, Property> BY_NAME = registry();
    private static final List<Property> ALL = List.copyOf(BY_NAME.values());

    /**
     * Every property that is known.
     *
     * @return features in the order of their bits, then the rest
     */
    public static List<Property> all() {
        return ALL;
    }

    /**
     * A property by name.
     *
     * @param name with or without its owner: {@code host_uso} or {@code virtio-net.host_uso}
     * @return the property, or nothing when there is none of that name
     */
    public static Optional<Property> named(String name) {
        Property plain = BY_NAME.get(name);
        if (plain != null) {
            return Optional.of(plain);
        }
        int dot = name.indexOf('.');
        return dot < 0
                ? Optional.empty()
                : Optional.ofNullable(BY_NAME.get(name.substring(dot + 1)))
                        .filter(property -> property.qualifiedName().equals(name));
    }

    /**
     * The property that switches a feature.
     *
     * @param feature the feature
     * @return its property, or nothing when QEMU gives it none
     */
    public static Optional<Property> of(Feature feature) {
        return feature.property().map(BY_NAME::get);
    }

    /**
     * Whether QEMU's {@code virtio-net-pci} has this property.
     *
     * @return false for what is ours alone
     */
    public boolean isQemus() {
        return !owner.equals(OURS);
    }

    /**
     * The name with its owner, as definitions spell it.
     *
     * @return such as {@code virtio-net.host_uso}
     */
    public String qualifiedName() {
        return owner + "." + name;
    }

    /**
     * Whether a value may be stated.
     *
     * @param value the value
     * @return true when {@link #kind()} allows it
     */
    public boolean allows(String value) {
        return switch (kind) {
            case SWITCH -> value.equals(ON) || value.equals(OFF);
            case SWITCH_OR_AUTO -> value.equals(ON) || value.equals(OFF) || value.equals("auto");
            case MTU -> value.equals("0") || (isNumber(value) && Integer.parseInt(value) >= LEAST_MTU);
            case NUMBER -> isNumber(value);
            case SPEED -> WHOLE_NUMBER.matcher(value).matches() && Long.parseLong(value) <= Integer.MAX_VALUE;
        };
    }

    private static boolean isNumber(String value) {
        return WHOLE_NUMBER.matcher(value).matches() && Long.parseLong(value) <= 0xffff;
    }

    /**
     * Whether a value asks for the property's feature.
     *
     * @param value a value that {@link #allows} it
     * @return true for on, and for any number but 0
     */
    public static boolean isOn(String value) {
        return !value.equals(OFF) && !value.equals("0");
    }

    @Override
    public String toString() {
        return name;
    }

    private static Map<String, Property> registry() {
        List<Property> all = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            feature.property().ifPresent(name -> all.add(ofFeature(feature, name)));
        }
        all.add(new Property(NET, "rx_queue_size", Kind.NUMBER, Optional.empty(), Optional.of("256")));
        all.add(new Property(NET, "tx_queue_size", Kind.NUMBER, Optional.empty(), Optional.of("256")));
        all.add(qemuSwitch(NET, "x-mtu-bypass-backend", ON));
        all.add(qemuSwitch(DEVICE, "use-started", ON));
        all.add(qemuSwitch(DEVICE, "use-disabled-flag", ON));
        all.add(qemuSwitch(DEVICE, "x-disable-legacy-check", OFF));
        all.add(qemuSwitch(PCI, "disable-modern", OFF));
        all.add(new Property(PCI, "disable-legacy", Kind.SWITCH_OR_AUTO, Optional.empty(), Optional.of("auto")));
        all.add(qemuSwitch(PCI, "page-per-vq", OFF));
        all.add(qemuSwitch(PCI, "x-ignore-backend-features", OFF));
        all.add(qemuSwitch(PCI, "x-pcie-pm-no-soft-reset", ON));
        all.add(qemuSwitch(PCI, "x-pcie-flr-init", ON));
        all.add(qemuSwitch(PCI, "x-ats-page-aligned", ON));
        all.add(new Property(PCI, "vectors", Kind.NUMBER, Optional.empty(), Optional.empty()));
        Map<String, Property> byName = new LinkedHashMap<>();
        for (Property property : all) {
            byName.put(property.name, property);
        }
        return Collections.unmodifiableMap(byName);
    }

    private static Property ofFeature(Feature feature, String name) {
        String owner = OF_ANY_DEVICE.contains(feature) ? DEVICE : UNKNOWN_TO_QEMU.contains(feature) ? OURS : NET;
        if (feature == Feature.MTU) {
            return new Property(owner, name, Kind.MTU, Optional.of(feature), Optional.of("0"));
        }
        if (feature == Feature.SPEED_DUPLEX) {
            return new Property(owner, name, Kind.SPEED, Optional.of(feature), Optional.of("0"));
        }
        String value = OFF_IN_QEMU.contains(feature) ? OFF : ON;
        return new Property(owner, name, Kind.SWITCH, Optional.of(feature), Optional.of(value));
    }

    private static Property qemuSwitch(String owner, String name, String value) {
        return new Property(owner, name, Kind.SWITCH, Optional.empty(), Optional.of(value));
    }
}
