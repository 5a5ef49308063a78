// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
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

/** Queries the properties of a QEMU, over QMP and without a machine, in a tenth of a second. */
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
            """.formatted(
                    MACHINES,
                    MACHINES_ALONE,
                    PROPERTIES,
                    BeyondCards.VSOCK,
                    BeyondCards.IOMMU,
                    BeyondCards.CPU,
                    BeyondCards.ARM_CPU);

    /** The last command. */
    private static final String LAST = BeyondCards.ARM_CPU;

    private static final String QUIT = "{\"execute\":\"quit\"}\n";

    private static final Set<String> OTHER_TYPES = Set.of(BeyondCards.VSOCK, BeyondCards.IOMMU, BeyondCards.CPU);

    private QemuQuestions() {}

    /**
     * Queries a QEMU.
     *
     * @param program path of the QEMU
     * @return its properties
     * @throws UnsupportedOption when it does not answer like a QEMU
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
        List<JsonNode> answers = answers(program, command);
        String version = "";
        @Nullable JsonNode machines = null;
        Set<String> properties = new TreeSet<>();
        for (JsonNode answer : answers) {
            String id = answer.path("id").asString("");
            JsonNode result = answer.path("return");
            if (answer.has("QMP")) {
                version = version(answer.path("QMP").path("version").path("qemu"));
            } else if (result.isArray() && (id.equals(MACHINES) || (id.equals(MACHINES_ALONE) && machines == null))) {
                machines = result;
            } else if (result.isArray() && id.equals(PROPERTIES)) {
                result.forEach(property -> properties.add(property.path("name").asString("")));
            } else if (result.isArray() && id.equals(BeyondCards.ARM_CPU)) {
                // The processors of this QEMU have KVM properties only when it uses KVM.
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
            throw new UnsupportedOption(program + " is not a QEMU: it does not list its machines.");
        }
        return new QemuBinary(version, machines(machines), properties);
    }

    /**
     * Executes the queries over QMP. The {@code quit} command is sent only after the last answer has arrived, because QEMU discards
     * unwritten output when it ends, and the list of machines alone is longer than a pipe's buffer.
     */
    private static List<JsonNode> answers(Path program, List<String> command) {
        return run(program, command, process -> {
            OutputStream in = process.getOutputStream();
            try {
                in.write(COMMANDS.getBytes(StandardCharsets.UTF_8));
                in.flush();
            } catch (IOException e) {
                // QEMU has ended already; its output shows the reason.
            }
            List<JsonNode> answers = new ArrayList<>();
            int length = 0;
            BufferedReader out =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            for (String line = line(program, out); line != null; line = line(program, out)) {
                length += line.length() + 1;
                requireShort(program, length);
                JsonNode answer = json(line);
                answers.add(answer);
                if (answer.path("id").asString("").equals(LAST)) {
                    in.write(QUIT.getBytes(StandardCharsets.UTF_8));
                    in.close();
                }
            }
            return answers;
        });
    }

    /** Reads one line, whose length is bounded, too; null at the end. */
    private static @Nullable String line(Path program, BufferedReader out) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = out.read(); c != '\n'; c = out.read()) {
            if (c < 0) {
                return line.isEmpty() ? null : line.toString();
            }
            line.append((char) c);
            requireShort(program, line.length());
        }
        return line.toString();
    }

    private static void requireShort(Path program, int length) {
        if (length >= MOST_BYTES) {
            throw new UnsupportedOption(program + " is not a QEMU: its output does not end.");
        }
    }

    /**
     * Runs a QEMU to its end, with empty standard input.
     *
     * @param program path, for messages
     * @param command the command line
     * @return its standard output
     * @throws UnsupportedOption when it cannot be started, or does not end
     */
    static String output(Path program, List<String> command) {
        return run(program, command, process -> {
            process.getOutputStream().close();
            byte[] bytes = process.getInputStream().readNBytes(MOST_BYTES);
            requireShort(program, bytes.length);
            return new String(bytes, StandardCharsets.UTF_8);
        });
    }

    /** Exchanges data with a process until it ends. */
    @FunctionalInterface
    private interface Talk<T> {
        T with(Process process) throws IOException;
    }

    private static <T> T run(Path program, List<String> command, Talk<T> talk) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Thread watch = Thread.ofVirtual().start(() -> watch(process));
            try {
                return talk.with(process);
            } finally {
                process.destroyForcibly();
                watch.interrupt();
            }
        } catch (IOException e) {
            throw new UnsupportedOption(program + " cannot be queried for its properties: " + e.getMessage());
        }
    }

    private static void watch(Process process) {
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
        }
    }

    private static JsonNode json(String line) {
        try {
            return JsonMapper.shared().readTree(line.isBlank() ? "{}" : line);
        } catch (JacksonException e) {
            // A debug build prints lines that are not QMP.
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
