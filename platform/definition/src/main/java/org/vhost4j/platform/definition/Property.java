// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.probe.HostCapability;

/**
 * A QEMU property that a machine, a platform or the operator may set, in QEMU's spelling. Most properties switch one feature bit of
 * {@code virtio-net-pci}. The others belong to other parts of a guest that depend on the host's kernel.
 *
 * @param owner the QEMU type to which it belongs: {@code virtio-net}, {@code virtio-device} or {@code virtio-pci} of a network card; or
 *     {@code vhost4j} for a property of this program; or {@code cpu}, {@code arm-cpu}, {@code machine}, {@code vhost-vsock},
 *     {@code vhost-scsi}, {@code virtio-iommu} or {@code pci-device}
 * @param name the name within that type, such as {@code host_uso} in {@code -device virtio-net-pci,host_uso=off}
 * @param kind the kind of its values
 * @param feature the feature bit that it switches, if any
 * @param qemuDefault default in QEMU without a machine type, or empty when QEMU computes it
 * @param capability the capability that the host's kernel must have when it is on; empty for network cards, whose features determine the
 *     capabilities
 */
public record Property(
        String owner,
        String name,
        Kind kind,
        Optional<Feature> feature,
        Optional<String> qemuDefault,
        Optional<HostCapability> capability) {
    /** A switch that is on. */
    public static final String ON = "on";
    /** A switch that is off. */
    public static final String OFF = "off";

    /** The kind of a property's values. */
    public enum Kind {
        /** {@code on} or {@code off}. */
        SWITCH("on or off"),
        /** {@code on}, {@code off} or {@code auto}. */
        SWITCH_OR_AUTO("on, off or auto"),
        /** The page size of a {@code virtio-iommu}, or {@code host} for the host's page size. */
        GRANULE("4k, 8k, 16k, 64k or host"),
        /** A whole number from 0 to 65535. */
        NUMBER("a number from 0 to 65535"),
        /** An MTU in bytes; 0 turns the feature bit off (virtio 1.4 section 5.1.4.1). */
        MTU("0 or a number from 68 to 65535"),
        /** A speed in Mbit/s; 0 turns the feature bit off (virtio 1.4 section 5.1.4). */
        SPEED("0 or a number of Mbit/s up to 2147483647");

        private final String range;

        Kind(String range) {
            this.range = range;
        }

        /**
         * Returns a description of the values.
         *
         * @return text such as {@code on or off}
         */
        public String range() {
            return range;
        }
    }

    private static final String NET = "virtio-net";
    private static final String DEVICE = "virtio-device";
    private static final String PCI = "virtio-pci";

    /** The owner of the KVM features that an x86 processor reports. */
    public static final String CPU = "cpu";
    /** The owner of the KVM features that an ARM processor reports. */
    public static final String ARM_CPU = "arm-cpu";
    /** The owner of the properties of {@code -machine}. */
    public static final String MACHINE = "machine";
    /** The owner of the properties of {@code vhost-vsock-device}. */
    public static final String VHOST_VSOCK = "vhost-vsock";
    /** The owner of the properties of {@code vhost-scsi}. */
    public static final String VHOST_SCSI = "vhost-scsi";
    /** The owner name of the properties of {@code virtio-iommu-pci}. */
    public static final String VIRTIO_IOMMU = "virtio-iommu";
    /** The owner of properties that every PCI device has. */
    private static final String ANY_PCI = "pci-device";

    private static final String AUTO = "auto";

    private static final String OF_HOST = "host";
    private static final Set<String> GRANULES = Set.of("4k", "8k", "16k", "64k", OF_HOST);

    private static final Set<String> OWNERS_OF_CARDS = Set.of(NET, DEVICE, PCI);

    /** The owner of this program's own properties, which QEMU does not have. */
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

    /** Feature bits whose property belongs to every virtio device. */
    private static final Set<Feature> OF_ANY_DEVICE = EnumSet.of(
            Feature.NOTIFY_ON_EMPTY,
            Feature.ANY_LAYOUT,
            Feature.INDIRECT_DESC,
            Feature.EVENT_IDX,
            Feature.ACCESS_PLATFORM,
            Feature.RING_PACKED,
            Feature.IN_ORDER,
            Feature.RING_RESET);

    /** Feature bits that QEMU can only pass on: its own device has no property for them. */
    private static final Set<Feature> UNKNOWN_TO_QEMU =
            EnumSet.of(Feature.DEVICE_STATS, Feature.VQ_NOTF_COAL, Feature.NOTF_COAL, Feature.GUEST_HDRLEN);

    private static final int LEAST_MTU = 68;
    private static final Pattern WHOLE_NUMBER = Pattern.compile("0|[1-9][0-9]{0,9}");
    private static final List<Property> ALL = registry();
    private static final Map<String, Property> BY_NAME = byName();
    private static final Map<HostCapability, Property> BY_CAPABILITY = byCapability();

    /**
     * Returns every known property.
     *
     * @return features in the order of their bits, then the rest
     */
    public static List<Property> all() {
        return ALL;
    }

    /**
     * Returns the property with a name.
     *
     * @param name name with or without owner: {@code host_uso} or {@code virtio-net.host_uso}
     * @return the property; empty when none has that name
     */
    public static Optional<Property> named(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    /**
     * Returns the property of a capability of the host, for devices other than network cards.
     *
     * @param capability the capability
     * @return its property; empty when it has none
     */
    public static Optional<Property> of(HostCapability capability) {
        return Optional.ofNullable(BY_CAPABILITY.get(capability));
    }

    /**
     * Returns the property that switches a feature.
     *
     * @param feature the feature
     * @return its property; empty when QEMU has none for it
     */
    public static Optional<Property> of(Feature feature) {
        return feature.property().map(BY_NAME::get);
    }

    /**
     * Returns whether QEMU's {@code virtio-net-pci} has this property.
     *
     * @return false for this program's own properties, and for those of devices other than network cards
     */
    public boolean isQemus() {
        return OWNERS_OF_CARDS.contains(owner);
    }

    /**
     * Returns whether the property is on by default in QEMU. Then the host must have the property's capability.
     *
     * @return false when it is off by default, or when QEMU computes its default
     */
    public boolean isOnByDefault() {
        return qemuDefault.filter(Property::isOn).isPresent();
    }

    /**
     * Returns the name with its owner, as it is spelt in definitions.
     *
     * @return name such as {@code virtio-net.host_uso}
     */
    public String qualifiedName() {
        return owner + "." + name;
    }

    /**
     * Returns whether a value is valid.
     *
     * @param value the value
     * @return true when {@link #kind()} allows it
     */
    public boolean allows(String value) {
        return switch (kind) {
            case SWITCH -> value.equals(ON) || value.equals(OFF);
            case SWITCH_OR_AUTO -> value.equals(ON) || value.equals(OFF) || value.equals("auto");
            case GRANULE -> GRANULES.contains(value);
            case MTU -> value.equals("0") || (isNumber(value) && Integer.parseInt(value) >= LEAST_MTU);
            case NUMBER -> isNumber(value);
            case SPEED -> WHOLE_NUMBER.matcher(value).matches() && Long.parseLong(value) <= Integer.MAX_VALUE;
        };
    }

    private static boolean isNumber(String value) {
        return WHOLE_NUMBER.matcher(value).matches() && Long.parseLong(value) <= 0xffff;
    }

    /**
     * Returns whether a value enables the property's feature.
     *
     * @param value a valid value
     * @return true for on, and for any number except 0
     */
    public static boolean isOn(String value) {
        return !value.equals(OFF) && !value.equals("0");
    }

    @Override
    public String toString() {
        return name;
    }

    private static List<Property> registry() {
        List<Property> all = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            feature.property().ifPresent(name -> all.add(ofFeature(feature, name)));
        }
        all.add(plain(NET, "rx_queue_size", Kind.NUMBER, Optional.of("256")));
        all.add(plain(NET, "tx_queue_size", Kind.NUMBER, Optional.of("256")));
        all.add(qemuSwitch(NET, "x-mtu-bypass-backend", ON));
        all.add(qemuSwitch(DEVICE, "use-started", ON));
        all.add(qemuSwitch(DEVICE, "use-disabled-flag", ON));
        all.add(qemuSwitch(DEVICE, "x-disable-legacy-check", OFF));
        all.add(qemuSwitch(PCI, "disable-modern", OFF));
        all.add(plain(PCI, "disable-legacy", Kind.SWITCH_OR_AUTO, Optional.of(AUTO)));
        all.add(qemuSwitch(PCI, "page-per-vq", OFF));
        all.add(qemuSwitch(PCI, "x-ignore-backend-features", OFF));
        all.add(qemuSwitch(PCI, "x-pcie-pm-no-soft-reset", ON));
        all.add(qemuSwitch(PCI, "x-pcie-flr-init", ON));
        all.add(qemuSwitch(PCI, "x-ats-page-aligned", ON));
        all.add(plain(PCI, "vectors", Kind.NUMBER, Optional.empty()));
        all.add(qemuSwitch(ANY_PCI, "x-pcie-ext-tag", ON));
        all.add(qemuSwitch(ANY_PCI, "x-pcie-ari-nextfn-1", OFF));
        all.add(qemuSwitch(ANY_PCI, "x-pcie-err-unc-mask", ON));
        all.add(ofKernel(CPU, "kvmclock", ON, HostCapability.KVM_CLOCK));
        all.add(ofKernel(CPU, "kvmclock-stable-bit", ON, HostCapability.KVM_CLOCK_STABLE));
        all.add(ofKernel(CPU, "kvm-nopiodelay", ON, HostCapability.KVM_NOPIODELAY));
        all.add(ofKernel(CPU, "kvm-asyncpf", ON, HostCapability.KVM_ASYNCPF));
        all.add(ofKernel(CPU, "kvm-steal-time", ON, HostCapability.KVM_STEAL_TIME));
        all.add(ofKernel(CPU, "kvm-pv-eoi", ON, HostCapability.KVM_PV_EOI));
        all.add(ofKernel(CPU, "kvm-pv-unhalt", OFF, HostCapability.KVM_PV_UNHALT));
        all.add(ofKernel(CPU, "kvm-pv-tlb-flush", OFF, HostCapability.KVM_PV_TLB_FLUSH));
        all.add(ofKernel(CPU, "kvm-asyncpf-vmexit", OFF, HostCapability.KVM_ASYNCPF_VMEXIT));
        all.add(ofKernel(CPU, "kvm-pv-ipi", OFF, HostCapability.KVM_PV_IPI));
        all.add(ofKernel(CPU, "kvm-poll-control", OFF, HostCapability.KVM_POLL_CONTROL));
        all.add(ofKernel(CPU, "kvm-pv-sched-yield", OFF, HostCapability.KVM_PV_SCHED_YIELD));
        all.add(ofKernel(CPU, "kvm-asyncpf-int", OFF, HostCapability.KVM_ASYNCPF_INT));
        all.add(ofKernel(ARM_CPU, "kvm-steal-time", AUTO, HostCapability.KVM_ARM_STEAL_TIME));
        all.add(ofKernel(MACHINE, "smm", AUTO, HostCapability.KVM_SMM));
        all.add(ofKernel(VHOST_VSOCK, "seqpacket", AUTO, HostCapability.VHOST_VSOCK_SEQPACKET));
        all.add(ofKernel(VHOST_SCSI, "t10_pi", OFF, HostCapability.VHOST_SCSI_T10_PI));
        all.add(new Property(
                VIRTIO_IOMMU,
                "granule",
                Kind.GRANULE,
                Optional.empty(),
                Optional.of(OF_HOST),
                Optional.of(HostCapability.PAGE_4K)));
        return List.copyOf(all);
    }

    /** Returns the properties by their names. If two properties have the same name, it refers to the first one. */
    private static Map<String, Property> byName() {
        Map<String, Property> byName = new LinkedHashMap<>();
        for (Property property : ALL) {
            byName.putIfAbsent(property.name, property);
            byName.put(property.qualifiedName(), property);
        }
        return Collections.unmodifiableMap(byName);
    }

    private static Map<HostCapability, Property> byCapability() {
        Map<HostCapability, Property> byCapability = new EnumMap<>(HostCapability.class);
        for (Property property : ALL) {
            property.capability.ifPresent(capability -> byCapability.put(capability, property));
        }
        return Collections.unmodifiableMap(byCapability);
    }

    private static Property ofFeature(Feature feature, String name) {
        String owner = OF_ANY_DEVICE.contains(feature) ? DEVICE : UNKNOWN_TO_QEMU.contains(feature) ? OURS : NET;
        if (feature == Feature.MTU) {
            return new Property(owner, name, Kind.MTU, Optional.of(feature), Optional.of("0"), Optional.empty());
        }
        if (feature == Feature.SPEED_DUPLEX) {
            return new Property(owner, name, Kind.SPEED, Optional.of(feature), Optional.of("0"), Optional.empty());
        }
        String value = OFF_IN_QEMU.contains(feature) ? OFF : ON;
        return new Property(owner, name, Kind.SWITCH, Optional.of(feature), Optional.of(value), Optional.empty());
    }

    private static Property qemuSwitch(String owner, String name, String value) {
        return plain(owner, name, Kind.SWITCH, Optional.of(value));
    }

    private static Property plain(String owner, String name, Kind kind, Optional<String> value) {
        return new Property(owner, name, kind, Optional.empty(), value, Optional.empty());
    }

    /** Creates a property whose default QEMU derives from the kernel ({@code auto}) or computes otherwise. */
    private static Property ofKernel(String owner, String name, String value, HostCapability capability) {
        Kind kind = value.equals(AUTO) ? Kind.SWITCH_OR_AUTO : Kind.SWITCH;
        return new Property(owner, name, kind, Optional.empty(), Optional.of(value), Optional.of(capability));
    }
}
