// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.time.LocalDate;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/** Creates the platform {@code host}: all features that one host supports, without a promise about other hosts. */
final class HostPlatform {
    /** The platform's name. */
    static final String NAME = "host";

    private HostPlatform() {}

    /**
     * Creates the platform of a host.
     *
     * @param request the request, with the host, its uses and the device
     * @return a platform that this host supports
     */
    static PlatformDefinition of(Request request) {
        Set<Feature> dependent = EnumSet.noneOf(Feature.class);
        Set<Feature> on = EnumSet.noneOf(Feature.class);
        for (HostCapability capability : HostCapability.values()) {
            if (capability.essential()) {
                dependent.addAll(capability.features());
            }
        }
        dependent.removeIf(DeviceCapabilities::isOnRequest);
        DeviceCapabilities device = request.device();
        for (Feature feature : dependent) {
            if (device.has(feature) && device.carries(feature) && isKept(feature, request)) {
                on.add(feature);
            }
        }
        while (on.removeIf(feature -> feature.requires().stream()
                .anyMatch(anyOf -> anyOf.stream().noneMatch(need -> on.contains(need) || !dependent.contains(need))))) {
            // Repeated, because removing a feature may remove features that depend on it.
        }
        Map<Property, Assignment> assignments = new LinkedHashMap<>();
        for (Feature feature : dependent) {
            Property property = Property.of(feature).orElseThrow();
            String value = on.contains(feature) ? Property.ON : Property.OFF;
            assignments.put(property, new Assignment(Layer.PLATFORM, NAME, value));
        }
        return new PlatformDefinition(
                NAME,
                "All capabilities of this host: fastest, cannot migrate to another host",
                NAME,
                LocalDate.EPOCH,
                Optional.empty(),
                List.of(),
                Optional.empty(),
                List.of(),
                Set.of(),
                assignments,
                request.host().host());
    }

    private static boolean isKept(Feature feature, Request request) {
        for (HostCapability capability : HostCapability.values()) {
            if (capability.essential() && capability.features().contains(feature) && isMissed(capability, request)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Returns whether a missing capability turns its features off. Features that the kernel's vhost-net lacks are off for every guest, so
     * that all network cards of a guest have the same properties, with or without vhost-net. If the host has no vhost-net, or it cannot be
     * probed, only cards with vhost-net are affected.
     */
    private static boolean isMissed(HostCapability capability, Request request) {
        boolean wanted = request.uses().contains(capability.use());
        boolean there = capability.use() == HostUse.VHOST_NET && request.host().has(HostCapability.VHOST_NET);
        return (wanted || there) && !request.host().has(capability);
    }
}
