// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.tools.common.UnsupportedOption;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a QEMU what it has, over QMP and without a machine, in a tenth of a second. */
final class QemuQuestions {
    private static final long PATIENCE_SECONDS = 60;
    private static final int MOST_BYTES = 16 << 20;
    private static final String MACHINES = "machines";
    private static final String MACHINES_ALONE = "machines-alone";
    private static final String PROPERTIES = "properties";

    private static final String COMMANDS = """
            {"execute":"qmp_capabilities"}
            {"execute":"query-machines","arguments":{"compat-props":true},"id":"%s"}
            {"execute":"query-machines","id":"%s"}
            {"execute":"device-list-properties","arguments":{"typename":"virtio-net-device"},"id":"%s"}
            {"execute":"device-list-properties","arguments":{"typename":"vhost-vsock-device"},"id":"%s"}
            {"execute":"device-list-properties","arguments":{"typename":"virtio-iommu-pci"},"id":"%s"}
            {"execute":"qom-list-properties","arguments":{"typename":"qemu64-x86_64-cpu"},"id":"%s"}
            {"execute":"qom-list-types","arguments":{"implements":"arm-cpu"},"id":"%s"}
            {"execute":"quit"}
            """.formatted(
                    MACHINES,
                    MACHINES_ALONE,
                    PROPERTIES,
                    BeyondCards.VSOCK,
                    BeyondCards.IOMMU,
                    BeyondCards.CPU,
                    BeyondCards.ARM_CPU);

    private static final Set<String> OTHER_TYPES = Set.of(BeyondCards.VSOCK, BeyondCards.IOMMU, BeyondCards.CPU);

    private QemuQuestions() {}

    /**
     * Asks.
     *
     * @param program the QEMU's path
     * @return what it has
     * @throws UnsupportedOption when it does not answer as a QEMU does
     */
    static QemuBinary ask(Path program) {
        List<String> command = List.of(
                program.toString(),
                "-S",
                "-no-user-config",
                "-nodefaults",
                "-nographic",
                "-machine",
                "none,accel=kvm:tcg",
                "-qmp",
                "stdio");
        String said = output(program, command, COMMANDS);
        String version = "";
        @Nullable JsonNode machines = null;
        Set<String> properties = new TreeSet<>();
        for (String line : said.lines().toList()) {
            JsonNode answer = json(line);
            String id = answer.path("id").asString("");
            JsonNode result = answer.path("return");
            if (answer.has("QMP")) {
                version = version(answer.path("QMP").path("version").path("qemu"));
            } else if (result.isArray() && (id.equals(MACHINES) || (id.equals(MACHINES_ALONE) && machines == null))) {
                machines = result;
            } else if (result.isArray() && id.equals(PROPERTIES)) {
                result.forEach(property -> properties.add(property.path("name").asString("")));
            } else if (result.isArray() && id.equals(BeyondCards.ARM_CPU)) {
                // Its processors have properties of KVM only while they run on it.
                if (!result.isEmpty()) {
                    properties.add(BeyondCards.ARM_CPU);
                }
            } else if (result.isArray() && OTHER_TYPES.contains(id)) {
                result.forEach(property -> {
                    String name = property.path("name").asString("");
                    if (BeyondCards.isKnown(name)) {
                        properties.add(id + "." + name);
                    }
                });
            }
        }
        if (version.isEmpty() || machines == null) {
            throw new UnsupportedOption(program + " is no QEMU: it does not say which machines it has.");
        }
        return new QemuBinary(version, machines(machines), properties);
    }

    /**
     * Runs a QEMU to its end.
     *
     * @param program for messages
     * @param command the command line
     * @param in what it is given on standard input
     * @return what it prints on standard output
     * @throws UnsupportedOption when it cannot be started, or does not end
     */
    static String output(Path program, List<String> command, String in) {
        try {
            Path input = Files.createTempFile("vhost4j", ".qmp");
            try {
                Files.writeString(input, in);
                Process process = new ProcessBuilder(command)
                        .redirectInput(input.toFile())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                return read(program, process);
            } finally {
                Files.delete(input);
            }
        } catch (IOException e) {
            throw new UnsupportedOption(program + " cannot be asked what it has: " + e.getMessage());
        }
    }

    private static String read(Path program, Process process) throws IOException {
        Thread watch = Thread.ofVirtual().start(() -> {
            try {
                if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
            }
        });
        try (var out = process.getInputStream()) {
            byte[] bytes = out.readNBytes(MOST_BYTES);
            if (bytes.length == MOST_BYTES) {
                throw new UnsupportedOption(program + " is no QEMU: it does not stop printing.");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } finally {
            process.destroyForcibly();
            watch.interrupt();
        }
    }

    private static JsonNode json(String line) {
        try {
            return JsonMapper.shared().readTree(line.isBlank() ? "{}" : line);
        } catch (JacksonException e) {
            // A build with debugging prints what is no QMP.
            return JsonMapper.shared().createObjectNode();
        }
    }

    private static String version(JsonNode version) {
        return version.isObject()
                ? version.path("major").asInt() + "." + version.path("minor").asInt() + "."
                        + version.path("micro").asInt()
                : "";
    }

    private static List<QemuMachine> machines(JsonNode all) {
        List<QemuMachine> machines = new ArrayList<>();
        for (JsonNode machine : all) {
            List<QemuMachine.Compatibility> kept = new ArrayList<>();
            for (JsonNode each : machine.path("compat-props")) {
                String type = each.path("qom-type").asString("");
                String property = each.path("property").asString("");
                if (isOfNetworkCard(type) && Property.named(property).isPresent()) {
                    String value = each.path("value").asString("");
                    kept.add(new QemuMachine.Compatibility(
                            type, property, value.equals("true") ? "on" : value.equals("false") ? "off" : value));
                }
            }
            machines.add(new QemuMachine(
                    machine.path("name").asString(""),
                    Optional.of(machine.path("alias").asString("")).filter(name -> !name.isEmpty()),
                    machine.path("is-default").asBoolean(false),
                    kept));
        }
        return machines;
    }

    private static boolean isOfNetworkCard(String type) {
        return type.startsWith("virtio-net") || type.equals("virtio-device") || type.startsWith("virtio-pci");
    }
}
