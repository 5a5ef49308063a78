// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.List;

/**
 * A property with its value and the layers that assigned values to it.
 *
 * @param property the property
 * @param assignments assignments of the layers, weakest first; at least one, the last of which is effective
 * @param availability whether the guest is offered the property's feature, and why
 */
public record ResolvedProperty(Property property, List<Assignment> assignments, Availability availability) {
    /** Copies the assignments. */
    public ResolvedProperty {
        assignments = List.copyOf(assignments);
        if (assignments.isEmpty()) {
            throw new IllegalArgumentException("no layer states " + property.qualifiedName());
        }
    }

    /**
     * Returns the effective assignment.
     *
     * @return the last assignment
     */
    public Assignment decider() {
        return assignments.getLast();
    }

    /**
     * Returns the value.
     *
     * @return a value of the property's {@link Property.Kind}
     */
    public String value() {
        return decider().value();
    }

    /**
     * Returns the overridden assignments.
     *
     * @return the assignments, weakest first; empty when none was overridden
     */
    public List<Assignment> overridden() {
        return assignments.subList(0, assignments.size() - 1);
    }

    /**
     * Returns the effective layer and the layers that it overrides, as text.
     *
     * @return text such as {@code off by --set, over on by platform linux-6.2}
     */
    public String provenance() {
        StringBuilder text = new StringBuilder(decider().inWords());
        for (Assignment earlier : overridden().reversed()) {
            text.append(", over ").append(earlier.inWords());
        }
        return text.toString();
    }
}
