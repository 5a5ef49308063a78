// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/**
 * A platform: a named set of features that guests can be promised on every host that supports the platform. It includes the assignments and
 * requirements of its parents.
 *
 * @param name the name
 * @param title the title for users
 * @param line the line of successive platforms to which it belongs; {@code linux} is the line of the mainline kernel
 * @param released date of the release since which hosts can support it; platforms of a line are sorted by it
 * @param parent name of the definition on which it is based, if any
 * @param aliases other names
 * @param deprecated the reason for not using it any more, if it is deprecated
 * @param evidence the sources of its properties and requirements
 * @param requires capabilities that a host must have
 * @param assignments values of properties, each with the definition that assigns it
 * @param origin the file from which it was read
 */
public record PlatformDefinition(
        String name,
        String title,
        String line,
        LocalDate released,
        Optional<String> parent,
        List<String> aliases,
        Optional<String> deprecated,
        List<Evidence> evidence,
        Set<HostCapability> requires,
        Map<Property, Assignment> assignments,
        String origin) {
    /** The line whose newest platform is the default. */
    public static final String MAINLINE = "linux";

    /**
     * The order of "newest": the mainline before every other line, then the later release, then the name. All hosts and
     * tools use this order.
     */
    static final Comparator<PlatformDefinition> NEWEST_FIRST = Comparator.comparing(
                    (PlatformDefinition platform) -> !platform.line.equals(MAINLINE))
            .thenComparing(PlatformDefinition::released, Comparator.reverseOrder())
            .thenComparing(PlatformDefinition::name);

    /** Copies the collections. */
    public PlatformDefinition {
        aliases = List.copyOf(aliases);
        evidence = List.copyOf(evidence);
        Set<HostCapability> copy = EnumSet.noneOf(HostCapability.class);
        copy.addAll(requires);
        requires = Collections.unmodifiableSet(copy);
        assignments = Collections.unmodifiableMap(new LinkedHashMap<>(assignments));
    }

    /**
     * Returns whether this platform sets a feature to on.
     *
     * @param feature the feature
     * @return false when it turns the feature off or does not assign it
     */
    public boolean promises(Feature feature) {
        return Property.of(feature)
                .map(assignments::get)
                .filter(assignment -> Property.isOn(assignment.value()))
                .isPresent();
    }

    /**
     * Returns the capabilities that a host lacks for this platform, or may lack. Capabilities that make no difference to guests are not
     * included.
     *
     * @param host the host
     * @param uses the kernel interfaces that guests use, such as TAP
     * @return the capabilities; empty when the host supports the platform
     */
    public List<HostCapability> lackedBy(HostCapabilities host, Set<HostUse> uses) {
        List<HostCapability> lacked = new ArrayList<>();
        for (HostCapability capability : requires) {
            if (uses.contains(capability.use()) && isSeen(capability) && !host.has(capability)) {
                lacked.add(capability);
            }
        }
        return lacked;
    }

    /** Returns whether a guest can see the capability although all features that are off by default are off. */
    private static boolean isSeen(HostCapability capability) {
        Set<Feature> features = capability.features();
        if (Property.of(capability)
                .filter(property -> !property.isOnByDefault())
                .isPresent()) {
            return false;
        }
        return capability.isVisible()
                && (features.isEmpty() || !features.stream().allMatch(DeviceCapabilities::isOnRequest));
    }
}
