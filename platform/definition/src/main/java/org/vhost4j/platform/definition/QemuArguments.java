// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.probe.HostUse;

/**
 * The settings with which QEMU's own virtio-net device offers the features of a platform.
 *
 * @param settings properties for {@code -device virtio-net-pci} as {@code name=value}: only those that differ from QEMU's defaults for that
 *     machine
 * @param offered features that the guest is offered when the host supports them
 * @param notes differences between QEMU and the platform, one sentence each
 */
public record QemuArguments(List<String> settings, FeatureSet offered, List<String> notes) {
    /** The network back-end of QEMU through which frames leave the guest. */
    public enum Netdev {
        /** A TAP without vhost-net ({@code vhost=off}). */
        TAP(EnumSet.of(HostUse.TAP)),
        /** A TAP with the kernel's vhost-net ({@code vhost=on}). */
        VHOST_NET(EnumSet.of(HostUse.TAP, HostUse.VHOST_NET)),
        /** A vhost-user back-end, this one or another. */
        VHOST_USER(EnumSet.noneOf(HostUse.class));

        /** Unmodifiable after construction, which ErrorProne cannot detect. */
        @SuppressWarnings("ImmutableEnumChecker")
        private final Set<HostUse> uses;

        Netdev(Set<HostUse> uses) {
            this.uses = Collections.unmodifiableSet(uses);
        }

        /**
         * Returns the kernel interfaces that a network card with this back-end uses. Each network card of a guest is checked separately.
         *
         * @return the kernel interfaces; empty when it uses none
         */
        public Set<HostUse> uses() {
            return uses;
        }

        /**
         * Returns the name on the command line.
         *
         * @return {@code tap}, {@code vhost-net} or {@code vhost-user}
         */
        public String id() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** The first QEMU version that has a property, for properties that not all versions have. */
    private static final Map<String, String> FIRST_QEMU = Map.of(
            "queue_reset", "7.2",
            "host_uso", "8.2",
            "guest_uso4", "8.2",
            "guest_uso6", "8.2",
            "host_tunnel", "10.2",
            "host_tunnel_csum", "10.2",
            "guest_tunnel", "10.2",
            "guest_tunnel_csum", "10.2");

    /**
     * The properties that a device behind an IOMMU needs in addition to the feature bit. The legacy interface is disabled, because it does
     * not support an IOMMU, and a device-side translation cache is enabled (ATS).
     */
    public static final List<String> BEHIND_IOMMU = List.of("disable-legacy=on", "ats=on");

    private static final Set<Feature> USO = EnumSet.of(Feature.GUEST_USO4, Feature.GUEST_USO6, Feature.HOST_USO);

    private static final Set<Feature> TUNNEL = EnumSet.of(
            Feature.GUEST_UDP_TUNNEL_GSO,
            Feature.GUEST_UDP_TUNNEL_GSO_CSUM,
            Feature.HOST_UDP_TUNNEL_GSO,
            Feature.HOST_UDP_TUNNEL_GSO_CSUM);

    /** Features without a QEMU property, which QEMU does not offer by itself either. */
    private static final Set<Feature> UNKNOWN_TO_QEMU = unknownToQemu();

    /** Features that QEMU offers with a vhost-user netdev without involving the back-end. */
    private static final Set<Feature> OF_QEMU_ALONE = EnumSet.of(
            Feature.MAC,
            Feature.STATUS,
            Feature.CTRL_VQ,
            Feature.CTRL_RX,
            Feature.CTRL_VLAN,
            Feature.CTRL_RX_EXTRA,
            Feature.CTRL_MAC_ADDR,
            Feature.CTRL_GUEST_OFFLOADS);

    /** Copies the lists. */
    public QemuArguments {
        settings = List.copyOf(settings);
        notes = List.copyOf(notes);
    }

    /**
     * Computes the settings for a QEMU without this project's back-end. They are the same for every netdev, so that all cards of a guest
     * have the same properties, and each card can get another netdev on another host.
     *
     * @param resolution a platform on a machine, resolved for {@link DeviceCapabilities#qemu()}
     * @param netdev QEMU's network back-end
     * @return the arguments
     */
    public static QemuArguments of(Resolution resolution, Netdev netdev) {
        List<String> settings = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (ResolvedProperty property : resolution.properties()) {
            if (!property.property().isQemus()) {
                continue;
            }
            if (!property.value().equals(byItself(property))) {
                set(property, settings, notes);
            }
        }
        FeatureSet offered = resolution.offered();
        if (netdev == Netdev.VHOST_USER) {
            offered = passedByVhostUser(offered, notes);
            notes.add("The guest sees those of these bits that the back-end offers too, except for "
                    + Names.and(OF_QEMU_ALONE.stream().map(Feature::name).toList()) + ", which QEMU decides alone.");
        } else {
            notes.add("QEMU silently clears what its TAP"
                    + (netdev == Netdev.VHOST_NET ? " or vhost-net lacks" : " lacks")
                    + "; 'platform check' shows whether a host supports the platform.");
        }
        return new QemuArguments(settings, offered, notes);
    }

    /**
     * Computes the settings for a QEMU whose {@code -netdev vhost-user} is connected to this back-end. With them the guest sees the
     * features that the back-end promises and those that it leaves to QEMU, but not those that QEMU never passes on.
     *
     * @param resolution promise of the back-end, resolved for {@link DeviceCapabilities#vhost4j}
     * @return the arguments
     */
    public static QemuArguments inFrontOf(Resolution resolution) {
        List<String> settings = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        Set<Feature> ofQemu = EnumSet.noneOf(Feature.class);
        for (ResolvedProperty property : resolution.properties()) {
            if (!property.value().equals(byItself(property)) && isForQemu(property)) {
                set(property, settings, notes);
            }
            if (Property.isOn(byItself(property))) {
                property.property()
                        .feature()
                        .filter(resolution.leftToFrontEnd()::has)
                        .ifPresent(ofQemu::add);
            }
        }
        FeatureSet offered = resolution.offered().plus(FeatureSet.of(ofQemu));
        return new QemuArguments(settings, passedByVhostUser(offered, notes), notes);
    }

    /**
     * Returns the features that a vhost-user back-end must offer so that a guest of QEMU gets as many of the promised ones as possible.
     * Features that QEMU never passes on, and those that QEMU offers by itself, are excluded.
     *
     * @param promise features that guests will be offered
     * @return the features that QEMU requests from the back-end
     */
    public static FeatureSet requestedOfBackEnd(FeatureSet promise) {
        return passedByVhostUser(promise, new ArrayList<>()).minus(FeatureSet.of(OF_QEMU_ALONE));
    }

    /**
     * Returns whether QEMU needs the setting. QEMU never passes on USO and tunnel bits. Features that are off only because this device
     * lacks them need no setting, because QEMU does not offer more than the back-end.
     */
    private static boolean isForQemu(ResolvedProperty property) {
        if (!property.property().isQemus() && property.property().feature().isEmpty()) {
            return false;
        }
        Optional<Feature> feature = property.property().feature();
        if (feature.filter(Feature.RING_RESET::equals).isPresent()
                && property.decider().layer() == Layer.PLATFORM) {
            // No setting is needed, because this device never supports the feature. So a QEMU that is too old for the
            // property can start.
            return false;
        }
        if (feature.filter(each -> USO.contains(each) || TUNNEL.contains(each)).isPresent()
                || property.availability() == Availability.NOT_IN_DEVICE) {
            return false;
        }
        boolean lacked = property.availability() == Availability.OFF
                && property.decider().layer() == Layer.DEVICE
                && feature.filter(OF_QEMU_ALONE::contains).isEmpty();
        return !lacked;
    }

    /** Returns the value that a property has in QEMU with that machine if the command line does not set it. */
    private static String byItself(ResolvedProperty property) {
        return property.assignments().stream()
                .filter(assignment -> assignment.layer() == Layer.MACHINE)
                .map(Assignment::value)
                .findFirst()
                .or(() -> property.property().qemuDefault())
                .orElse("");
    }

    private static void set(ResolvedProperty property, List<String> settings, List<String> notes) {
        String name = property.property().name();
        settings.add(name + "=" + property.value());
        if (property.property()
                        .feature()
                        .filter(Feature.ACCESS_PLATFORM::equals)
                        .isPresent()
                && Property.isOn(property.value())) {
            settings.addAll(BEHIND_IOMMU);
            notes.add(name + " needs an IOMMU in the machine, named before the device.");
        }
        Optional.ofNullable(FIRST_QEMU.get(name))
                .ifPresent(version -> notes.add(name + " needs QEMU " + version + " or newer."));
    }

    /**
     * Returns the QEMU version that introduced a property.
     *
     * @param property name of the property
     * @return the version; empty for a property that all supported versions have
     */
    public static Optional<String> firstQemu(String property) {
        return Optional.ofNullable(FIRST_QEMU.get(property));
    }

    private static Set<Feature> unknownToQemu() {
        Set<Feature> unknown = EnumSet.allOf(Feature.class);
        unknown.removeIf(feature -> Property.of(feature).isPresent());
        unknown.removeAll(DeviceCapabilities.qemu().features());
        return unknown;
    }

    private static FeatureSet passedByVhostUser(FeatureSet offered, List<String> notes) {
        FeatureSet withoutUso =
                withhold(offered, USO, "QEMU up to 11.1 offers no USO through -netdev vhost-user", notes);
        FeatureSet withoutTunnel = withhold(withoutUso, TUNNEL, "vhost-user carries no feature bit above 63", notes);
        return withhold(withoutTunnel, UNKNOWN_TO_QEMU, "QEMU's own device has no such feature", notes);
    }

    private static FeatureSet withhold(FeatureSet offered, Set<Feature> bits, String why, List<String> notes) {
        List<String> lost =
                bits.stream().filter(offered::has).map(Feature::name).toList();
        if (lost.isEmpty()) {
            return offered;
        }
        notes.add(why + ": the guest does not see " + Names.and(lost) + ".");
        return offered.minus(FeatureSet.of(bits));
    }
}
