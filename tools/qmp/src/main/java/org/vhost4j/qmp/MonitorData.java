// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.qmp.schema.CommandDefinition;
import org.vhost4j.qmp.schema.Introspection;
import org.vhost4j.qmp.schema.Member;
import org.vhost4j.qmp.schema.Schema;
import org.vhost4j.qmp.schema.SchemaType;
import org.vhost4j.qmp.wire.JsonText;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The data about platforms for {@code vhost4j-monitor}, the program between a QEMU's monitor and its clients that answers {@code
 * query-platforms}. The format is lines in ASCII, each with a keyword and its values.
 */
public final class MonitorData {
    private static final String FIRST = "vhost4j-monitor-data 1";
    private static final String COMMAND = "query-platforms";
    /** Name of the level of support that a back-end provides in software, which QEMU's own device does not have. */
    private static final String IN_SOFTWARE = "supported-in-software";

    private static final Pattern NUMBERED = Pattern.compile("(\\[?)([0-9]+)(]?)");
    private static final List<String> TYPE_MEMBERS = List.of("name", "arg-type", "ret-type", "element-type", "type");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private MonitorData() {}

    /**
     * Formats the data.
     *
     * @param catalog the catalog of all platforms
     * @param host the capabilities of the host
     * @param inUse the name of this QEMU's platform, or an empty string for none
     * @param machines the machines that get an additional name for each platform, {@code MACHINE_PLATFORM}: QEMU's names, without aliases
     * @param platforms the platforms for those additional names
     * @return the lines
     * @throws IllegalArgumentException when a name is not valid for a machine or a platform
     */
    public static byte[] of(
            PlatformCatalog catalog,
            HostCapabilities host,
            String inUse,
            Collection<String> machines,
            Collection<String> platforms) {
        PlatformAnswers answers = new PlatformAnswers(catalog, host, cards(host), inUse);
        MonitorData data = new MonitorData();
        data.line(FIRST);
        data.line("platforms ", List.of(withoutSoftware(answers.platforms(withProperties(true)))));
        data.line("brief ", List.of(withoutSoftware(answers.platforms(withProperties(false)))));
        data.line("schema ", schema());
        machines.forEach(machine -> data.line("machine " + name(machine)));
        platforms.forEach(platform -> data.line("platform " + name(platform)));
        return data.bytes.toByteArray();
    }

    /** Returns the ways in which future network cards may use the kernel: with vhost-net if the host has it. */
    private static Set<HostUse> cards(HostCapabilities host) {
        return host.has(HostCapability.VHOST_NET)
                ? EnumSet.of(HostUse.TAP, HostUse.VHOST_NET)
                : EnumSet.of(HostUse.TAP);
    }

    /** Checks that libvirt's schema allows the name as a machine type. */
    private static String name(String name) {
        if (!name.matches("[a-zA-Z0-9_.-]+")) {
            throw new IllegalArgumentException(
                    "'" + name + "' has characters other than a-z, A-Z, 0-9, '_', '.' and '-'");
        }
        return name;
    }

    private static ObjectNode withProperties(boolean with) {
        return JsonNodeFactory.instance.objectNode().put("compat-props", with);
    }

    private static JsonNode withoutSoftware(JsonNode platforms) {
        platforms.forEach(platform -> ((ObjectNode) platform).remove(IN_SOFTWARE));
        return platforms;
    }

    /**
     * Returns the schema of the command and its types, numbered {@code @0@} and so on, because QEMU uses the numbers
     * from 0, and has the built-in types.
     */
    private static List<JsonNode> schema() {
        Schema all = Schema.load();
        CommandDefinition command = all.command(COMMAND);
        CommandDefinition plain =
                new CommandDefinition(command.name(), command.arguments(), withoutSoftware(command.returns()));
        List<JsonNode> entities = new ArrayList<>();
        for (JsonNode entity : Introspection.of(new Schema(List.of(), Map.of(), Map.of(COMMAND, plain), Map.of()))) {
            String name = entity.path("name").asString();
            if (name.equals(COMMAND) || NUMBERED.matcher(name).matches()) {
                renumber((ObjectNode) entity);
                entities.add(entity);
            }
        }
        return entities;
    }

    private static SchemaType withoutSoftware(SchemaType type) {
        return switch (type) {
            case SchemaType.Array array -> new SchemaType.Array(withoutSoftware(array.element()));
            case SchemaType.Struct struct -> {
                List<Member> members = struct.members().stream()
                        .filter(member -> !member.name().equals(IN_SOFTWARE))
                        .toList();
                yield new SchemaType.Struct(struct.name(), members, struct.tag(), struct.variants());
            }
            default -> type;
        };
    }

    private static void renumber(ObjectNode entity) {
        for (String member : TYPE_MEMBERS) {
            JsonNode type = entity.get(member);
            if (type != null && type.isString()) {
                entity.put(member, NUMBERED.matcher(type.asString()).replaceAll("$1@$2@$3"));
            }
        }
        entity.path("members").forEach(member -> renumber((ObjectNode) member));
    }

    private void line(String text) {
        bytes.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        bytes.write('\n');
    }

    /** Writes a line of JSON values separated by commas. */
    private void line(String word, List<JsonNode> values) {
        StringBuilder line = new StringBuilder(word);
        for (JsonNode value : values) {
            line.append(line.length() == word.length() ? "" : ", ")
                    .append(new String(JsonText.line(value), StandardCharsets.US_ASCII).strip());
        }
        line(line.toString());
    }
}
