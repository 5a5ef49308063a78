// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;

/**
 * What a plain QEMU must be told so that its own virtio-net device promises what a platform says, without this back-end.
 *
 * @param settings properties for {@code -device virtio-net-pci}, as {@code name=value}: those that differ from what QEMU does by
 *     itself on that machine
 * @param offered what the guest is offered when the host keeps it
 * @param notes what QEMU does otherwise, one sentence each
 */
public record QemuArguments(List<String> settings, FeatureSet offered, List<String> notes) {
    /** How frames leave QEMU. */
    public enum Netdev {
        /** A TAP of QEMU's own. */
        TAP,
        /** A vhost-user back-end, this or another. */
        VHOST_USER
    }

    /** The first QEMU that has a property, for those that not all have. */
    private static final Map<String, String> FIRST_QEMU = Map.of(
            "queue_reset", "7.2",
            "host_uso", "8.2",
            "guest_uso4", "8.2",
            "guest_uso6", "8.2",
            "host_tunnel", "10.2",
            "host_tunnel_csum", "10.2",
            "guest_tunnel", "10.2",
            "guest_tunnel_csum", "10.2");

    private static final List<Feature> USO = List.of(Feature.GUEST_USO4, Feature.GUEST_USO6, Feature.HOST_USO);

    private static final List<Feature> TUNNEL = List.of(
            Feature.GUEST_UDP_TUNNEL_GSO,
            Feature.GUEST_UDP_TUNNEL_GSO_CSUM,
            Feature.HOST_UDP_TUNNEL_GSO,
            Feature.HOST_UDP_TUNNEL_GSO_CSUM);

    /** Copies the lists. */
    public QemuArguments {
        settings = List.copyOf(settings);
        notes = List.copyOf(notes);
    }

    /**
     * Works them out.
     *
     * @param resolution a platform on a machine, resolved for {@link DeviceCapabilities#qemu()}
     * @param netdev how frames leave QEMU
     * @return the arguments
     */
    public static QemuArguments of(Resolution resolution, Netdev netdev) {
        List<String> settings = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (ResolvedProperty property : resolution.properties()) {
            String byItself = property.statements().stream()
                    .filter(statement -> statement.layer().compareTo(Layer.MACHINE) <= 0)
                    .reduce((earlier, later) -> later)
                    .map(Statement::value)
                    .orElse("");
            if (!byItself.equals(property.value())) {
                String name = property.property().name();
                settings.add(name + "=" + property.value());
                Optional.ofNullable(FIRST_QEMU.get(name))
                        .ifPresent(version -> notes.add(name + " needs QEMU " + version + " or newer."));
            }
        }
        FeatureSet offered = resolution.offered();
        if (netdev == Netdev.VHOST_USER) {
            offered = withhold(offered, USO, "QEMU up to 11.1 offers no USO through -netdev vhost-user", notes);
            offered = withhold(offered, TUNNEL, "vhost-user carries no feature bit above 63", notes);
        } else {
            notes.add(
                    "QEMU clears without a word what its TAP lacks; 'platform check' tells whether a host keeps the platform.");
        }
        return new QemuArguments(settings, offered, notes);
    }

    private static FeatureSet withhold(FeatureSet offered, List<Feature> bits, String why, List<String> notes) {
        List<String> lost =
                bits.stream().filter(offered::has).map(Feature::name).toList();
        if (lost.isEmpty()) {
            return offered;
        }
        notes.add(why + ": the guest does not see " + Names.and(lost) + ".");
        return offered.minus(FeatureSet.of(bits));
    }
}
