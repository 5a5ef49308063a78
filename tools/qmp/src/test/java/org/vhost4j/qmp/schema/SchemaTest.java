// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SchemaTest {
    private static final String HEAD = """
            # a comment
            { 'enum': 'Colour', 'data': [ 'red', 'green' ] }  # another
            { 'struct': 'Point', 'data': { 'x': 'int', '*label': 'str', '*colour': 'Colour' } }
            { 'union': 'Shape', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', 'data': { 'dot': 'Point' } }
            { 'enum': 'Kind', 'data': [ 'dot', 'nothing' ] }
            ##
            # @draw:
            #
            # Draws.
            ##
            { 'command': 'draw',
              'data': { 'points': [ 'Point' ], '*fast': { 'type': 'bool', 'features': [ 'unstable' ] }, '*any': 'any',
                        '*shape': 'Shape' },
              'returns': [ 'str' ] }
            { 'event': 'DRAWN' }
            """;

    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text.replace('\'', '"'));
    }

    @Test
    void definitions() {
        Schema schema = Schema.parse(HEAD);
        assertThat(schema.commands()).containsOnlyKeys("draw");
        assertThat(schema.events()).containsOnlyKeys("DRAWN");
        CommandDefinition draw = schema.command("draw");
        assertThat(draw.returns().title()).isEqualTo("[str]");
        assertThat(draw.arguments().members().get(1).features()).containsExactly("unstable");
        assertThat(schema.entries().get(4).documentation()).containsExactly("@draw:", "", "Draws.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'points': []}|",
                "{'points': [{'x': 1}], 'fast': true, 'any': [null], 'shape': {'kind': 'dot', 'x': 2}}|",
                "{'points': [], 'shape': {'kind': 'nothing'}}|",
                "{}|Parameter 'points' is missing",
                "{'points': 1}|Invalid parameter type for 'points', expected: array",
                "{'points': [1]}|Invalid parameter type for 'points[0]', expected: object",
                "{'points': [{'x': 1}, {}]}|Parameter 'points[1].x' is missing",
                "{'points': [{'x': 1.0}]}|Invalid parameter type for 'points[0].x', expected: integer",
                "{'points': [{'x': 9223372036854775808}]}|Invalid parameter type for 'points[0].x', expected: integer",
                "{'points': [{'x': 1, 'label': null}]}|Invalid parameter type for 'points[0].label', expected: string",
                "{'points': [{'x': 1, 'colour': 'blue'}]}|Parameter 'points[0].colour' does not accept value 'blue'",
                "{'points': [{'x': 1, 'colour': 3}]}|Invalid parameter type for 'points[0].colour', expected: string",
                "{'points': [{'x': 1, 'y': 1}]}|Parameter 'points[0].y' is unexpected",
                "{'points': [], 'fast': 'true'}|Invalid parameter type for 'fast', expected: boolean",
                "{'points': [], 'slow': 1}|Parameter 'slow' is unexpected",
                "{'slow': 1, 'fast': 1}|Parameter 'points' is missing",
                "{'points': [], 'shape': {'kind': 'dot'}}|Parameter 'shape.x' is missing",
                "{'points': [], 'shape': {'kind': 'nothing', 'x': 1}}|Parameter 'shape.x' is unexpected",
            })
    void arguments(String arguments, String wrong) {
        SchemaType.Struct type = Schema.parse(HEAD).command("draw").arguments();
        assertThat(TypeCheck.members(type, json(arguments)).orElse(null)).isEqualTo(wrong);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{ 'struct': 'A', 'data': { 'x': 'Nowhere' } }|there is no type 'Nowhere'",
                "{ 'struct': 'A', 'data': { 'x': 'A' } }|part of itself",
                "{ 'struct': 'Point', 'data': {} }|defined twice",
                "{ 'struct': 'A', 'returns': 'int' }|a struct has no 'returns'",
                "{ 'thing': 'A' }|a definition is one of",
                "{ 'struct': 'A', 'data': |it does not end",
                "{ 'struct' 'A' }|line 16: 1",
                "{ 'command': 'a', 'returns': 3 }|3 is not a type",
                "{ 'struct': 'A', 'data': {}, 'base': 'Kind' }|is not a struct",
            })
    void whatIsNoSchema(String line, String words) {
        assertThatThrownBy(() -> Schema.parse(HEAD + line + "\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(line.contains("'struct' 'A'") ? "line 16" : "line")
                .hasMessageContaining(line.contains("'struct' 'A'") ? "expecting ':'" : words);
    }

    private static JsonNode entity(Map<String, JsonNode> byName, String name) {
        return Optional.ofNullable(byName.get(name)).orElseThrow();
    }

    /** Every name that introspection mentions is described once, in the form that its own schema has for it. */
    @Test
    void introspectionIsWhole() {
        Schema schema = Schema.load();
        JsonNode all = Introspection.of(schema);
        SchemaType type = schema.command("query-qmp-schema").returns();
        assertThat(TypeCheck.value(type, all, "schema")).isEmpty();
        Map<String, JsonNode> byName = new HashMap<>();
        all.forEach(entity ->
                assertThat(byName.put(entity.get("name").asString(), entity)).isNull());
        Set<String> used = new HashSet<>();
        all.forEach(entity -> {
            for (String member : new String[] {"arg-type", "ret-type", "element-type"}) {
                if (entity.has(member)) {
                    used.add(entity.get(member).asString());
                }
            }
            entity.path("members").forEach(member -> {
                if (member.has("type")) {
                    used.add(member.get("type").asString());
                }
            });
            entity.path("variants")
                    .forEach(variant -> used.add(variant.get("type").asString()));
        });
        Set<String> types = new HashSet<>(byName.keySet());
        types.removeAll(schema.commands().keySet());
        types.removeAll(schema.events().keySet());
        assertThat(used).isEqualTo(types);
        assertThat(entity(byName, "query-machines").get("ret-type").asString()).matches("\\[[0-9]+\\]");
        assertThat(entity(byName, "str").toString())
                .isEqualTo("{\"name\":\"str\",\"meta-type\":\"builtin\",\"json-type\":\"string\"}");
        JsonNode arguments =
                entity(byName, entity(byName, "query-machines").get("arg-type").asString());
        assertThat(arguments.get("members").toString())
                .isEqualTo(
                        "[{\"name\":\"compat-props\",\"type\":\"bool\",\"default\":null,\"features\":[\"unstable\"]}]");
    }
}
