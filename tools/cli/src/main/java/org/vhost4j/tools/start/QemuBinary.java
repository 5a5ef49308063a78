// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The properties of one QEMU, which is queried once, and again when its file has changed.
 *
 * @param version version, such as {@code 10.0.2}
 * @param machines the machine types of this QEMU
 * @param properties properties of its {@code virtio-net-device}, including those of every virtio device; and known
 *     properties of other types, after the type's name and a dot, such as {@code vhost-vsock-device.seqpacket}
 */
record QemuBinary(String version, List<QemuMachine> machines, Set<String> properties) {
    private static final String HEADING = "vhost4j's notes about a QEMU, 3";
    private static final Pattern OF_PROXMOX = Pattern.compile("\\+pve[0-9]+$");
    private static final String SEPARATOR = "\t";

    QemuBinary {
        machines = List.copyOf(machines);
        properties = Set.copyOf(properties);
    }

    /** Returns whether this QEMU has a virtio network card. */
    boolean hasNetworkCard() {
        return properties.stream().anyMatch(name -> name.indexOf('.') < 0);
    }

    /**
     * Returns a machine type.
     *
     * @param called name or alias, possibly with Proxmox' suffix {@code +pve0}; empty for QEMU's default
     * @return the machine, or nothing
     */
    Optional<QemuMachine> machine(String called) {
        // Proxmox appends its own version to a machine's name, which its QEMU removes again.
        String name = OF_PROXMOX.matcher(called).replaceFirst("");
        if (name.isEmpty()) {
            return machines.stream().filter(QemuMachine::isDefault).findFirst();
        }
        return machines.stream()
                .filter(machine -> machine.name().equals(name))
                .findFirst()
                .or(() -> machines.stream()
                        .filter(machine -> machine.alias().filter(name::equals).isPresent())
                        .findFirst());
    }

    /** Returns a text of a few lines, which is quicker to read than JSON. */
    String toText() {
        StringBuilder text = new StringBuilder(HEADING).append('\n');
        text.append("version").append(SEPARATOR).append(version).append('\n');
        new TreeSet<>(properties)
                .forEach(name ->
                        text.append("property").append(SEPARATOR).append(name).append('\n'));
        for (QemuMachine machine : machines) {
            text.append("machine")
                    .append(SEPARATOR)
                    .append(machine.name())
                    .append(SEPARATOR)
                    .append(machine.alias().orElse("-"))
                    .append(SEPARATOR)
                    .append(machine.isDefault() ? "default" : "-")
                    .append('\n');
            for (QemuMachine.Compatibility kept : machine.compatibility()) {
                text.append("keeps")
                        .append(SEPARATOR)
                        .append(kept.type())
                        .append(SEPARATOR)
                        .append(kept.property())
                        .append(SEPARATOR)
                        .append(kept.value())
                        .append('\n');
            }
        }
        return text.append("end\n").toString();
    }

    /**
     * Parses the text of {@link #toText}.
     *
     * @param text the text
     * @return the properties; empty when the text is invalid or truncated
     */
    static Optional<QemuBinary> ofText(String text) {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty()
                || !lines.getFirst().equals(HEADING)
                || !lines.getLast().equals("end")) {
            return Optional.empty();
        }
        String version = "";
        Set<String> properties = new TreeSet<>();
        List<QemuMachine> machines = new ArrayList<>();
        for (String line : lines.subList(1, lines.size() - 1)) {
            String[] words = line.split(SEPARATOR, -1);
            if (words[0].equals("version") && words.length == 2) {
                version = words[1];
            } else if (words[0].equals("property") && words.length == 2) {
                properties.add(words[1]);
            } else if (words[0].equals("machine") && words.length == 4) {
                Optional<String> alias = Optional.of(words[2]).filter(name -> !name.equals("-"));
                machines.add(new QemuMachine(words[1], alias, words[3].equals("default"), List.of()));
            } else if (words[0].equals("keeps") && words.length == 4 && !machines.isEmpty()) {
                QemuMachine machine = machines.removeLast();
                List<QemuMachine.Compatibility> kept = new ArrayList<>(machine.compatibility());
                kept.add(new QemuMachine.Compatibility(words[1], words[2], words[3]));
                machines.add(new QemuMachine(machine.name(), machine.alias(), machine.isDefault(), kept));
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(new QemuBinary(version, machines, properties));
    }
}
