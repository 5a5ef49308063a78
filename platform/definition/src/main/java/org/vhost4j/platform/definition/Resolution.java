// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.probe.HostCapability;

/**
 * The promise to a guest, and its reasons.
 *
 * @param machine the machine's name
 * @param platform the platform's name, or {@code host} for all capabilities of the host
 * @param platformNamed whether the operator named the platform; otherwise it is the default
 * @param offered the features that the guest is offered: all of them, and nothing else
 * @param leftToFrontEnd features that are offered in addition to a front-end with its own switches, which determines
 *     whether the guest sees them
 * @param properties every property that a layer sets, with its provenance
 * @param emulated capabilities that the host lacks and software replaces; the guest sees no difference
 * @param notes notes for the operator, one sentence each
 */
public record Resolution(
        String machine,
        String platform,
        boolean platformNamed,
        FeatureSet offered,
        FeatureSet leftToFrontEnd,
        List<ResolvedProperty> properties,
        Set<HostCapability> emulated,
        List<String> notes)
        implements Outcome {
    /** Copies the collections. */
    public Resolution {
        properties = List.copyOf(properties);
        emulated = Set.copyOf(emulated);
        notes = List.copyOf(notes);
    }

    /**
     * Returns a property with its value.
     *
     * @param name name with or without owner
     * @return the property with its value, or nothing when no layer states it
     */
    public Optional<ResolvedProperty> property(String name) {
        return properties.stream()
                .filter(each -> each.property().name().equals(name)
                        || each.property().qualifiedName().equals(name))
                .findFirst();
    }

    /**
     * Returns the value of a number.
     *
     * @param name a property whose value is a number, such as {@code host_mtu}
     * @return the number; 0 when no layer states it
     */
    public int number(String name) {
        return property(name).map(each -> Integer.parseInt(each.value())).orElse(0);
    }

    /**
     * Returns the features that the device offers unconditionally, because no property switches them.
     *
     * @return the features' names, in the order of their bits
     */
    public List<String> withoutProperty() {
        return Arrays.stream(Feature.values())
                .filter(feature -> offered.has(feature) && Property.of(feature).isEmpty())
                .map(Feature::name)
                .toList();
    }

    /**
     * Returns the reasons why features that are on do not reach the guest: one sentence each.
     *
     * @return the sentences; empty when everything that is on is offered
     */
    public List<String> withheld() {
        List<String> sentences = new ArrayList<>();
        for (Availability availability : List.of(Availability.NOT_CARRIED, Availability.NOT_IN_DEVICE)) {
            List<String> names = properties.stream()
                    .filter(each -> each.availability() == availability)
                    .map(each -> each.property().name())
                    .toList();
            if (!names.isEmpty()) {
                sentences.add("Not offered, on any host: " + String.join(", ", names) + " ("
                        + (availability == Availability.NOT_CARRIED
                                ? "vhost-user carries no feature bit above 63"
                                : "this back-end has no such feature")
                        + ").");
            }
        }
        return sentences;
    }
}
