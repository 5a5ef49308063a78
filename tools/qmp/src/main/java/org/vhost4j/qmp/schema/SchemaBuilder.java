// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** Builds types, commands and events from the definitions of a file. */
final class SchemaBuilder {
    /** The valid members of a definition, by the member that determines its kind. */
    private static final Map<String, Set<String>> KINDS = Map.of(
            "enum", Set.of("data"),
            "struct", Set.of("data", "base"),
            "union", Set.of("data", "base", "discriminator"),
            "command", Set.of("data", "returns", "allow-preconfig"),
            "event", Set.of("data"));

    private static final SchemaType.Struct NOTHING =
            new SchemaType.Struct("q_empty", List.of(), Optional.empty(), Map.of());

    private final Map<String, SchemaEntry> definitions = new LinkedHashMap<>();
    private final Map<String, SchemaType> types = new LinkedHashMap<>();
    private final Map<String, CommandDefinition> commands = new LinkedHashMap<>();
    private final Map<String, EventDefinition> events = new LinkedHashMap<>();
    private final Set<String> building = new HashSet<>();

    private SchemaBuilder() {}

    static Schema build(List<SchemaEntry> entries) {
        SchemaBuilder builder = new SchemaBuilder();
        for (SchemaType.Builtin builtin : SchemaType.Builtin.values()) {
            builder.types.put(builtin.title(), builtin);
        }
        for (SchemaEntry entry : entries) {
            entry.expression().ifPresent(expression -> builder.define(entry, expression));
        }
        for (SchemaEntry entry : builder.definitions.values()) {
            builder.resolve(entry);
        }
        return new Schema(entries, builder.types, builder.commands, builder.events);
    }

    /** Returns the member that determines the kind of a definition. */
    static String kind(JsonNode expression) {
        return KINDS.keySet().stream().filter(expression::has).findFirst().orElse("");
    }

    private void define(SchemaEntry entry, JsonNode expression) {
        String kind = kind(expression);
        if (kind.isEmpty()) {
            throw wrong(entry, "a definition is one of " + KINDS.keySet());
        }
        for (String member : expression.propertyNames()) {
            if (!member.equals(kind) && !KINDS.getOrDefault(kind, Set.of()).contains(member)) {
                throw wrong(entry, "a " + kind + " has no '" + member + "'");
            }
        }
        String name = expression.get(kind).asString();
        if (types.containsKey(name) || definitions.put(name, entry) != null) {
            throw wrong(entry, "'" + name + "' is defined twice");
        }
    }

    private void resolve(SchemaEntry entry) {
        JsonNode expression = entry.expression().orElseThrow();
        String kind = kind(expression);
        String name = expression.get(kind).asString();
        switch (kind) {
            case "command" -> {
                SchemaType returns = expression.has("returns") ? type(entry, expression.get("returns")) : NOTHING;
                commands.put(name, new CommandDefinition(name, arguments(entry, name, expression), returns));
            }
            case "event" -> events.put(name, new EventDefinition(name, arguments(entry, name, expression)));
            default -> named(entry, name);
        }
    }

    private SchemaType.Struct arguments(SchemaEntry entry, String name, JsonNode expression) {
        JsonNode data = expression.get("data");
        if (data == null) {
            return NOTHING;
        }
        return struct("q_obj_" + name, members(entry, data));
    }

    private SchemaType type(SchemaEntry entry, JsonNode reference) {
        if (reference.isArray() && reference.size() == 1) {
            return new SchemaType.Array(type(entry, reference.get(0)));
        }
        if (!reference.isString()) {
            throw wrong(entry, reference + " is not a type");
        }
        return named(entry, reference.stringValue());
    }

    private SchemaType named(SchemaEntry entry, String name) {
        SchemaType known = types.get(name);
        if (known != null) {
            return known;
        }
        SchemaEntry definition = definitions.get(name);
        if (definition == null) {
            throw wrong(entry, "there is no type '" + name + "'");
        }
        if (!building.add(name)) {
            throw wrong(entry, "type '" + name + "' is part of itself");
        }
        SchemaType type = made(definition, name);
        types.put(name, type);
        return type;
    }

    private SchemaType made(SchemaEntry entry, String name) {
        JsonNode expression = entry.expression().orElseThrow();
        JsonNode data = expression.path("data");
        return switch (kind(expression)) {
            case "enum" -> {
                List<String> values = new ArrayList<>();
                data.forEach(value -> values.add(value.asString()));
                yield new SchemaType.Enumeration(name, values);
            }
            case "struct" -> {
                List<Member> members = new ArrayList<>(base(entry, expression));
                members.addAll(members(entry, data));
                yield struct(name, members);
            }
            case "union" -> {
                Map<String, SchemaType.Struct> variants = new LinkedHashMap<>();
                data.forEachEntry((value, reference) -> variants.put(value, structOf(entry, reference)));
                yield new SchemaType.Struct(
                        name,
                        base(entry, expression),
                        Optional.of(expression.path("discriminator").asString()),
                        variants);
            }
            default -> throw wrong(entry, "'" + name + "' is not a type");
        };
    }

    private List<Member> base(SchemaEntry entry, JsonNode expression) {
        JsonNode base = expression.path("base");
        if (base.isMissingNode()) {
            return List.of();
        }
        return base.isObject() ? members(entry, base) : structOf(entry, base).members();
    }

    private SchemaType.Struct structOf(SchemaEntry entry, JsonNode reference) {
        if (type(entry, reference) instanceof SchemaType.Struct struct) {
            return struct;
        }
        throw wrong(entry, reference + " is not a struct");
    }

    private static SchemaType.Struct struct(String name, List<Member> members) {
        return new SchemaType.Struct(name, members, Optional.empty(), Map.of());
    }

    private List<Member> members(SchemaEntry entry, JsonNode data) {
        List<Member> members = new ArrayList<>();
        data.forEachEntry((name, value) -> {
            boolean optional = name.startsWith("*");
            List<String> features = new ArrayList<>();
            value.path("features").forEach(feature -> features.add(feature.asString()));
            members.add(new Member(
                    optional ? name.substring(1) : name,
                    type(entry, value.isObject() ? value.path("type") : value),
                    optional,
                    features));
        });
        return members;
    }

    private static IllegalArgumentException wrong(SchemaEntry entry, String what) {
        return new IllegalArgumentException("the definition at line " + entry.line() + ": " + what);
    }
}
