// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.List;

/**
 * A property's value and the layers that decided it.
 *
 * @param property the property
 * @param assignments what the layers said, weakest first; at least one, the last of which decided
 * @param availability how the property reaches the guest
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
     * The assignment that decided.
     *
     * @return the last one
     */
    public Assignment decider() {
        return assignments.getLast();
    }

    /**
     * The value.
     *
     * @return as {@link Property.Kind} allows it
     */
    public String value() {
        return decider().value();
    }

    /**
     * The values of the earlier layers.
     *
     * @return weakest first; empty when none was overridden
     */
    public List<Assignment> overridden() {
        return assignments.subList(0, assignments.size() - 1);
    }

    /**
     * The layer that decided and what it overrode.
     *
     * @return such as {@code off by --set, over on by platform linux-6.2}
     */
    public String provenance() {
        StringBuilder text = new StringBuilder(decider().inWords());
        for (Assignment earlier : overridden().reversed()) {
            text.append(", over ").append(earlier.inWords());
        }
        return text.toString();
    }
}
