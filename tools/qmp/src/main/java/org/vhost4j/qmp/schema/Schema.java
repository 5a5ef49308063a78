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
 * A schema: commands, events and their types.
 *
 * @param entries the entries of the file, in order
 * @param types the named types, by name
 * @param commands the commands, by name
 * @param events the events, by name
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
     * Returns a command.
     *
     * @param name the name of the command
     * @return the command
     * @throws java.util.NoSuchElementException when the command does not exist
     */
    public CommandDefinition command(String name) {
        return Optional.ofNullable(commands.get(name)).orElseThrow();
    }

    /**
     * Returns an event.
     *
     * @param name the name of the event
     * @return the event
     * @throws java.util.NoSuchElementException when the event does not exist
     */
    public EventDefinition event(String name) {
        return Optional.ofNullable(events.get(name)).orElseThrow();
    }

    /**
     * Returns a type.
     *
     * @param name the name of the type
     * @return the type
     * @throws java.util.NoSuchElementException when the type does not exist
     */
    public SchemaType type(String name) {
        return Optional.ofNullable(types.get(name)).orElseThrow();
    }

    /**
     * Loads the schema of this program.
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
     * Parses a schema.
     *
     * @param text the text in the QAPI language
     * @return the schema
     * @throws IllegalArgumentException when the text is not a valid schema; the message contains the line or the name
     */
    public static Schema parse(String text) {
        return SchemaBuilder.build(SchemaText.read(text));
    }
}
