// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.platform.probe.HostCapability;

/** Finds capabilities that a promise needs and the host lacks. */
final class HostCheck {
    private HostCheck() {}

    /**
     * Returns the capabilities that a promise needs and that the host lacks or may lack.
     *
     * <p>A capability is needed when a feature that is offered cannot be provided without it, no matter which layer
     * enabled the feature; and when the platform requires it, unless every feature that depends on it was switched off
     * or is not in this device. A capability that software can replace without a difference for guests is never needed.
     *
     * @param request the host and how it is used
     * @param platform the platform
     * @param properties the promise
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
     * Returns the properties that are on and depend on a capability, and that the guest sees or would see if the
     * transport had a bit for them. Features that this device lacks, such as several queues when it has one pair, need
     * nothing of the host.
     *
     * @param capability the capability
     * @param properties the promise
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
