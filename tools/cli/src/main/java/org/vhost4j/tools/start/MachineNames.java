// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;

/**
 * Creates the names of machines with a platform, such as {@code pc-q35-9.1_linux-6.9}: for every machine of a QEMU,
 * each platform that this host and that QEMU support.
 */
final class MachineNames {
    /** Machines whose guests use no virtio network card. */
    private static final Set<String> WITHOUT_CARDS = Set.of("none", "x-remote", "isapc");

    private MachineNames() {}

    /**
     * A name of a machine with a platform.
     *
     * @param name the whole name
     * @param machine machine, by QEMU's name
     * @param platform the platform
     */
    record Named(String name, String machine, PlatformDefinition platform) {}

    /**
     * Returns all names.
     *
     * @param binary the QEMU
     * @param catalog the platforms
     * @param host this host
     * @return the names in the order of the machines, then of the platforms
     */
    static List<Named> all(QemuBinary binary, PlatformCatalog catalog, HostCapabilities host) {
        Set<HostUse> uses = HostAnswers.uses(host);
        List<PlatformDefinition> kept = catalog.platforms().stream()
                .filter(platform -> platform.deprecated().isEmpty())
                .filter(platform -> platform.lackedBy(host, uses).isEmpty())
                .filter(platform -> isKeptBy(binary, platform))
                .toList();
        List<Named> names = new ArrayList<>();
        for (QemuMachine machine : binary.machines()) {
            if (!WITHOUT_CARDS.contains(machine.name())) {
                for (PlatformDefinition platform : kept) {
                    names.add(new Named(machine.name() + "_" + platform.name(), machine.name(), platform));
                }
            }
        }
        return names;
    }

    /** Returns whether a QEMU has every property that a platform turns on. */
    private static boolean isKeptBy(QemuBinary binary, PlatformDefinition platform) {
        return platform.assignments().entrySet().stream()
                .filter(each ->
                        each.getKey().isQemus() && Property.isOn(each.getValue().value()))
                .allMatch(each -> binary.properties().contains(each.getKey().name()));
    }

    /**
     * Adds the names to QEMU's {@code -machine help}.
     *
     * @param help output of QEMU
     * @param names the names
     * @return each machine's line, followed by lines for its names
     */
    static String inHelp(String help, List<Named> names) {
        StringBuilder text = new StringBuilder();
        for (String line : help.lines().toList()) {
            text.append(line).append('\n');
            String machine = line.split(" ", 2)[0];
            String title = line.substring(machine.length()).strip().replaceFirst(" \\((default|deprecated).*", "");
            if (!line.contains("(alias of ")) {
                names.stream()
                        .filter(named -> named.machine().equals(machine))
                        .forEach(named -> text.append("%-20s %s (platform %s)%n"
                                .formatted(named.name(), title, named.platform().name())));
            }
        }
        return text.toString();
    }
}
