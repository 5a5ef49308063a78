// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Creates the answer to {@code query-qmp-schema}: a list of SchemaInfo. As in QEMU, types that are not built in have numbers instead of
 * names, so that no client relies on the names.
 */
public final class Introspection {
    private final ArrayNode all = JsonNodeFactory.instance.arrayNode();
    private final Map<SchemaType, String> words = new HashMap<>();
    private final Deque<SchemaType> waiting = new ArrayDeque<>();
    private int numbers;

    private Introspection() {}

    /**
     * Describes a schema.
     *
     * @param schema the schema
     * @return the descriptions of all commands and events, followed by the types that they use
     */
    public static ArrayNode of(Schema schema) {
        Introspection introspection = new Introspection();
        for (CommandDefinition command : schema.commands().values()) {
            introspection
                    .entity(command.name(), "command")
                    .put("arg-type", introspection.word(command.arguments()))
                    .put("ret-type", introspection.word(command.returns()));
        }
        for (EventDefinition event : schema.events().values()) {
            introspection.entity(event.name(), "event").put("arg-type", introspection.word(event.data()));
        }
        while (!introspection.waiting.isEmpty()) {
            introspection.describe(introspection.waiting.remove());
        }
        return introspection.all;
    }

    private ObjectNode entity(String name, String metaType) {
        return all.addObject().put("name", name).put("meta-type", metaType);
    }

    private String word(SchemaType type) {
        String known = words.get(type);
        if (known != null) {
            return known;
        }
        String word = switch (type) {
            case SchemaType.Builtin builtin -> builtin.title();
            case SchemaType.Array array -> "[" + word(array.element()) + "]";
            default -> Integer.toString(numbers++);
        };
        words.put(type, word);
        waiting.add(type);
        return word;
    }

    private void describe(SchemaType type) {
        String word = word(type);
        switch (type) {
            case SchemaType.Builtin builtin -> entity(word, "builtin").put("json-type", builtin.jsonType());
            case SchemaType.Array array -> entity(word, "array").put("element-type", word(array.element()));
            case SchemaType.Enumeration enumeration -> {
                ObjectNode entity = entity(word, "enum");
                ArrayNode members = entity.putArray("members");
                enumeration.values().forEach(value -> members.addObject().put("name", value));
                enumeration.values().forEach(entity.putArray("values")::add);
            }
            case SchemaType.Struct struct -> {
                ObjectNode entity = entity(word, "object");
                members(entity.putArray("members"), struct.members());
                if (struct.tag().isPresent()) {
                    entity.put("tag", struct.tag().get());
                    ArrayNode variants = entity.putArray("variants");
                    struct.variants()
                            .forEach((value, variant) ->
                                    variants.addObject().put("case", value).put("type", word(variant)));
                }
            }
        }
    }

    private void members(ArrayNode into, Collection<Member> members) {
        for (Member member : members) {
            ObjectNode described = into.addObject().put("name", member.name()).put("type", word(member.type()));
            if (member.optional()) {
                described.putNull("default");
            }
            if (!member.features().isEmpty()) {
                member.features().forEach(described.putArray("features")::add);
            }
        }
    }
}
