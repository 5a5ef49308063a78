// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.EnumSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;

/**
 * Which of several platforms is taken when none is named: the newest of the mainline, unless another promises all of its features and
 * more. So a host whose kernel is a distribution's, with features of newer kernels in it, gets that distribution's platform, and a
 * host whose kernel is a mainline step gets the mainline's.
 */
final class PlatformChoice {
    private PlatformChoice() {}

    /**
     * Chooses.
     *
     * @param candidates the platforms that may be taken, in the order of {@link PlatformDefinition#NEWEST_FIRST}; no more of them are
     *     asked for once none can promise more
     * @param promised what guests are promised by a platform
     * @param most what no candidate can go beyond
     * @return a candidate whose promise no other candidate contains and exceeds; empty when there are none
     */
    static Optional<PlatformDefinition> among(
            Iterator<PlatformDefinition> candidates,
            Function<PlatformDefinition, Set<Feature>> promised,
            Set<Feature> most) {
        @Nullable PlatformDefinition best = null;
        Set<Feature> promise = Set.of();
        while (candidates.hasNext() && (best == null || !promise.containsAll(most))) {
            PlatformDefinition next = candidates.next();
            Set<Feature> more = promised.apply(next);
            if (best == null || (more.size() > promise.size() && more.containsAll(promise))) {
                best = next;
                promise = more;
            }
        }
        return Optional.ofNullable(best);
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
