// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.fuzz.FuzzTarget;
import org.vhost4j.qmp.schema.Schema;
import org.vhost4j.qmp.wire.JsonText;
import org.vhost4j.qmp.wire.MemoryBudget;
import org.vhost4j.qmp.wire.MessageLimits;
import org.vhost4j.qmp.wire.MessageReader;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Fuzz target: a client of the monitor. Its bytes are parsed to commands, whose arguments are validated with the
 * schema, and each response is one line.
 */
public final class QmpTarget implements FuzzTarget {
    private static final MessageLimits LIMITS = new MessageLimits(2048, 200, 20);
    /** As much as one message may take, and no more: what is not returned is missed at once. */
    private static final long BUDGET = 3 * 2048 + 64 * 200;

    private static final byte[] LONG = ("\"" + "x".repeat(2000) + "\" ").getBytes(StandardCharsets.US_ASCII);

    private final Schema schema = Schema.load();
    private final Dispatcher dispatcher;

    /** Creates the target with commands that do nothing. */
    public QmpTarget() {
        Map<String, CommandHandler> handlers = new HashMap<>();
        schema.commands()
                .keySet()
                .forEach(name -> handlers.put(name, (session, arguments) -> {
                    if (name.equals(Dispatcher.NEGOTIATE)) {
                        session.endNegotiation();
                    }
                    return JsonNodeFactory.instance.objectNode().set("arguments", arguments);
                }));
        dispatcher = new Dispatcher(schema, handlers);
    }

    @Override
    public String name() {
        return "qmp";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (String text : List.of(
                "{'execute': 'qmp_capabilities', 'id': 1} {'execute': 'query-version', 'id': 2}",
                "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}\n[1, -2.5e3, true, null]",
                "{'a': \"\\u00e9\\ud83d\\ude00\\n\\\\\", 'b': {'c': [[[]]]}} x } ]",
                "\"\u00e9\u20ac\ud83d\ude00\" 12345678901234567890 0.1e-400 {} {} {")) {
            seeds.add(text.getBytes(StandardCharsets.UTF_8));
        }
        schema.commands().forEach((name, command) -> {
            StringBuilder arguments = new StringBuilder();
            command.arguments()
                    .members()
                    .forEach(member -> arguments
                            .append(arguments.isEmpty() ? "" : ", ")
                            .append("'")
                            .append(member.name())
                            .append("': 'x'"));
            seeds.add("{'execute': 'qmp_capabilities'}{'execute': '%s', 'arguments': {%s}}"
                    .formatted(name, arguments)
                    .getBytes(StandardCharsets.UTF_8));
        });
        return seeds;
    }

    @Override
    public void run(byte[] bytes) {
        MemoryBudget budget = new MemoryBudget(BUDGET);
        QmpSession session = new QmpSession();
        MessageReader.Sink sink = new MessageReader.Sink() {
            @Override
            public void message(JsonNode message) {
                answered(dispatcher.answer(session, message));
            }

            @Override
            public void broken(String description) {
                answered(Dispatcher.broken(description));
            }
        };
        try (MessageReader reader = new MessageReader(LIMITS, budget, sink)) {
            reader.feed(bytes, 0, bytes.length);
        }
        List<JsonNode> heard = new ArrayList<>();
        MessageReader.Sink next = new MessageReader.Sink() {
            @Override
            public void message(JsonNode message) {
                heard.add(message);
            }

            @Override
            public void broken(String description) {
                throw new AssertionError("memory is still borrowed: " + description);
            }
        };
        try (MessageReader reader = new MessageReader(LIMITS, budget, next)) {
            reader.feed(LONG, 0, LONG.length);
        }
        FuzzTarget.require(heard.size() == 1, "a good message was not heard");
    }

    /** An answer is one line of ASCII, which ends as QEMU's do. */
    private static void answered(JsonNode answer) {
        String line = new String(JsonText.line(answer), StandardCharsets.ISO_8859_1);
        FuzzTarget.require(line.endsWith("\r\n"), "the answer has no end");
        for (int i = 0; i < line.length() - 2; i++) {
            FuzzTarget.require(
                    line.charAt(i) >= ' ' && line.charAt(i) <= '~',
                    "byte %d of the answer is %d".formatted(i, (int) line.charAt(i)));
        }
    }
}
