// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.ConfigField;
import org.vhost4j.frontend.Offer;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.platform.definition.MachineDefinition;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.tools.common.Table;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The output of {@code probe}.
 *
 * @param socket path of the back-end's socket
 * @param listening whether this program listened on the socket
 * @param offer offer of the back-end
 * @param machine machine for which platforms were checked
 * @param platforms missing features for each platform, the newest first
 * @param machines the newest platform that is supported on each machine, the newest first
 */
record ProbeReport(
        String socket,
        boolean listening,
        Offer offer,
        String machine,
        Map<String, PromiseCheck.Verdict> platforms,
        Map<String, Newest> machines) {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final String SCHEMA = "probe.schema.json";
    private static final List<String> STATUS_BITS = List.of("ACKNOWLEDGE", "DRIVER", "DRIVER_OK", "FEATURES_OK");

    /** The newest platforms that are supported on a machine, for both ways of attaching a guest. */
    record Newest(Optional<String> netdev, Optional<String> device) {}

    /** Evaluates an offer. */
    static ProbeReport of(Rendezvous rendezvous, Offer offer, PlatformCatalog catalog, String machine) {
        PromiseCheck check = new PromiseCheck(catalog, offer);
        Map<String, PromiseCheck.Verdict> platforms = new LinkedHashMap<>();
        for (PlatformDefinition platform : catalog.platforms()) {
            platforms.put(platform.name(), check.of(machine, platform.name()));
        }
        Map<String, Newest> machines = new LinkedHashMap<>();
        for (MachineDefinition each : catalog.machines()) {
            machines.put(each.name(), new Newest(check.newest(each.name(), false), check.newest(each.name(), true)));
        }
        return new ProbeReport(rendezvous.path().toString(), rendezvous.listens(), offer, machine, platforms, machines);
    }

    /** Returns the JSON Schema of {@link #json}. */
    static String schema() {
        return JsonSchema.text(ProbeReport.class, SCHEMA);
    }

    /** Returns whether every request was answered and the offer is consistent. */
    boolean isSound() {
        return offer.troubles().isEmpty() && offer.violations().isEmpty();
    }

    /**
     * Returns the human-readable report.
     *
     * @param columns maximum width of lines in characters
     * @return lines, each with its end
     */
    String text(int columns) {
        StringBuilder text = new StringBuilder();
        Table facts = new Table();
        facts.row("features", words(offer.features()));
        offer.featuresWithConfig()
                .filter(narrower -> !narrower.equals(offer.features()))
                .ifPresent(narrower -> facts.row(
                        "",
                        "not once CONFIG is acknowledged: " + offer.features().minus(narrower)));
        facts.row(
                "protocol features",
                offer.protocolFeatures().isPresent() ? protocolWords() : "none: PROTOCOL_FEATURES is not offered");
        facts.row("queues", number(offer.queues()));
        facts.row("memory slots", number(offer.memorySlots()));
        facts.row("device status", offer.status().isPresent() ? status() : number(offer.status()));
        if (offer.config().isEmpty()) {
            facts.row("config space", "not the back-end's");
        }
        text.append(facts.text(columns));
        offer.config().ifPresent(bytes -> text.append(config(bytes, columns)));
        section(text, columns, "Broken dependencies", offer.violations());
        section(text, columns, "Trouble", offer.troubles());
        section(text, columns, "Remarks", offer.remarks());
        text.append("Platforms on ").append(machine).append(", and what the back-end lacks for each:\n");
        Table table = new Table();
        table.row("PLATFORM", "BEHIND -netdev vhost-user", "BEHIND QEMU'S GENERIC DEVICE");
        platforms.forEach((name, verdict) -> table.row(name, lacking(verdict.netdev()), lacking(verdict.device())));
        text.append(table.text(columns));
        text.append("Machines, and the newest platform that each supports:\n");
        text.append(machineRanges(columns));
        return text.toString();
    }

    private static void section(StringBuilder text, int columns, String title, List<String> lines) {
        if (!lines.isEmpty()) {
            text.append(title).append(":\n");
            Table table = new Table();
            lines.forEach(line -> table.row("  " + line));
            text.append(table.text(columns));
        }
    }

    private static String words(FeatureSet features) {
        return features.hex() + " " + features;
    }

    private String protocolWords() {
        long word = offer.protocolFeatures().orElse(0);
        return "0x" + Long.toHexString(word) + " " + String.join(" ", ProtocolFeature.names(word));
    }

    private static String number(OptionalLong number) {
        return number.isPresent() ? Long.toUnsignedString(number.getAsLong()) : "not reported";
    }

    private String status() {
        long status = offer.status().orElse(0);
        StringBuilder words = new StringBuilder("0x" + Long.toHexString(status));
        for (int bit = 0; bit < STATUS_BITS.size(); bit++) {
            if ((status >>> bit & 1) != 0) {
                words.append(' ').append(STATUS_BITS.get(bit));
            }
        }
        return words.toString();
    }

    private String config(byte[] bytes, int columns) {
        Table table = new Table();
        for (ConfigField field : ConfigField.values()) {
            if (field.end() <= bytes.length) {
                table.row(
                        "  " + field.fieldName(),
                        field.value(bytes),
                        field.hasMeaning(offer.features())
                                ? ""
                                : "drivers ignore it, because its feature is not offered");
            }
        }
        return "config space, " + bytes.length + " bytes of it:\n" + table.text(columns);
    }

    private static String lacking(List<String> missing) {
        return missing.isEmpty() ? "honoured" : String.join(" ", missing);
    }

    /** Formats the machines: consecutive machines of one line with the same result are one row. */
    private String machineRanges(int columns) {
        Map<String, List<String>> lines = new LinkedHashMap<>();
        for (String name : machines.keySet()) {
            lines.computeIfAbsent(line(name), line -> new ArrayList<>()).add(name);
        }
        Table table = new Table();
        table.row("MACHINE", "BEHIND -netdev", "BEHIND THE GENERIC DEVICE");
        for (List<String> line : lines.values()) {
            int from = 0;
            for (int i = 1; i <= line.size(); i++) {
                Newest newest = machines.get(line.get(from));
                if (i == line.size() || !Objects.equals(machines.get(line.get(i)), newest)) {
                    table.row(
                            range(line.get(from), line.get(i - 1)),
                            newest == null ? "" : newest.netdev().orElse("none"),
                            newest == null ? "" : newest.device().orElse("none"));
                    from = i;
                }
            }
        }
        return table.text(columns);
    }

    private static String range(String first, String last) {
        return first.equals(last) ? first : first + " to " + last;
    }

    /** Returns the part of a machine's name before its version; a name without a version is its own line. */
    private static String line(String machine) {
        return machine.replaceFirst("[0-9.]+$", "");
    }

    /** Returns the report as JSON according to {@link #schema}: lines, each with its end. */
    String json() {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("vhost4j-probe", 1).put("socket", socket).put("listening", listening);
        word(
                root.putObject("features"),
                offer.features().hex(),
                offer.features().names());
        offer.featuresWithConfig()
                .ifPresent(word -> word(root.putObject("features-with-config"), word.hex(), word.names()));
        offer.protocolFeatures()
                .ifPresent(word -> word(
                        root.putObject("protocol-features"),
                        "0x" + Long.toHexString(word),
                        ProtocolFeature.names(word)));
        offer.queues().ifPresent(number -> root.put("queues", number));
        offer.memorySlots().ifPresent(number -> root.put("memory-slots", number));
        offer.status().ifPresent(number -> root.put("status", number));
        offer.config().ifPresent(bytes -> configJson(root.putObject("config"), bytes));
        strings(root.putArray("violations"), offer.violations());
        strings(root.putArray("troubles"), offer.troubles());
        strings(root.putArray("remarks"), offer.remarks());
        root.put("machine", machine);
        ArrayNode all = root.putArray("platforms");
        platforms.forEach((name, verdict) -> {
            ObjectNode node = all.addObject().put("name", name);
            strings(node.putArray("netdev-lacks"), verdict.netdev());
            strings(node.putArray("device-lacks"), verdict.device());
        });
        ArrayNode each = root.putArray("machines");
        machines.forEach((name, newest) -> {
            ObjectNode node = each.addObject().put("name", name);
            newest.netdev().ifPresent(platform -> node.put("netdev", platform));
            newest.device().ifPresent(platform -> node.put("device", platform));
        });
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private static void word(ObjectNode node, String hex, List<String> names) {
        node.put("word", hex);
        strings(node.putArray("names"), names);
    }

    private static void strings(ArrayNode array, List<String> strings) {
        strings.forEach(array::add);
    }

    private void configJson(ObjectNode node, byte[] bytes) {
        node.put("bytes", HexFormat.of().formatHex(bytes));
        ArrayNode fields = node.putArray("fields");
        for (ConfigField field : ConfigField.values()) {
            if (field.end() <= bytes.length) {
                fields.addObject()
                        .put("name", field.fieldName())
                        .put("bytes", field.hex(bytes))
                        .put("value", field.value(bytes))
                        .put("meaningful", field.hasMeaning(offer.features()));
            }
        }
    }
}
