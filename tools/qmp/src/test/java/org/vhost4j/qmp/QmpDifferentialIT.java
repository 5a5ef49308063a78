// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sends the same bytes to the monitor of a real QEMU and to this one, and expects the same bytes back, except for the
 * differences listed here.
 */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class QmpDifferentialIT {
    /** Ends whatever came before it, and asks for an answer that nothing else gives. */
    private static final String END = "\u00ff\n{\"execute\": \"the-end\"}";

    private static final String ENDED = "The command the-end has not been found";

    /** Pieces of JSON, whole and broken, of which random messages are made. A character is a byte. */
    private static final List<String> PIECES = List.of(
            ("{ } [ ] : , \"a\" \"b\" 'c' \"execute\" \"id\" \"nope\" \"arguments\" 1 -0 0 1.5 1e3 - . tru true null falsey "
                            + "@ \" ' \\ \"\\u0041\" \"\\ud800\" \"\\ud83d\\ude00\" \"\\ud800\\u0041\" \"\\uDBFF\\uDFFF\" \"\\u12\" "
                            + "\"\\uzzzz\" \"\\x\" %s T 123456789012345678901234567890 18446744073709551615 18446744073709551616 "
                            + "-9223372036854775809 9223372036854775808 01 1. 1e 1e+ \u00c3\u00a9 \u00c3 \u00f0\u009f\u0098\u0080 "
                            + "\u00ef\u00bf\u00bf \u00ff \u00fe \u00e2\u0082 \u00ed\u00a0\u0080 \u00f8\u0088\u0080\u0080\u0080 "
                            + "\u00c0\u0080 \u00c1\u00bf {\"execute\":\"nope\",\"id\": {\"execute\": } } ] \u0001 \u007f \u0000")
                    .split(" "));

    private static final String BLANKS = " \n\t\r";

    @TempDir
    Path directory;

    private RealMonitor real;
    private QmpFixture ours;

    @BeforeEach
    void start() throws IOException {
        real = new RealMonitor(directory);
        ours = new QmpFixture(directory);
    }

    @AfterEach
    void end() {
        ours.close();
        real.close();
    }

    private interface Talk {
        List<String> with(TestClient client) throws IOException;
    }

    private void same(boolean negotiated, Talk talk) throws IOException {
        List<List<String>> answers = new ArrayList<>();
        for (Path path : List.of(real.path(), ours.path())) {
            try (TestClient client = TestClient.connect(path)) {
                client.line();
                if (negotiated) {
                    client.ask("{'execute': 'qmp_capabilities'}");
                }
                answers.add(talk.with(client));
            }
        }
        List<String> expected = answers.get(0);
        List<String> actual = answers.get(1);
        for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
            assertThat(actual.get(i)).as("answers " + i).isEqualTo(expected.get(i));
        }
        assertThat(actual).hasSameSizeAs(expected);
    }

    /** All that is said about an input, in one line with the input itself. */
    private static String said(TestClient client, String... packets) throws IOException {
        for (String packet : packets) {
            client.send(packet);
        }
        client.send(END);
        StringBuilder all = new StringBuilder(String.join("", packets)).append("\n=>");
        String line = client.line();
        while (!line.contains(ENDED)) {
            all.append('\n').append(line);
            line = client.line();
        }
        return all.toString();
    }

    private static List<String> saidOfEach(TestClient client, List<String> inputs) throws IOException {
        List<String> all = new ArrayList<>();
        for (String input : inputs) {
            all.add(said(client, input));
        }
        return all;
    }

    @Test
    void malformed() throws IOException {
        List<String> inputs = new ArrayList<>(List.of(
                "{\"execute\": }",
                "[1]",
                "{\"exec\":\"x\"}",
                "{\"exec-oob\":\"query-status\"}",
                "nul ",
                "null ",
                "1 ",
                "\"x\"",
                "'x'",
                "}",
                "]",
                ":",
                ",",
                "{]",
                "[}",
                "{\"a\" 1}",
                "{\"a\":1 \"b\"}",
                "{\"a\":1,}",
                "[1,]",
                "[1 2]",
                "{1:2}",
                "{\"a\":tru}",
                "{\"a\":01}",
                "{\"a\":-}",
                "{\"a\":1.}",
                "{\"a\":0e1}",
                "{\"a\":1;}",
                "{\"a\":\"\\q\"}",
                "{\"a\":\"\t\"}",
                "{\"a\":\"x\ny\"}",
                "{\"a\":1,\"a\":2}",
                "{\"a\":1,\"a\":{\"b\":2}}",
                "{\"execute\":\"query-version\",\"execute\":\"quit\"}",
                "{\"execute\":1}",
                "{}",
                "{\"id\":1}",
                "{\"execute\":\"x\",\"arguments\":1}",
                "{\"execute\":\"x\",\"arguments\":null}",
                "{\"arguments\":{}}",
                "{\"execute\":\"\"}",
                "{\"execute\":\"quer\\u0000y\"}",
                "{\"EXECUTE\":\"x\"}",
                "{\"a\" 1, [2, {\"b\" 3}], 4}",
                "[tru@]",
                "[tru, }]",
                "{] @ }@",
                "\u0000",
                "\u00fe\u00ff",
                "\u00ef\u00bb\u00bf{\"execute\":\"nope\"}",
                "TRUE ",
                "%d",
                "{\"a\":\"\u00c3(\"}",
                "\"\\",
                "{\"\u00c3\u00a9\":1}",
                "a".repeat(3000) + " ",
                "\"" + "a".repeat(3000) + "\u0001",
                "{\"" + "b".repeat(3000) + "\": 1}",
                "{\"execute\": \"" + "c".repeat(5000) + "\"}"));
        for (int depth : new int[] {1023, 1024, 1025, 1030}) {
            inputs.add("[".repeat(depth) + "1" + "]".repeat(depth));
            inputs.add("{\"a\":".repeat(depth) + "1" + "}".repeat(depth));
        }
        same(true, client -> saidOfEach(client, inputs));
    }

    @Test
    void wellFormed() throws IOException {
        List<String> inputs = new ArrayList<>();
        for (String id : List.of(
                "1",
                "-1",
                "0",
                "-0",
                "1.5",
                "1e3",
                "0.1",
                "1e300",
                "5e-324",
                "123456789012345678901234567890",
                "18446744073709551615",
                "-9223372036854775809",
                "null",
                "true",
                "\"\"",
                "'it\\'s \"'",
                "[]",
                "{}",
                "[1, [2, {'a': null}]]",
                "\"\\u00e9\u00c3\u00a9\\ud83d\\ude00\\u0000\\b\\f\\n\\r\\t\\/\\\\\u007f\"")) {
            inputs.add("{\"execute\": \"nope\", \"id\": " + id + "}");
            inputs.add("{\"id\": " + id + "}");
            inputs.add("{\"execute\": \"query-version\", \"arguments\": {\"foo\": 1}, \"id\": " + id + "}");
        }
        for (String command : List.of("query-version", "query-commands", "query-qmp-schema", "quit")) {
            inputs.add("{\"execute\": \"" + command + "\", \"arguments\": {\"foo\": null}}");
            inputs.add("{\"execute\": \"" + command + "\", \"arguments\": []}");
        }
        for (String argument : List.of("1", "null", "\"true\"", "[]", "{}", "1.5")) {
            inputs.add("{'execute': 'query-machines', 'arguments': {'compat-props': " + argument + "}, 'id': 1}");
            inputs.add("{'execute': 'query-machines', 'arguments': {'compat-props': " + argument + ", 'x': 1}}");
        }
        inputs.add("{'execute': 'query-machines', 'arguments': {'compat-props': true, 'x': 1}}");
        for (String arguments : List.of(
                "{}",
                "{'name': 'guest0'}",
                "{'up': true}",
                "{'name': 1, 'up': true}",
                "{'name': 'guest0', 'up': 'on'}",
                "{'name': 'guest0', 'up': 1}",
                "{'name': 'guest0', 'up': null}",
                "{'name': 'guest0', 'up': false, 'x': 1}",
                "{'name': 'guest0', 'up': false}",
                "{'name': 'guest0', 'up': false}",
                "{'name': 'guest0', 'up': true}",
                "{'name': 'guest00', 'up': true}",
                "{'name': '', 'up': true}",
                "{'name': '\\u00e9\\ud83d\\ude00\\n\\\\', 'up': true}")) {
            inputs.add("{'execute': 'set_link', 'arguments': " + arguments + ", 'id': 1}");
        }
        inputs.add("{'execute': 'qmp_capabilities'}");
        inputs.add("{'execute': 'qmp_capabilities', 'arguments': {'enable': []}, 'id': 'again'}");
        inputs.add("{'execute': 'qmp_capabilities', 'arguments': {'enable': 1}}");
        inputs.add("{'execute': 'qmp_capabilities', 'arguments': {'enable': [1]}}");
        inputs.add("{'execute': 'qmp_capabilities', 'arguments': {'enabled': []}}");
        inputs.add("{'execute':'nope','id':1}{'execute':'nope','id':2}\r\n{'execute':'nope','id':3}");
        same(true, client -> saidOfEach(client, inputs));
    }

    @Test
    void beforeNegotiation() throws IOException {
        List<String> inputs = List.of(
                "{'execute': 'query-version'}",
                "{'execute': 'quit'}",
                "{'execute': 'nope', 'id': 1}",
                "[1]",
                "{}",
                "{'foo': 1}",
                "{'execute': 1}",
                "{'exec-oob': 'x'}",
                "{ 'execute' : }",
                "{'execute': 'qmp_capabilities', 'foo': 1}",
                "{'execute': 'qmp_capabilities', 'arguments': {'x': 1}}",
                "{'execute': 'qmp_capabilities', 'arguments': {'enable': {}}}",
                "{'execute': 'qmp_capabilities', 'arguments': {'enable': [null]}}",
                "{'execute': 'qmp_capabilities', 'arguments': {'enable': []}, 'id': {'a': 1}}",
                "{'execute': 'nope'}");
        same(false, client -> {
            List<String> all = new ArrayList<>();
            for (String input : inputs) {
                all.add(client.ask(input));
            }
            return all;
        });
    }

    @Test
    void splitAnywhere() throws IOException {
        String message =
                "{'execute': \"no\\u0070e\", 'id': [1, -2.5e3, tru, {}]} {'execute': 'nope', 'id': '\u00c3\u00a9'}@";
        same(true, client -> {
            List<String> all = new ArrayList<>();
            for (int i = 1; i < message.length(); i++) {
                all.add(said(client, message.substring(0, i), message.substring(i)));
            }
            return all;
        });
    }

    @Test
    void random() throws IOException {
        Random random = new Random(20261123);
        List<String> inputs = IntStream.range(0, 3000)
                .mapToObj(i -> i % 4 == 0 ? bytes(random) : pieces(random))
                .toList();
        same(true, client -> saidOfEach(client, inputs));
    }

    private static String pieces(Random random) {
        StringBuilder input = new StringBuilder();
        for (int i = random.nextInt(14); i >= 0; i--) {
            input.append(PIECES.get(random.nextInt(PIECES.size())));
            if (random.nextInt(4) == 0) {
                input.append(BLANKS.charAt(random.nextInt(BLANKS.length())));
            }
        }
        return input.toString();
    }

    private static String bytes(Random random) {
        byte[] bytes = new byte[random.nextInt(30)];
        random.nextBytes(bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** A message of one token more than QEMU takes. */
    @Test
    void tooManyTokens() throws IOException {
        String ones = "1,".repeat((2 << 20) / 2 - 1);
        same(
                true,
                client -> List.of(
                        Integer.toString(said(client, "[" + ones + "]").hashCode()),
                        said(client, "[" + ones + "1,1]").substring(2 * ones.length() / 2)));
    }

    @Test
    void version() throws IOException {
        JsonMapper mapper = new JsonMapper();
        for (Path path : List.of(real.path(), ours.path())) {
            try (TestClient client = TestClient.connect(path)) {
                JsonNode greeting = mapper.readTree(client.line()).get("QMP");
                assertThat(greeting.propertyNames()).containsExactly("version", "capabilities");
                // Named difference: out-of-band execution is QEMU's alone.
                assertThat(greeting.get("capabilities").size()).isEqualTo(path.equals(real.path()) ? 1 : 0);
                client.ask("{'execute': 'qmp_capabilities'}");
                JsonNode version = client.returned("{'execute': 'query-version'}");
                assertThat(version).isEqualTo(greeting.get("version"));
                assertThat(version.propertyNames()).containsExactly("qemu", "package");
                assertThat(version.get("qemu").propertyNames()).containsExactly("micro", "minor", "major");
                for (JsonNode command : client.returned("{'execute': 'query-commands'}")) {
                    assertThat(command.propertyNames()).containsExactly("name");
                }
            }
        }
    }

    /** What the introspection of both says about what both have. */
    @Test
    void introspection() throws IOException {
        List<List<String>> described = new ArrayList<>();
        for (Path path : List.of(real.path(), ours.path())) {
            try (TestClient client = TestClient.negotiated(path)) {
                JsonNode all = client.returned("{'execute': 'query-qmp-schema'}");
                List<String> lines = new ArrayList<>();
                for (String name : List.of(
                        "qmp_capabilities", "query-version", "query-commands", "quit", "query-machines", "set_link")) {
                    lines.add(name + " takes "
                            + shape(all, entity(all, name).get("arg-type").asString()));
                }
                lines.add(
                        shape(all, entity(all, "query-version").get("ret-type").asString()));
                lines.add(
                        shape(all, entity(all, "query-commands").get("ret-type").asString()));
                for (String name : List.of("quit", "set_link")) {
                    lines.add(shape(all, entity(all, name).get("ret-type").asString()));
                }
                described.add(lines);
            }
        }
        assertThat(described.get(1)).isEqualTo(described.get(0));
    }

    private static JsonNode entity(JsonNode all, String name) {
        for (JsonNode entity : all) {
            if (entity.get("name").asString().equals(name)) {
                return entity;
            }
        }
        throw new AssertionError("nothing describes " + name);
    }

    private static String shape(JsonNode all, String name) {
        JsonNode entity = entity(all, name);
        StringBuilder text = new StringBuilder(entity.get("meta-type").asString());
        if (entity.has("json-type")) {
            text.append(' ').append(entity.get("json-type").asString());
        }
        if (entity.has("element-type")) {
            text.append(" of ").append(shape(all, entity.get("element-type").asString()));
        }
        for (JsonNode member : entity.path("members")) {
            text.append(" (").append(member.get("name").asString());
            if (member.has("type")) {
                text.append(member.has("default") ? ", optional: " : ": ")
                        .append(shape(all, member.get("type").asString()));
            }
            text.append(')').append(member.path("features"));
        }
        return text.toString();
    }

    @Test
    void quit() throws Exception {
        List<String> shapes = new ArrayList<>();
        for (Path path : List.of(real.path(), ours.path())) {
            try (TestClient client = TestClient.negotiated(path)) {
                client.send("{'execute': 'quit', 'id': 'bye'}");
                shapes.add((client.line() + " " + client.line()).replaceAll("[0-9]+", "N"));
            }
        }
        assertThat(shapes.get(1)).isEqualTo(shapes.get(0)).contains("SHUTDOWN").contains("\"id\": \"bye\"");
        assertThat(real.await()).isZero();
    }

    /** What differs, and is meant to. */
    @Test
    void namedDifferences() throws IOException {
        try (TestClient theirs = TestClient.connect(real.path());
                TestClient client = TestClient.connect(ours.path())) {
            theirs.line();
            client.line();
            String wrongElement = "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['x']}}";
            assertThat(theirs.ask(wrongElement)).contains("Parameter 'null' does not accept value 'x'");
            assertThat(client.ask(wrongElement)).contains("Parameter 'enable[0]' does not accept value 'x'");
            String beyond = "{'execute': 'nope', 'id': 1e400}";
            assertThat(theirs.ask(beyond)).contains("\"id\": inf,");
            assertThat(client.ask(beyond)).contains("\"id\": 1.7976931348623157e+308,");
            String members = "{'execute': 'qmp_capabilities', 'id': {'z': 1, 'a': 2}}";
            assertThat(theirs.ask(members)).contains("\"id\": {\"a\": 2, \"z\": 1}");
            assertThat(client.ask(members)).contains("\"id\": {\"z\": 1, \"a\": 2}");
        }
    }
}
