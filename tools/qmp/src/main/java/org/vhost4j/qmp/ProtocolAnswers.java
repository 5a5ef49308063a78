// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.qmp.schema.Introspection;
import org.vhost4j.qmp.schema.Schema;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Executes the commands of the protocol itself. */
final class ProtocolAnswers {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Pattern TRIPLE = Pattern.compile("([0-9]{1,9})\\.([0-9]{1,9})\\.([0-9]{1,9}).*");

    private final String version;
    private final JsonNode commands;
    private final JsonNode introspection;

    /**
     * Creates the commands for a schema.
     *
     * @param schema the schema
     * @param version version of this program, such as {@code 0.1.0}
     */
    ProtocolAnswers(Schema schema, String version) {
        this.version = version;
        ArrayNode names = NODES.arrayNode();
        schema.commands().keySet().forEach(name -> names.addObject().put("name", name));
        commands = names;
        introspection = Introspection.of(schema);
    }

    /** Returns the greeting for a client. */
    ObjectNode greeting() {
        ObjectNode greeting = NODES.objectNode();
        ObjectNode qmp = greeting.putObject("QMP");
        qmp.set("version", version());
        qmp.putArray("capabilities");
        return greeting;
    }

    JsonNode version() {
        Matcher triple = TRIPLE.matcher(version);
        boolean found = triple.matches();
        ObjectNode node = NODES.objectNode();
        node.putObject("qemu")
                .put("micro", found ? Integer.parseInt(triple.group(3)) : 0)
                .put("minor", found ? Integer.parseInt(triple.group(2)) : 0)
                .put("major", found ? Integer.parseInt(triple.group(1)) : 0);
        return node.put("package", "vhost4j " + version);
    }

    JsonNode commands() {
        return commands;
    }

    JsonNode introspection() {
        return introspection;
    }

    /** Ends the negotiation. */
    static JsonNode negotiate(QmpSession session, JsonNode arguments) throws QmpError {
        if (session.negotiated()) {
            throw new QmpError(
                    QmpError.Kind.COMMAND_NOT_FOUND, "Capabilities negotiation is already complete, command ignored");
        }
        List<String> wanted = new ArrayList<>();
        arguments.path("enable").forEach(capability -> wanted.add(capability.asString()));
        if (!wanted.isEmpty()) {
            throw QmpError.generic("Capability " + String.join(", ", wanted) + " not available");
        }
        session.endNegotiation();
        return NODES.objectNode();
    }
}
