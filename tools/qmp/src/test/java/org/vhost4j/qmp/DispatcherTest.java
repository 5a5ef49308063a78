// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.qmp.schema.Schema;
import org.vhost4j.qmp.wire.JsonText;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Tests the response to each message. The error texts are those of QEMU 11.1, with which an integration test compares
 * them.
 */
class DispatcherTest {
    private static final String SCHEMA = """
            { 'enum': 'QMPCapability', 'data': [ 'oob' ] }
            { 'command': 'qmp_capabilities', 'data': { '*enable': [ 'QMPCapability' ] } }
            { 'command': 'query-it', 'data': { 'name': 'str', '*compat-props': 'bool' }, 'returns': 'str' }
            { 'command': 'fail' }
            """;

    private final QmpSession session = new QmpSession();
    private final Dispatcher dispatcher = new Dispatcher(
            Schema.parse(SCHEMA),
            Map.of(
                    "qmp_capabilities",
                    ProtocolAnswers::negotiate,
                    "query-it",
                    (client, arguments) -> arguments.get("name"),
                    "fail",
                    (client, arguments) -> {
                        throw new IllegalStateException("a bug");
                    }));

    private String answer(String message) {
        byte[] line = JsonText.line(dispatcher.answer(session, new JsonMapper().readTree(message.replace('\'', '"'))));
        return new String(line, StandardCharsets.US_ASCII).strip().replace('"', '\'');
    }

    private static String error(String kind, String description) {
        return "{'error': {'class': '" + kind + "', 'desc': '" + description + "'}}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[1]|GenericError|QMP input must be a JSON object",
                "1|GenericError|QMP input must be a JSON object",
                "null|GenericError|QMP input must be a JSON object",
                "{}|GenericError|QMP input lacks member 'execute'",
                "{'arguments': {}}|GenericError|QMP input lacks member 'execute'",
                "{'exec': 'x'}|GenericError|QMP input member 'exec' is unexpected",
                "{'exec-oob': 'query-it'}|GenericError|QMP input member 'exec-oob' is unexpected",
                "{'execute': 'query-it', 'foo': 1}|GenericError|QMP input member 'foo' is unexpected",
                "{'execute': 1}|GenericError|QMP input member 'execute' must be a string",
                "{'execute': 'x', 'arguments': 1}|GenericError|QMP input member 'arguments' must be an object",
                "{'execute': 'nope'}|CommandNotFound|The command nope has not been found",
                "{'execute': ''}|CommandNotFound|The command  has not been found",
                "{'execute': 'qmp_capabilities'}|CommandNotFound|Capabilities negotiation is already complete, command ignored",
                "{'execute': 'qmp_capabilities', 'arguments': {'foo': 1}}|GenericError|Parameter 'foo' is unexpected",
                "{'execute': 'query-it'}|GenericError|Parameter 'name' is missing",
                "{'execute': 'query-it', 'arguments': {'name': 1}}|GenericError|Invalid parameter type for 'name', expected: string",
                "{'execute': 'query-it', 'arguments': {'name': 'x', 'compat-props': 1}}|GenericError"
                        + "|Invalid parameter type for 'compat-props', expected: boolean",
                "{'execute': 'query-it', 'arguments': {'name': 'x', 'foo': 1}}|GenericError|Parameter 'foo' is unexpected",
                "{'execute': 'fail'}|GenericError|The command fail failed: java.lang.IllegalStateException: a bug",
            })
    void errors(String message, String kind, String description) {
        session.endNegotiation();
        assertThat(answer(message)).isEqualTo(error(kind, description));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'execute': 'query-it'}|CommandNotFound|Expecting capabilities negotiation with 'qmp_capabilities'",
                "{'execute': 'nope'}|CommandNotFound|Expecting capabilities negotiation with 'qmp_capabilities'",
                "{'foo': 1}|GenericError|QMP input member 'foo' is unexpected",
                "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}|GenericError|Capability oob not available",
                "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['x']}}|GenericError"
                        + "|Parameter 'enable[0]' does not accept value 'x'",
                "{'execute': 'qmp_capabilities', 'arguments': {'enable': 1}}|GenericError"
                        + "|Invalid parameter type for 'enable', expected: array",
                "{'execute': 'qmp_capabilities', 'arguments': {'enable': [1]}}|GenericError"
                        + "|Invalid parameter type for 'enable[0]', expected: string",
            })
    void beforeNegotiation(String message, String kind, String description) {
        assertThat(answer(message)).isEqualTo(error(kind, description));
        assertThat(session.negotiated()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{}", "{'enable': []}"})
    void negotiation(String arguments) {
        assertThat(answer("{'execute': 'qmp_capabilities', 'arguments': " + arguments + "}"))
                .isEqualTo("{'return': {}}");
        assertThat(session.negotiated()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"1", "-1.5", "'x'", "null", "true", "[1, {'a': []}]", "{'a': 'b'}", "18446744073709551615", "''"})
    void anIdOfAnyTypeComesBack(String id) {
        session.endNegotiation();
        assertThat(answer("{'execute': 'query-it', 'arguments': {'name': 'x'}, 'id': " + id + "}"))
                .isEqualTo("{'return': 'x', 'id': " + id + "}");
        assertThat(answer("{'execute': 'nope', 'id': " + id + "}"))
                .isEqualTo("{'id': " + id + ", 'error': {'class': 'CommandNotFound', "
                        + "'desc': 'The command nope has not been found'}}");
        assertThat(answer("{'id': " + id + "}")).startsWith("{'id': " + id + ", 'error': ");
    }

    @Test
    void everyCommandHasOneWhoCarriesItOut() {
        assertThatThrownBy(() -> new Dispatcher(
                        Schema.parse(SCHEMA),
                        Map.of("fail", (client, arguments) -> JsonNodeFactory.instance.nullNode())))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
