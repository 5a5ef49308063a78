// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Commands, events and their types.
 *
 * @param entries the pieces of the file, in order
 * @param types every named type
 * @param commands every command
 * @param events every event
 */
public record Schema(
        List<SchemaEntry> entries,
        Map<String, SchemaType> types,
        Map<String, CommandDefinition> commands,
        Map<String, EventDefinition> events) {
    private static final String RESOURCE = "/org/vhost4j/qmp/vhost4j.qapi.json";

    /** Copies the collections. */
    public Schema {
        entries = List.copyOf(entries);
        types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
        commands = Collections.unmodifiableMap(new LinkedHashMap<>(commands));
        events = Collections.unmodifiableMap(new LinkedHashMap<>(events));
    }

    /**
     * A command.
     *
     * @param name its name
     * @return the command
     * @throws java.util.NoSuchElementException when there is none of that name
     */
    public CommandDefinition command(String name) {
        return Optional.ofNullable(commands.get(name)).orElseThrow();
    }

    /**
     * An event.
     *
     * @param name its name
     * @return the event
     * @throws java.util.NoSuchElementException when there is none of that name
     */
    public EventDefinition event(String name) {
        return Optional.ofNullable(events.get(name)).orElseThrow();
    }

    /**
     * A type.
     *
     * @param name its name
     * @return the type
     * @throws java.util.NoSuchElementException when there is none of that name
     */
    public SchemaType type(String name) {
        return Optional.ofNullable(types.get(name)).orElseThrow();
    }

    /**
     * The schema of this program.
     *
     * @return the schema
     */
    public static Schema load() {
        try (InputStream in = Schema.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException("there is no " + RESOURCE);
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads a schema.
     *
     * @param text in the QAPI language
     * @return the schema
     * @throws IllegalArgumentException when it is none; the message has the line or the name
     */
    public static Schema parse(String text) {
        return SchemaBuilder.build(SchemaText.read(text));
    }
}
