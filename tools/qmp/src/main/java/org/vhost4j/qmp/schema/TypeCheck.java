// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** Validates values against types, in QEMU's order and with QEMU's error messages. */
public final class TypeCheck {
    private TypeCheck() {}

    /**
     * Checks the arguments of a command or the data of an event.
     *
     * @param type the expected type
     * @param value a JSON object
     * @return the first error, or nothing
     */
    public static Optional<String> members(SchemaType.Struct type, JsonNode value) {
        return struct(type, value, "");
    }

    /**
     * Checks a value of any type.
     *
     * @param type the expected type
     * @param value the value
     * @param name the name of the value, for messages
     * @return the first error, or nothing
     */
    public static Optional<String> value(SchemaType type, JsonNode value, String name) {
        return switch (type) {
            case SchemaType.Builtin builtin -> builtin(builtin, value, name);
            case SchemaType.Enumeration enumeration -> {
                if (!value.isString()) {
                    yield wrongType(name, "string");
                }
                String word = value.stringValue();
                yield enumeration.values().contains(word)
                        ? Optional.empty()
                        : Optional.of("Parameter '" + name + "' does not accept value '" + word + "'");
            }
            case SchemaType.Array array -> {
                if (!value.isArray()) {
                    yield wrongType(name, "array");
                }
                int index = 0;
                for (JsonNode element : value) {
                    Optional<String> wrong = value(array.element(), element, name + "[" + index++ + "]");
                    if (wrong.isPresent()) {
                        yield wrong;
                    }
                }
                yield Optional.empty();
            }
            case SchemaType.Struct struct ->
                value.isObject() ? struct(struct, value, name + ".") : wrongType(name, "object");
        };
    }

    private static Optional<String> builtin(SchemaType.Builtin type, JsonNode value, String name) {
        return switch (type) {
            case STR -> value.isString() ? Optional.empty() : wrongType(name, "string");
            case BOOL -> value.isBoolean() ? Optional.empty() : wrongType(name, "boolean");
            case INT ->
                value.isIntegralNumber() && value.canConvertToLong() ? Optional.empty() : wrongType(name, "integer");
            case ANY -> Optional.empty();
        };
    }

    private static Optional<String> struct(SchemaType.Struct type, JsonNode value, String prefix) {
        Set<String> known = new HashSet<>();
        Optional<String> wrong = members(type.members(), value, prefix, known);
        if (wrong.isPresent()) {
            return wrong;
        }
        if (type.tag().isPresent()) {
            SchemaType.Struct variant =
                    type.variants().get(value.path(type.tag().get()).asString());
            if (variant != null) {
                wrong = members(variant.members(), value, prefix, known);
                if (wrong.isPresent()) {
                    return wrong;
                }
            }
        }
        for (String name : value.propertyNames()) {
            if (!known.contains(name)) {
                return Optional.of("Parameter '" + prefix + name + "' is unexpected");
            }
        }
        return Optional.empty();
    }

    private static Optional<String> members(List<Member> members, JsonNode value, String prefix, Set<String> known) {
        for (Member member : members) {
            known.add(member.name());
            JsonNode found = value.get(member.name());
            if (found != null) {
                Optional<String> wrong = value(member.type(), found, prefix + member.name());
                if (wrong.isPresent()) {
                    return wrong;
                }
            } else if (!member.optional()) {
                return Optional.of("Parameter '" + prefix + member.name() + "' is missing");
            }
        }
        return Optional.empty();
    }

    private static Optional<String> wrongType(String name, String expected) {
        return Optional.of("Invalid parameter type for '" + name + "', expected: " + expected);
    }
}
