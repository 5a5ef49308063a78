// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.vhost4j.device.bridge.PortVlan;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A setting of a configuration file: an option of {@code run}, or of a guest or a port, by the same name.
 *
 * @param name name of the option, without dashes
 * @param kind kind of its value
 * @param values the valid values, for {@link Kind#CHOICE}
 */
record ConfigSetting(String name, Kind kind, List<String> values) {
    /** The kind of a value in JSON. */
    enum Kind {
        /** A string. */
        TEXT,
        /** A whole number, 0 or more. */
        NUMBER,
        /** A string or a whole number. */
        SCALAR,
        /** True for an option that takes no value. */
        FLAG,
        /** True or false, or "on" or "off". */
        SWITCH,
        /** One of several strings. */
        CHOICE,
        /** An array of strings, for an option that can be given several times. */
        TEXTS,
        /** An array of VLANs: numbers, and strings such as "10-20". */
        VLANS
    }

    /** Keys of the array of guests, and of that of ports. */
    static final String GUESTS = "guests";

    static final String PORTS = "ports";
    static final String SOCKET = "socket-path";
    static final String DESCRIPTOR = "fd";
    static final String PORT = "port";

    /** Options that a file has in another form, or cannot have. */
    private static final Set<String> NOT_IN_FILES =
            Set.of("help", "version", "config", "print-capabilities", SOCKET, DESCRIPTOR, PORT);

    private static final Pattern CHOICES = Pattern.compile("[a-z]+(\\|[a-z]+)+");

    /** Settings of guests and ports whose kind is not {@link Kind#SCALAR}. */
    private static final Map<String, ConfigSetting> OF_GUESTS = new LinkedHashMap<>();

    static {
        for (String text : List.of(SOCKET, PORT, "name", "mac", "mode", "group")) {
            OF_GUESTS.put(text, new ConfigSetting(text, Kind.TEXT, List.of()));
        }
        for (String either : List.of("device-state", "trust-guest-mac", "server")) {
            OF_GUESTS.put(either, new ConfigSetting(either, Kind.SWITCH, List.of("on", "off")));
        }
        for (String number : List.of("tag", "flood-limit")) {
            OF_GUESTS.put(number, new ConfigSetting(number, Kind.NUMBER, List.of()));
        }
        for (String rate : RateOptions.KEYS) {
            OF_GUESTS.put(rate, new ConfigSetting(rate, Kind.NUMBER, List.of()));
        }
        for (String vlans : List.of("trunks", "cvlans")) {
            OF_GUESTS.put(vlans, new ConfigSetting(vlans, Kind.VLANS, List.of()));
        }
        choice("attach", "auto", "netdev", "device");
        choice("link", "up", "down");
        choice("vlan_mode", "access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel");
        choice("qinq-ethtype", VlanOptions.TYPES.toArray(String[]::new));
        choice("port-security", "auto", "on", "off");
    }

    private static void choice(String name, String... values) {
        OF_GUESTS.put(name, new ConfigSetting(name, Kind.CHOICE, List.of(values)));
    }

    private static ConfigSetting ofGuest(String name) {
        return OF_GUESTS.getOrDefault(name, new ConfigSetting(name, Kind.SCALAR, List.of()));
    }

    /** Returns the settings of a guest. */
    static Map<String, ConfigSetting> guest() {
        List<String> names = new ArrayList<>(List.of(SOCKET, DESCRIPTOR));
        names.addAll(EndpointOption.OF_LISTENING);
        return named(names);
    }

    /** Returns the settings of a port. */
    static Map<String, ConfigSetting> port() {
        List<String> names = new ArrayList<>(List.of(PORT));
        names.addAll(PortSettings.KEYS);
        return named(names);
    }

    private static Map<String, ConfigSetting> named(List<String> names) {
        Map<String, ConfigSetting> all = new LinkedHashMap<>();
        names.forEach(name -> all.put(name, ofGuest(name)));
        return all;
    }

    /** Returns the settings of the back-end: its options. */
    static Map<String, ConfigSetting> backEnd(CommandSpec run) {
        Map<String, ConfigSetting> all = new LinkedHashMap<>();
        for (OptionSpec option : run.options()) {
            String name = option.longestName().replaceFirst("^--?", "");
            if (!NOT_IN_FILES.contains(name)) {
                all.put(name, of(name, option));
            }
        }
        return all;
    }

    private static ConfigSetting of(String name, OptionSpec option) {
        if (option.isMultiValue()) {
            return new ConfigSetting(name, Kind.TEXTS, List.of());
        }
        if (option.arity().max() == 0) {
            return new ConfigSetting(name, Kind.FLAG, List.of());
        }
        Class<?> type = option.type();
        if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
            return new ConfigSetting(name, Kind.NUMBER, List.of());
        }
        if (CHOICES.matcher(option.paramLabel()).matches()) {
            List<String> values = List.of(option.paramLabel().split("\\|"));
            return new ConfigSetting(
                    name, Set.copyOf(values).equals(Set.of("on", "off")) ? Kind.SWITCH : Kind.CHOICE, values);
        }
        return new ConfigSetting(name, Kind.TEXT, List.of());
    }

    /**
     * Returns the equivalent arguments of a command line.
     *
     * @throws IllegalArgumentException when the value has another kind; the message names the expected one
     */
    List<String> arguments(JsonNode value) {
        if (kind == Kind.FLAG) {
            if (!value.isBoolean()) {
                throw new IllegalArgumentException("true or false is expected" + found(value));
            }
            return value.asBoolean() ? List.of("--" + name) : List.of();
        }
        if (kind == Kind.TEXTS) {
            if (!value.isArray()) {
                throw new IllegalArgumentException("an array of strings is expected" + found(value));
            }
            List<String> all = new ArrayList<>();
            value.forEach(each -> {
                if (!each.isString()) {
                    throw new IllegalArgumentException("an array of strings is expected, and one is" + kind(each));
                }
                all.add("--" + name + "=" + each.asString());
            });
            return all;
        }
        return List.of("--" + name + "=" + text(value));
    }

    /**
     * Returns the value as in the command line.
     *
     * @throws IllegalArgumentException when the value has another kind; the message names the expected one
     */
    String text(JsonNode value) {
        boolean number = value.isIntegralNumber() && value.asString().matches("[0-9]+");
        return switch (kind) {
            case NUMBER -> expected("a whole number", number, value);
            case SCALAR -> expected("a string or a whole number", number || value.isString(), value);
            case TEXT -> expected("a string", value.isString(), value);
            case CHOICE ->
                expected(
                        "one of " + String.join(", ", values),
                        value.isString() && values.contains(value.asString()),
                        value);
            case SWITCH -> {
                if (value.isBoolean()) {
                    yield value.asBoolean() ? "on" : "off";
                }
                yield expected("on or off", value.isString() && values.contains(value.asString()), value);
            }
            case VLANS -> vlans(value);
            case FLAG, TEXTS -> throw new IllegalStateException(name + " has no single value");
        };
    }

    private static String vlans(JsonNode value) {
        List<String> all = new ArrayList<>();
        for (JsonNode each : value.isArray() ? value : List.of(value)) {
            all.add(expected(
                    "an array of VLANs, such as [1, \"10-20\"],", each.isIntegralNumber() || each.isString(), each));
        }
        return "[" + String.join(",", all) + "]";
    }

    private static String expected(String what, boolean good, JsonNode value) {
        if (!good) {
            throw new IllegalArgumentException(what + " is expected" + found(value));
        }
        return value.asString();
    }

    private static String found(JsonNode value) {
        return ", and this is" + kind(value);
    }

    private static String kind(JsonNode value) {
        return value.isObject() ? " an object" : value.isArray() ? " an array" : " " + value;
    }

    /** Returns the JSON schema of the value. */
    ObjectNode schema() {
        ObjectNode schema = JsonNodeFactory.instance.objectNode();
        switch (kind) {
            case TEXT -> schema.put("type", "string");
            case NUMBER -> schema.put("type", "integer").put("minimum", 0);
            case SCALAR -> schema.putArray("type").add("string").add("integer");
            case FLAG -> schema.put("type", "boolean");
            case CHOICE -> values.forEach(schema.putArray("enum")::add);
            case SWITCH -> {
                ArrayNode all = schema.putArray("enum");
                values.forEach(all::add);
                all.add(true).add(false);
            }
            case TEXTS -> schema.put("type", "array").putObject("items").put("type", "string");
            case VLANS -> {
                ArrayNode either =
                        schema.put("type", "array").putObject("items").putArray("anyOf");
                either.addObject().put("type", "integer").put("minimum", 0).put("maximum", PortVlan.MOST);
                either.addObject().put("type", "string").put("pattern", "^[0-9]{1,4}(-[0-9]{1,4})?$");
            }
        }
        return schema;
    }
}
