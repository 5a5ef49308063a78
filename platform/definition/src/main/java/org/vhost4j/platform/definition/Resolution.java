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
 * The promise to a guest: the features that it is offered, and the reason for each.
 *
 * @param machine the machine's name
 * @param platform the platform's name, or {@code host} for all capabilities of the host
 * @param platformNamed whether the operator has named the platform; otherwise it is the default
 * @param offered the complete set of features that the guest is offered
 * @param leftToFrontEnd features that are offered in addition to a front-end with its own properties; the front-end decides whether the
 *     guest sees them
 * @param properties every property to which a layer assigns a value, with all assignments
 * @param emulated capabilities that the host lacks and that software replaces; the guest sees no difference
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
     * @return the property with its value; empty when no layer assigns one
     */
    public Optional<ResolvedProperty> property(String name) {
        return properties.stream()
                .filter(each -> each.property().name().equals(name)
                        || each.property().qualifiedName().equals(name))
                .findFirst();
    }

    /**
     * Returns the value of a numeric property.
     *
     * @param name a property whose value is a number, such as {@code host_mtu}
     * @return the number; 0 when no layer assigns one
     */
    public int number(String name) {
        return property(name).map(each -> Integer.parseInt(each.value())).orElse(0);
    }

    /**
     * Returns the features that the device always offers, because no property switches them.
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
     * Returns the reasons why features whose property is on are not offered to the guest, one sentence each.
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
