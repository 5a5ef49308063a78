// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The types of a Kubernetes API, as its OpenAPI document describes them (version 2 or 3), for checking a manifest. Like
 * an API server with strict validation it rejects a field that a type does not have: JSON Schema alone would accept it.
 */
final class KubernetesApi {
    private static final JsonMapper MAPPER = new JsonMapper();

    /** Types that every document has under the same names, so that manifests need no place where they are looked for first. */
    private final Map<String, JsonNode> types = new LinkedHashMap<>();

    /**
     * Reads documents.
     *
     * @param documents OpenAPI documents as JSON
     * @throws IOException when one cannot be read
     */
    KubernetesApi(List<Path> documents) throws IOException {
        for (Path document : documents) {
            add(MAPPER.readTree(document.toFile()));
        }
    }

    /**
     * Takes one document.
     *
     * @param document an OpenAPI document
     */
    KubernetesApi(JsonNode document) {
        add(document);
    }

    private void add(JsonNode document) {
        JsonNode definitions = document.has("definitions")
                ? document.path("definitions")
                : document.path("components").path("schemas");
        definitions.properties().forEach(type -> types.putIfAbsent(type.getKey(), type.getValue()));
    }

    /**
     * What is wrong with an object.
     *
     * @param object a manifest's, with apiVersion and kind
     * @return a line for each field, empty when all is right
     */
    List<String> problems(JsonNode object) {
        String version = object.path("apiVersion").asString("");
        String kind = object.path("kind").asString("");
        Optional<JsonNode> type = type(version, kind);
        if (type.isEmpty()) {
            return List.of("no document has apiVersion " + version + ", kind " + kind);
        }
        List<String> problems = new ArrayList<>();
        check(object, type.get(), "", problems);
        return problems;
    }

    private Optional<JsonNode> type(String apiVersion, String kind) {
        int slash = apiVersion.indexOf('/');
        String group = slash < 0 ? "" : apiVersion.substring(0, slash);
        String version = apiVersion.substring(slash + 1);
        for (JsonNode type : types.values()) {
            for (JsonNode named : type.path("x-kubernetes-group-version-kind")) {
                if (named.path("group").asString("").equals(group)
                        && named.path("version").asString("").equals(version)
                        && named.path("kind").asString("").equals(kind)) {
                    return Optional.of(type);
                }
            }
        }
        // KubeVirt's document names its types without a group.
        return Optional.ofNullable(types.get(version + "." + kind));
    }

    private void check(JsonNode value, JsonNode schema, String at, List<String> problems) {
        JsonNode type = resolved(schema);
        if (value.isObject() && type.has("properties")) {
            checkFields(value, type, at, problems);
        } else if (value.isObject() && type.path("additionalProperties").isObject()) {
            value.properties()
                    .forEach(field -> check(
                            field.getValue(), type.path("additionalProperties"), at + "." + field.getKey(), problems));
        } else if (value.isArray() && type.has("items")) {
            for (int i = 0; i < value.size(); i++) {
                check(value.get(i), type.path("items"), at + "[" + i + "]", problems);
            }
        } else if (!isOf(value, type)) {
            problems.add(at + ": " + value + " is no " + words(type));
        }
        if (type.has("enum") && type.path("enum").valueStream().noneMatch(value::equals)) {
            problems.add(at + ": " + value + " is none of " + type.path("enum"));
        }
    }

    private void checkFields(JsonNode value, JsonNode type, String at, List<String> problems) {
        JsonNode fields = type.path("properties");
        value.properties().forEach(field -> {
            String name = at + "." + field.getKey();
            if (fields.has(field.getKey())) {
                check(field.getValue(), fields.path(field.getKey()), name, problems);
            } else {
                problems.add(name + ": there is no such field");
            }
        });
        type.path("required").forEach(name -> {
            if (!value.has(name.asString())) {
                problems.add(at + "." + name.asString() + ": missing");
            }
        });
    }

    /** The type itself behind references, which may be in an allOf of one. */
    private JsonNode resolved(JsonNode schema) {
        JsonNode type = schema;
        while (type.has("$ref") || type.path("allOf").size() == 1) {
            if (!type.has("$ref")) {
                type = type.path("allOf").get(0);
                continue;
            }
            String reference = type.path("$ref").asString();
            JsonNode next = types.get(reference.substring(reference.lastIndexOf('/') + 1));
            if (next == null) {
                throw new IllegalArgumentException("no document has the type " + reference);
            }
            type = next;
        }
        return type;
    }

    private boolean isOf(JsonNode value, JsonNode type) {
        if (type.path("oneOf").size() > 0) {
            return type.path("oneOf").valueStream().anyMatch(one -> isOf(value, resolved(one)));
        }
        // Kubernetes' own types that are one of two are strings in version 2.
        boolean either =
                Set.of("int-or-string", "quantity").contains(type.path("format").asString(""));
        return switch (type.path("type").asString("")) {
            case "" -> true;
            case "string" -> value.isString() || (either && value.isNumber());
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "array" -> value.isArray();
            case "object" -> value.isObject();
            default -> false;
        };
    }

    private static String words(JsonNode type) {
        return type.path("oneOf").size() > 0
                ? type.path("oneOf").toString()
                : type.path("type").asString();
    }
}
