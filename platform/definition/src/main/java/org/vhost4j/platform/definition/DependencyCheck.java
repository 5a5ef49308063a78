// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vhost4j.device.feature.Feature;

/**
 * Finds features that would be offered without the features that they require (virtio 1.4 section 5.1.3.1), and reports which settings
 * correct that. It never changes the operator's settings.
 */
final class DependencyCheck {
    private DependencyCheck() {}

    /**
     * Checks the features that a guest would be offered.
     *
     * @param offered the planned offer
     * @param properties the properties with their assignments
     * @return one sentence for each required feature that is missing; empty when all dependencies are met
     */
    static List<String> reasons(Set<Feature> offered, List<ResolvedProperty> properties) {
        Map<Feature, ResolvedProperty> byFeature = new LinkedHashMap<>();
        properties.forEach(each -> each.property().feature().ifPresent(feature -> byFeature.put(feature, each)));
        Map<Set<Feature>, Set<Feature>> brokenByNeed = new LinkedHashMap<>();
        Set<Feature> sound = EnumSet.noneOf(Feature.class);
        sound.addAll(offered);
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Feature feature : List.copyOf(sound)) {
                for (Set<Feature> anyOf : feature.requires()) {
                    if (anyOf.stream().noneMatch(sound::contains)) {
                        brokenByNeed
                                .computeIfAbsent(anyOf, need -> EnumSet.noneOf(Feature.class))
                                .add(feature);
                        changed |= sound.remove(feature);
                    }
                }
            }
        }
        List<String> reasons = new ArrayList<>();
        brokenByNeed.forEach((need, broken) -> {
            // If a required feature is offered but itself lacks another one, the sentence for that other one covers
            // both.
            if (need.stream().noneMatch(offered::contains)) {
                reasons.add(sentence(need, dependents(broken, need, offered), byFeature));
            }
        });
        return reasons;
    }

    /** Returns all features that depend on missing ones, directly or indirectly. */
    private static Set<Feature> dependents(Set<Feature> broken, Set<Feature> need, Set<Feature> offered) {
        Set<Feature> rest = EnumSet.copyOf(offered);
        rest.removeAll(need);
        Set<Feature> fallen = EnumSet.copyOf(broken);
        rest.removeAll(fallen);
        while (true) {
            Set<Feature> more = EnumSet.noneOf(Feature.class);
            for (Feature feature : rest) {
                if (feature.requires().stream()
                        .anyMatch(anyOf -> anyOf.stream().anyMatch(fallen::contains)
                                && anyOf.stream().noneMatch(rest::contains))) {
                    more.add(feature);
                }
            }
            if (more.isEmpty()) {
                return fallen;
            }
            fallen.addAll(more);
            rest.removeAll(more);
        }
    }

    private static String sentence(Set<Feature> need, Set<Feature> broken, Map<Feature, ResolvedProperty> byFeature) {
        List<String> off = new ArrayList<>();
        List<String> on = new ArrayList<>();
        for (Feature feature : need) {
            ResolvedProperty property = byFeature.get(feature);
            String name =
                    property == null ? feature.name() : property.property().name();
            off.add(property == null ? name : name + " (" + property.decider().inWords() + ")");
            on.add(name + "=on");
        }
        List<String> names = new ArrayList<>();
        List<String> settings = new ArrayList<>();
        for (Feature feature : broken) {
            ResolvedProperty property = byFeature.get(feature);
            names.add(property == null ? feature.name() : property.property().name());
            if (property != null) {
                settings.add("--set " + property.property().name() + "=off");
            }
        }
        return Names.and(names) + (names.size() == 1 ? " needs " : " need ") + String.join(" or ", off) + ": add "
                + String.join(" ", settings) + ", or set " + String.join(" or ", on) + ".";
    }
}
