// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.vhost4j.device.feature.NearestName;
import org.vhost4j.qmp.QmpConnection;
import org.vhost4j.qmp.QmpOption;
import org.vhost4j.tools.common.Table;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The options of commands that use a back-end's monitor, and methods that run its commands. */
final class MonitorOptions {
    @Option(names = "--qmp", paramLabel = "unix:PATH", required = true, description = "The socket of run --qmp.")
    String qmp = "";

    @Option(names = "--json", description = "Prints the monitor's reply as JSON.")
    boolean json;

    /**
     * Runs a command of the monitor.
     *
     * @return the returned value
     * @throws IOException when no monitor answers, or it refuses the command
     */
    JsonNode ask(String command, ObjectNode arguments) throws IOException {
        try (QmpConnection monitor = QmpConnection.open(QmpOption.parse(qmp))) {
            return monitor.execute(command, arguments);
        } catch (IllegalArgumentException e) {
            throw new UnsupportedOption(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Runs a command of the monitor, and prints the returned value with {@code --json}, or otherwise the name of what
     * was added.
     */
    int run(String command, ObjectNode arguments) throws IOException {
        JsonNode answer = ask(command, arguments);
        if (json) {
            System.out.println(answer);
        } else if (command.endsWith("-add")) {
            System.out.println(answer.path("name").asString());
        }
        return 0;
    }

    /** Prints members of the elements of a list as a table, or all with {@code --json}. */
    int list(JsonNode all, String... members) {
        if (json) {
            System.out.println(all);
            return 0;
        }
        Table table = new Table();
        table.row(members);
        for (JsonNode each : all) {
            List<String> cells = new ArrayList<>();
            for (String member : members) {
                JsonNode value = each.path(member);
                cells.add(value.isValueNode() ? value.asString() : value.isMissingNode() ? "" : value.toString());
            }
            table.row(cells);
        }
        System.out.print(table.text());
        return 0;
    }

    /** Returns arguments with only a name. */
    static ObjectNode named(String name) {
        return JsonNodeFactory.instance.objectNode().put("name", name);
    }

    /**
     * Adds settings to a command's arguments.
     *
     * @param option the whole option, for messages
     * @param text a list as in options, possibly empty
     * @param known the valid settings
     * @param to the arguments
     */
    static ObjectNode settings(String option, String text, Map<String, ConfigSetting> known, ObjectNode to) {
        for (String part : CommaOptions.parts(text)) {
            int equals = part.indexOf('=');
            String name = equals < 0 ? part : part.substring(0, equals);
            ConfigSetting setting = known.get(name);
            if (setting == null) {
                throw new UnsupportedOption(
                        option + ": there is no setting '" + name + "'" + NearestName.question(name, known.keySet()));
            }
            if (equals < 0 || equals == part.length() - 1) {
                throw new UnsupportedOption(option + ": '" + name + "' needs a value");
            }
            put(option, setting, part.substring(equals + 1), to);
        }
        return to;
    }

    private static void put(String option, ConfigSetting setting, String value, ObjectNode to) {
        String name = setting.name();
        boolean number = value.matches("[0-9]{1,18}");
        switch (setting.kind()) {
            case NUMBER -> {
                if (!number) {
                    throw new UnsupportedOption(option + ": " + name + "=" + value + ": a whole number is expected");
                }
                to.put(name, Long.parseLong(value));
            }
            case SWITCH -> {
                if (!setting.values().contains(value)) {
                    throw new UnsupportedOption(option + ": " + name + "=" + value + ": on or off is expected");
                }
                to.put(name, value.equals("on"));
            }
            case VLANS -> {
                ArrayNode all = to.putArray(name);
                String list =
                        value.startsWith("[") && value.endsWith("]") ? value.substring(1, value.length() - 1) : value;
                for (String each : list.split(",", -1)) {
                    all.add(each);
                }
            }
            case SCALAR -> {
                if (number) {
                    to.put(name, Long.parseLong(value));
                } else {
                    to.put(name, value);
                }
            }
            case TEXT, CHOICE, FLAG, TEXTS -> to.put(name, value);
        }
    }
}
