// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.qmp.schema.CommandDefinition;
import org.vhost4j.qmp.schema.Schema;
import org.vhost4j.qmp.schema.TypeCheck;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Executes the commands in clients' messages and creates the answers (QEMU docs/interop/qmp-spec.rst, "Issuing Commands"). Errors have
 * QEMU's classes and messages.
 */
final class Dispatcher {
    /** The only command in capabilities negotiation mode. */
    static final String NEGOTIATE = "qmp_capabilities";

    private static final String EXECUTE = "execute";
    private static final String ARGUMENTS = "arguments";
    private static final String ID = "id";
    private static final Set<String> MEMBERS = Set.of(EXECUTE, ARGUMENTS, ID);
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Schema schema;
    private final Map<String, CommandHandler> handlers;

    /**
     * Creates a dispatcher.
     *
     * @param schema schema of the commands
     * @param handlers one handler for each command of the schema
     */
    Dispatcher(Schema schema, Map<String, CommandHandler> handlers) {
        if (!handlers.keySet().equals(schema.commands().keySet())) {
            throw new IllegalArgumentException(
                    "the schema has " + schema.commands().keySet() + ", handlers are " + handlers.keySet());
        }
        this.schema = schema;
        this.handlers = Map.copyOf(handlers);
    }

    /**
     * Executes a message.
     *
     * @param session session of the client
     * @param message any JSON value
     * @return the answer, for the client
     */
    ObjectNode answer(QmpSession session, JsonNode message) {
        JsonNode id = message.isObject() ? message.get(ID) : null;
        ObjectNode answer = NODES.objectNode();
        try {
            answer.set("return", execute(session, message));
            if (id != null) {
                answer.set(ID, id);
            }
        } catch (QmpError error) {
            if (id != null) {
                answer.set(ID, id);
            }
            answer.set("error", error(error));
        }
        return answer;
    }

    /**
     * Returns the error reply to an invalid message.
     *
     * @param description description of the error
     * @return the answer, for the client
     */
    static ObjectNode broken(String description) {
        ObjectNode answer = NODES.objectNode();
        answer.set("error", error(QmpError.generic(description)));
        return answer;
    }

    private static ObjectNode error(QmpError error) {
        return NODES.objectNode().put("class", error.kind().word()).put("desc", error.description());
    }

    private JsonNode execute(QmpSession session, JsonNode message) throws QmpError {
        String name = check(message);
        if (!session.negotiated() && !name.equals(NEGOTIATE)) {
            throw new QmpError(
                    QmpError.Kind.COMMAND_NOT_FOUND, "Expecting capabilities negotiation with '" + NEGOTIATE + "'");
        }
        CommandDefinition command = schema.commands().get(name);
        CommandHandler handler = handlers.get(name);
        if (command == null || handler == null) {
            throw new QmpError(QmpError.Kind.COMMAND_NOT_FOUND, "The command " + name + " has not been found");
        }
        JsonNode arguments = message.has(ARGUMENTS) ? message.get(ARGUMENTS) : NODES.objectNode();
        Optional<String> wrong = TypeCheck.members(command.arguments(), arguments);
        if (wrong.isPresent()) {
            throw QmpError.generic(wrong.get());
        }
        try {
            return handler.execute(session, arguments);
        } catch (RuntimeException e) {
            throw QmpError.generic("The command " + name + " failed: " + e);
        }
    }

    /** Checks the form of a message and returns the command's name. */
    private static String check(JsonNode message) throws QmpError {
        if (!message.isObject()) {
            throw QmpError.generic("QMP input must be a JSON object");
        }
        JsonNode name = message.get(EXECUTE);
        if (name != null && !name.isString()) {
            throw QmpError.generic("QMP input member 'execute' must be a string");
        }
        if (message.has(ARGUMENTS) && !message.get(ARGUMENTS).isObject()) {
            throw QmpError.generic("QMP input member 'arguments' must be an object");
        }
        for (String member : message.propertyNames()) {
            if (!MEMBERS.contains(member)) {
                throw QmpError.generic("QMP input member '" + member + "' is unexpected");
            }
        }
        if (name == null) {
            throw QmpError.generic("QMP input lacks member 'execute'");
        }
        return name.stringValue();
    }
}
