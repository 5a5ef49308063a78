// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.platform.probe.HostCapability;

/** Finds the capabilities that a promise to a guest needs and that the host lacks. */
final class HostCheck {
    private HostCheck() {}

    /**
     * Returns the capabilities that a promise needs and that the host lacks or may lack.
     *
     * <p>A capability is needed if an offered feature cannot be provided without it, no matter which layer enabled the feature. It is also
     * needed if the platform requires it, unless all features that depend on it are off or not supported by this device. A capability that
     * software can replace without a difference for guests is never needed.
     *
     * @param request the request, with the host and its uses
     * @param platform the platform
     * @param properties the properties that were promised to the guest
     * @return the capabilities; empty when the host supports the promise
     */
    static List<HostCapability> lacked(
            Request request, PlatformDefinition platform, List<ResolvedProperty> properties) {
        List<HostCapability> lacked = new ArrayList<>();
        for (HostCapability capability : HostCapability.values()) {
            if (request.uses().contains(capability.use())
                    && !request.host().has(capability)
                    && isNeeded(capability, platform, properties)) {
                lacked.add(capability);
            }
        }
        return lacked;
    }

    private static boolean isNeeded(
            HostCapability capability, PlatformDefinition platform, List<ResolvedProperty> properties) {
        List<ResolvedProperty> dependent = dependentOn(capability, properties);
        boolean offered = dependent.stream().anyMatch(each -> each.availability() == Availability.OFFERED);
        if (capability.essential() && offered) {
            return true;
        }
        if (Property.of(capability)
                .filter(property -> !property.isOnByDefault())
                .isPresent()) {
            // Off by default in every QEMU; a setting that enables it is checked separately.
            return false;
        }
        return platform.requires().contains(capability)
                && (capability.features().isEmpty() ? capability.isVisible() : !dependent.isEmpty());
    }

    /**
     * Returns the properties that are on, depend on a capability, and concern a feature of this device, even if the transport cannot carry
     * its bit. Features that this device lacks, such as MQ with one queue pair, need no capability of the host.
     *
     * @param capability the capability
     * @param properties the properties that were promised to the guest
     * @return the properties
     */
    static List<ResolvedProperty> dependentOn(HostCapability capability, List<ResolvedProperty> properties) {
        return properties.stream()
                .filter(each -> each.availability() != Availability.OFF
                        && each.availability() != Availability.NOT_IN_DEVICE
                        && each.property()
                                .feature()
                                .filter(capability.features()::contains)
                                .isPresent())
                .toList();
    }
}
