// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.device.feature.NearestName;
import org.vhost4j.platform.probe.LimitedJson;
import org.vhost4j.sys.BoundedFile;
import org.vhost4j.sys.PrintableText;
import org.vhost4j.sys.UnreadableFile;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;

/**
 * A file of {@code run --config}: a JSON object. Its members are options by name, and the arrays {@code guests} and {@code ports}, whose
 * elements are objects with the options of a guest or port. Errors are reported with line, column and JSON pointer (RFC 6901).
 */
final class ConfigFile {
    private static final int MOST_BYTES = 16 << 20;
    private static final long MOST_TOKENS = 1_000_000;

    private final Path file;
    private final JsonNode root;

    /** The position of each value, by its pointer. */
    private final Map<String, TokenStreamLocation> places = new HashMap<>();

    private final List<String> arguments = new ArrayList<>();
    private final Map<String, String> guests = new LinkedHashMap<>();
    private final Map<String, String> ports = new LinkedHashMap<>();

    private ConfigFile(Path file, String text) {
        this.file = file;
        try {
            root = LimitedJson.reader(MOST_TOKENS).readTree(text);
            try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), text)) {
                parser.nextToken();
                locate(parser, "");
            }
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            throw new UnsupportedOption(file + (at == null ? "" : ":" + at.getLineNr() + ":" + at.getColumnNr()) + ": "
                    + LimitedJson.reason(e));
        }
    }

    /**
     * Reads a file.
     *
     * @param file path of the file
     * @param run the options of the command
     * @throws UnsupportedOption when it cannot be read or is invalid; the message is one line
     */
    static ConfigFile read(Path file, CommandSpec run) {
        String text;
        try {
            text = BoundedFile.readText(file, MOST_BYTES);
        } catch (UnreadableFile e) {
            throw new UnsupportedOption("--config=" + file + ": " + e.reason());
        }
        ConfigFile read = new ConfigFile(file, text);
        read.check(run);
        return read;
    }

    private void locate(JsonParser parser, String pointer) {
        places.put(pointer, parser.currentTokenLocation());
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                locate(parser, member(pointer, name));
            }
        } else if (parser.currentToken() == JsonToken.START_ARRAY) {
            for (int i = 0; parser.nextToken() != JsonToken.END_ARRAY; i++) {
                locate(parser, pointer + "/" + i);
            }
        }
    }

    private static String member(String pointer, String name) {
        return pointer + "/" + name.replace("~", "~0").replace("/", "~1");
    }

    /**
     * Returns an error at a place of this file.
     *
     * @param pointer JSON pointer of the place
     * @param reason description of the error, with the reason
     * @return the error, with one line
     */
    UnsupportedOption wrong(String pointer, String reason) {
        TokenStreamLocation at = places.get(pointer);
        return new UnsupportedOption(file + (at == null ? "" : ":" + at.getLineNr() + ":" + at.getColumnNr()) + ": "
                + PrintableText.of(pointer + ": " + reason));
    }

    private void check(CommandSpec run) {
        if (!root.isObject()) {
            throw wrong("", "an object is expected");
        }
        Map<String, ConfigSetting> known = ConfigSetting.backEnd(run);
        List<String> names = new ArrayList<>(known.keySet());
        names.add(ConfigSetting.GUESTS);
        names.add(ConfigSetting.PORTS);
        for (Map.Entry<String, JsonNode> each : root.properties()) {
            String name = each.getKey();
            String pointer = member("", name);
            switch (name) {
                case "$schema" -> {
                    // The member $schema, which only editors use, is ignored.
                }
                case ConfigSetting.GUESTS -> elements(pointer, each.getValue(), this::guest);
                case ConfigSetting.PORTS -> elements(pointer, each.getValue(), this::port);
                default -> {
                    ConfigSetting setting = known.get(name);
                    if (setting == null) {
                        throw unknown(pointer, name, names);
                    }
                    try {
                        arguments.addAll(setting.arguments(each.getValue()));
                    } catch (IllegalArgumentException e) {
                        throw wrong(pointer, String.valueOf(e.getMessage()));
                    }
                }
            }
        }
    }

    private UnsupportedOption unknown(String pointer, String name, List<String> known) {
        return wrong(pointer, "there is no setting '" + name + "'" + NearestName.question(name, known));
    }

    @FunctionalInterface
    private interface Element {
        void read(String pointer, JsonNode element);
    }

    private void elements(String pointer, JsonNode array, Element element) {
        if (!array.isArray()) {
            throw wrong(pointer, "an array of objects is expected");
        }
        for (int i = 0; i < array.size(); i++) {
            String at = pointer + "/" + i;
            if (!array.get(i).isObject()) {
                throw wrong(at, "an object is expected");
            }
            element.read(at, array.get(i));
        }
    }

    private void guest(String pointer, JsonNode guest) {
        boolean inherited = guest.has(ConfigSetting.DESCRIPTOR);
        if (inherited == guest.has(ConfigSetting.SOCKET)) {
            throw wrong(pointer, "a guest has either socket-path or fd");
        }
        String option = inherited ? ConfigSetting.DESCRIPTOR : ConfigSetting.SOCKET;
        String value = value(pointer, guest, ConfigSetting.guest(), option);
        if (!inherited) {
            validate(pointer, "--socket-path=" + value, () -> EndpointOption.parse(value));
        }
        if (guests.put(option + " " + value.replaceFirst(",.*", ""), pointer) != null) {
            throw wrong(pointer, "another guest has this " + option);
        }
        arguments.add("--" + option + "=" + value);
    }

    private void port(String pointer, JsonNode port) {
        if (!port.has(ConfigSetting.PORT)) {
            throw wrong(pointer, "a port has port, such as \"tap:ifname=tap0\"");
        }
        String value = value(pointer, port, ConfigSetting.port(), ConfigSetting.PORT);
        validate(pointer, "--port=" + value, () -> PortKinds.parse(value));
        if (ports.put(port.get(ConfigSetting.PORT).asString(), pointer) != null) {
            throw wrong(pointer, "another port is the same");
        }
        arguments.add("--port=" + value);
    }

    private void validate(String pointer, String option, Runnable parser) {
        try {
            parser.run();
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw wrong(pointer, message.startsWith(option + ": ") ? message.substring(option.length() + 2) : message);
        }
    }

    /** Returns a guest or a port as the value of its option. */
    private String value(String pointer, JsonNode object, Map<String, ConfigSetting> known, String first) {
        StringBuilder value = new StringBuilder();
        StringBuilder more = new StringBuilder();
        for (Map.Entry<String, JsonNode> each : object.properties()) {
            String name = each.getKey();
            String at = member(pointer, name);
            ConfigSetting setting = known.get(name);
            if (setting == null) {
                throw unknown(at, name, List.copyOf(known.keySet()));
            }
            String text;
            try {
                text = setting.text(each.getValue());
            } catch (IllegalArgumentException e) {
                throw wrong(at, String.valueOf(e.getMessage()));
            }
            boolean port = name.equals(ConfigSetting.PORT);
            if (text.contains(",") && setting.kind() != ConfigSetting.Kind.VLANS && !port) {
                throw wrong(at, "a comma cannot be part of it");
            }
            if (name.equals(first)) {
                value.append(text);
            } else {
                more.append(',').append(name).append('=').append(text);
            }
        }
        // The first option of a port follows a colon.
        boolean colon = first.equals(ConfigSetting.PORT) && !more.isEmpty() && value.indexOf(":") < 0;
        return value + (colon ? ":" + more.substring(1) : more.toString());
    }

    /** Returns the equivalent arguments of a command line. */
    List<String> arguments() {
        return arguments;
    }

    /** Returns the path of the file. */
    Path path() {
        return file;
    }

    /** Returns the whole object. */
    JsonNode root() {
        return root;
    }

    /** Returns the place of each guest, by option and socket. */
    Map<String, String> guests() {
        return guests;
    }

    /** Returns the place of each port, by its kind and required option. */
    Map<String, String> ports() {
        return ports;
    }

    /** Returns the value of the option of a guest or a port. */
    String value(String pointer) {
        JsonNode object = root.at(pointer);
        return object.has(ConfigSetting.PORT)
                ? value(pointer, object, ConfigSetting.port(), ConfigSetting.PORT)
                : value(
                        pointer,
                        object,
                        ConfigSetting.guest(),
                        object.has(ConfigSetting.SOCKET) ? ConfigSetting.SOCKET : ConfigSetting.DESCRIPTOR);
    }
}
