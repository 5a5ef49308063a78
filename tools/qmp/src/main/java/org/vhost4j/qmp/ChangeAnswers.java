// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Membership;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Executes the commands that add, change and remove guests and ports. */
final class ChangeAnswers {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String NAME = "name";

    private final Changes changes;

    ChangeAnswers(Changes changes) {
        this.changes = changes;
    }

    @FunctionalInterface
    private interface Change<T> {
        T make() throws ChangeRefused;
    }

    private static <T> T made(String name, Change<T> change) throws QmpError {
        try {
            return change.make();
        } catch (ChangeRefused refused) {
            // The same message as QEMU's, which clients may compare.
            throw refused.missing()
                    ? new QmpError(QmpError.Kind.DEVICE_NOT_FOUND, "Device '" + name + "' not found")
                    : QmpError.generic(refused.reason());
        } catch (IllegalArgumentException wrong) {
            throw QmpError.generic(String.valueOf(wrong.getMessage()));
        }
    }

    private static ObjectNode named(String name) {
        return NODES.objectNode().put(NAME, name);
    }

    /** Converts a command's arguments to settings, with the syntax of the command line. */
    static Map<String, String> settings(JsonNode arguments, String... but) {
        Map<String, String> settings = new LinkedHashMap<>();
        Set<String> others = Set.of(but);
        arguments.properties().forEach(each -> {
            if (!others.contains(each.getKey())) {
                settings.put(each.getKey(), text(each.getValue()));
            }
        });
        return settings;
    }

    private static String text(JsonNode value) {
        if (value.isBoolean()) {
            return value.asBoolean() ? "on" : "off";
        }
        if (value.isArray()) {
            List<String> elements = new ArrayList<>();
            value.forEach(element -> elements.add(element.asString()));
            return "[" + String.join(",", elements) + "]";
        }
        return value.asString();
    }

    JsonNode addGuest(JsonNode arguments) throws QmpError {
        String socket = arguments.path("socket-path").asString();
        return named(made("", () -> changes.addGuest(socket, settings(arguments, "socket-path"))));
    }

    JsonNode setGuest(JsonNode arguments) throws QmpError {
        String name = arguments.path(NAME).asString();
        return made(name, () -> {
            changes.setGuest(name, settings(arguments, NAME));
            return NODES.objectNode();
        });
    }

    JsonNode removeGuest(JsonNode arguments) throws QmpError {
        String name = arguments.path(NAME).asString();
        Membership.Guest last = made(name, () -> changes.removeGuest(name));
        return BackendAnswers.guest(last.name(), last.counters());
    }

    JsonNode addPort(JsonNode arguments) throws QmpError {
        String port = arguments.path("port").asString();
        return named(made("", () -> changes.addPort(port, settings(arguments, "port"))));
    }

    JsonNode setPort(JsonNode arguments) throws QmpError {
        String name = arguments.path(NAME).asString();
        return made(name, () -> {
            changes.setPort(name, settings(arguments, NAME));
            return NODES.objectNode();
        });
    }

    JsonNode removePort(JsonNode arguments) throws QmpError {
        String name = arguments.path(NAME).asString();
        return made(name, () -> {
            changes.removePort(name);
            return NODES.objectNode();
        });
    }
}
