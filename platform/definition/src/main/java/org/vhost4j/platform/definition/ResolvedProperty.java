// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.List;

/**
 * A property's value and how it came about.
 *
 * @param property the property
 * @param statements what the layers said, weakest first; at least one, the last of which decided
 * @param standing what becomes of it
 */
public record ResolvedProperty(Property property, List<Statement> statements, Standing standing) {
    /** Copies the statements. */
    public ResolvedProperty {
        statements = List.copyOf(statements);
        if (statements.isEmpty()) {
            throw new IllegalArgumentException("no layer states " + property.qualifiedName());
        }
    }

    /**
     * The statement that decided.
     *
     * @return the last one
     */
    public Statement decider() {
        return statements.getLast();
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
     * What the earlier layers said.
     *
     * @return weakest first; empty when nobody was overridden
     */
    public List<Statement> overridden() {
        return statements.subList(0, statements.size() - 1);
    }

    /**
     * The layer that decided and what it overrode.
     *
     * @return such as {@code off by --set, over on by platform linux-6.2}
     */
    public String provenance() {
        StringBuilder text = new StringBuilder(decider().inWords());
        for (Statement earlier : overridden().reversed()) {
            text.append(", over ").append(earlier.inWords());
        }
        return text.toString();
    }
}
