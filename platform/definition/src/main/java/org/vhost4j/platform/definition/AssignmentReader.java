// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Reads the JSON member {@code properties} of a machine or a platform. */
final class AssignmentReader {
    /** Receives the assignments. */
    @FunctionalInterface
    interface Taker {
        /**
         * Receives an assignment to a property.
         *
         * @param property the property
         * @param assignment the assignment
         * @param node the value in the file
         */
        void take(Property property, Assignment assignment, JsonNode node);
    }

    /** Receives the problems. */
    @FunctionalInterface
    interface Complaint {
        /**
         * Receives a problem.
         *
         * @param node the invalid node
         * @param member the member's path
         * @param message description of the problem
         */
        void make(JsonNode node, String member, String message);
    }

    private AssignmentReader() {}

    /**
     * Reads the assignments.
     *
     * @param properties the JSON object; empty when the member is missing
     * @param layer layer of the assignments
     * @param definition the definition's name
     * @param taker receives each assignment
     * @param complaint receives each problem
     */
    static void read(JsonNode properties, Layer layer, String definition, Taker taker, Complaint complaint) {
        for (Map.Entry<String, JsonNode> entry : properties.properties()) {
            String member = "properties." + entry.getKey();
            Optional<Property> property = Property.named(entry.getKey());
            String value = entry.getValue().asString();
            if (property.isEmpty() || !property.get().qualifiedName().equals(entry.getKey())) {
                complaint.make(entry.getValue(), member, "there is no property '" + entry.getKey() + "'");
            } else if (!property.get().allows(value)) {
                complaint.make(
                        entry.getValue(),
                        member,
                        "must be " + property.get().kind().range() + ", not '" + value + "'");
            } else {
                taker.take(property.get(), new Assignment(layer, definition, value), entry.getValue());
            }
        }
    }
}
