// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.EnumSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/**
 * Which of several platforms is taken when none is named: the newest of the mainline, unless another promises all of its features and
 * more. So a host whose kernel is a distribution's, with features of newer kernels in it, gets that distribution's platform, and a
 * host whose kernel is a mainline step gets the mainline's.
 */
final class PlatformChoice {
    private PlatformChoice() {}

    /**
     * Chooses. Only what the host was asked about counts: a feature that stands on a use of the kernel that is not made would be
     * promised by every candidate alike, whatever its definition says.
     *
     * @param uses in which ways the kernel is used
     * @param candidates the platforms that may be taken, in the order of {@link PlatformDefinition#NEWEST_FIRST}; iteration ends
     *     once none can promise more
     * @param promised what guests are promised by a platform
     * @param most what no candidate can go beyond
     * @return a candidate whose promise no other candidate contains and exceeds; empty when there are none
     */
    static Optional<PlatformDefinition> among(
            Set<HostUse> uses,
            Iterator<PlatformDefinition> candidates,
            Function<PlatformDefinition, Set<Feature>> promised,
            Set<Feature> most) {
        Set<Feature> notAsked = notAsked(uses);
        Set<Feature> limit = without(most, notAsked);
        @Nullable PlatformDefinition best = null;
        Set<Feature> promise = Set.of();
        while (candidates.hasNext() && (best == null || !promise.containsAll(limit))) {
            PlatformDefinition next = candidates.next();
            Set<Feature> more = without(promised.apply(next), notAsked);
            if (best == null || (more.size() > promise.size() && more.containsAll(promise))) {
                best = next;
                promise = more;
            }
        }
        return Optional.ofNullable(best);
    }

    /** The features that stand on the host, but on none of these uses. */
    private static Set<Feature> notAsked(Set<HostUse> uses) {
        Set<Feature> features = EnumSet.noneOf(Feature.class);
        for (HostCapability capability : HostCapability.values()) {
            features.addAll(capability.features());
        }
        for (HostCapability capability : HostCapability.values()) {
            if (uses.contains(capability.use())) {
                features.removeAll(capability.features());
            }
        }
        return features;
    }

    private static Set<Feature> without(Set<Feature> all, Set<Feature> some) {
        Set<Feature> rest = EnumSet.noneOf(Feature.class);
        rest.addAll(all);
        rest.removeAll(some);
        return rest;
    }

    /**
     * What a definition says, whatever the device in front of it can do.
     *
     * @param platform the platform
     * @return the features that it turns on
     */
    static Set<Feature> promisedBy(PlatformDefinition platform) {
        Set<Feature> features = EnumSet.noneOf(Feature.class);
        for (Feature feature : Feature.values()) {
            if (platform.promises(feature)) {
                features.add(feature);
            }
        }
        return features;
    }
}
