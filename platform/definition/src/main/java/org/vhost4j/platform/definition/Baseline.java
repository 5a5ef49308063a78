// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;

/**
 * The platforms that all hosts of a cluster support.
 *
 * @param newest the newest mainline platform that all hosts support, or another common platform that promises all of its features and more;
 *     empty when there is none
 * @param obstacles every platform that is newer than {@code newest}, with the hosts that do not support it; the newest first
 * @param others further platforms of any line that all hosts support
 */
public record Baseline(Optional<PlatformDefinition> newest, List<Obstacle> obstacles, List<PlatformDefinition> others) {
    /**
     * A platform that not all hosts support.
     *
     * @param platform the platform
     * @param hosts the hosts that do not support it, with the capabilities that each of them lacks
     */
    public record Obstacle(PlatformDefinition platform, List<PlatformSupport> hosts) {
        /** Copies the list. */
        public Obstacle {
            hosts = List.copyOf(hosts);
        }
    }

    /** Copies the lists. */
    public Baseline {
        obstacles = List.copyOf(obstacles);
        others = List.copyOf(others);
    }

    /**
     * Finds the baseline. Deprecated platforms are ignored.
     *
     * @param catalog the platforms
     * @param hosts the hosts
     * @param uses the host's kernel interfaces that guests use, such as TAP
     * @return the baseline
     */
    public static Baseline of(PlatformCatalog catalog, List<HostCapabilities> hosts, Set<HostUse> uses) {
        Optional<PlatformDefinition> newest = Optional.empty();
        List<Obstacle> obstacles = new ArrayList<>();
        List<PlatformDefinition> others = new ArrayList<>();
        for (PlatformDefinition platform : catalog.platforms()) {
            if (platform.deprecated().isPresent()) {
                continue;
            }
            List<PlatformSupport> lacking = hosts.stream()
                    .map(host -> PlatformSupport.of(platform, host, uses))
                    .filter(support -> !support.isNative())
                    .toList();
            if (lacking.isEmpty()) {
                if (newest.isEmpty()) {
                    newest = Optional.of(platform);
                } else {
                    others.add(platform);
                }
            } else if (newest.isEmpty()) {
                obstacles.add(new Obstacle(platform, lacking));
            }
        }
        // A distribution's platform may promise more than the newest mainline platform.
        List<PlatformDefinition> kept = new ArrayList<>(others);
        newest.ifPresent(kept::addFirst);
        Optional<PlatformDefinition> chosen =
                PlatformChoice.among(uses, kept.iterator(), PlatformChoice::promisedBy, EnumSet.allOf(Feature.class));
        chosen.ifPresent(kept::remove);
        return new Baseline(chosen, obstacles, kept);
    }
}
