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
 * Chooses the platform when the operator names none: the newest mainline platform, unless another one promises all of its features and
 * more. So a host with a mainline kernel gets a mainline platform. A host with a distribution's kernel that contains features of newer
 * kernels gets that distribution's platform.
 */
final class PlatformChoice {
    private PlatformChoice() {}

    /**
     * Chooses a platform. Only features that depend on the given uses of the kernel are compared, because the host was not probed for other
     * features.
     *
     * @param uses the kernel interfaces that guests use
     * @param candidates the platforms to choose from, in the order of {@link PlatformDefinition#NEWEST_FIRST}; iteration ends when no later
     *     one can promise more
     *
     * @param promised returns the features that a platform promises to guests
     * @param most the features that no candidate can exceed
     * @return a candidate whose features are not a proper subset of another candidate's; empty when there are no candidates
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

    /** Returns the features that depend on the host, but not on any of these uses. */
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
     * Returns the features that a platform enables, regardless of the device.
     *
     * @param platform the platform
     * @return the features whose properties it sets to on
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
