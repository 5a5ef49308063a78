// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * An entry of a schema file: a documented definition, or a section of text.
 *
 * @param line the line at which the entry begins, from 1
 * @param documentation the lines of its comment without the {@code #} before them
 * @param expression the definition, or nothing for text
 */
public record SchemaEntry(int line, List<String> documentation, Optional<JsonNode> expression) {
    /** Copies the list. */
    public SchemaEntry {
        documentation = List.copyOf(documentation);
    }
}
