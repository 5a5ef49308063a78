// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.vhost4j.platform.definition.MachineDefinition;
import org.vhost4j.platform.definition.OwnerSupport;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.PlatformSupport;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostUse;

/** Formats the lists of machines and platforms, in the layout of QEMU's {@code -machine help}. */
public final class HelpText {
    private HelpText() {}

    /**
     * Returns the list of machines.
     *
     * @param catalog the definitions
     * @return lines, each with its end
     */
    static String machines(PlatformCatalog catalog) {
        StringBuilder text = new StringBuilder("Supported machines are:\n");
        List<MachineDefinition> byLine = catalog.machines().stream()
                .sorted(Comparator.comparing((MachineDefinition machine) -> line(machine.name())))
                .toList();
        String chosen = catalog.defaultMachine().name();
        for (MachineDefinition machine : byLine) {
            for (String alias : machine.aliases()) {
                text.append(entry(alias, machine.title(), " (alias of " + machine.name() + ")"));
            }
            String marks = (machine.name().equals(chosen) ? " (default)" : "")
                    + (machine.deprecated().isPresent() ? " (deprecated)" : "");
            text.append(entry(machine.name(), machine.title(), marks));
        }
        return text.toString();
    }

    /**
     * Returns the list of platforms, with a host's support for each.
     *
     * @param catalog the definitions
     * @param host the host
     * @param uses the ways in which guests use the host's kernel
     * @return lines, each with its end
     */
    static String platforms(PlatformCatalog catalog, HostCapabilities host, Set<HostUse> uses) {
        return platforms(catalog, host, uses, PlatformSupport::inBrief, false);
    }

    /**
     * Returns the list of platforms for guests on QEMU's own device, where no software compensates for capabilities
     * that the host lacks. It also lists what guests lack besides network cards.
     *
     * @param catalog the definitions
     * @param host the host
     * @param uses the ways in which guests use the host's kernel
     * @return lines, each with its end
     */
    public static String platformsOfQemu(PlatformCatalog catalog, HostCapabilities host, Set<HostUse> uses) {
        return platforms(
                catalog,
                host,
                uses,
                support -> support.isNative() ? "supported" : "not supported: " + support.lacking(),
                true);
    }

    private static String platforms(
            PlatformCatalog catalog,
            HostCapabilities host,
            Set<HostUse> uses,
            Function<PlatformSupport, String> judgement,
            boolean beyondCards) {
        StringBuilder text = new StringBuilder("Supported platforms are:\n");
        Optional<PlatformDefinition> chosen = catalog.newestSupported(host, uses);
        for (PlatformDefinition platform : catalog.platforms()) {
            for (String alias : platform.aliases()) {
                text.append(entry(alias, platform.title(), " (alias of " + platform.name() + ")"));
            }
            String marks = (chosen.filter(platform::equals).isPresent() ? " (default)" : "")
                    + (platform.deprecated().isPresent() ? " (deprecated)" : "")
                    + " (" + judgement.apply(PlatformSupport.of(platform, host, uses))
                    + (beyondCards ? beyondCards(platform, host, uses) : "") + ")";
            text.append(entry(platform.name(), platform.title(), marks));
        }
        text.append(entry(
                "host", "All capabilities of this host: fastest, cannot migrate to another host", " (supported)"));
        return text.toString();
    }

    /** Returns the kinds of guests that are refused because of devices other than network cards. */
    private static String beyondCards(PlatformDefinition platform, HostCapabilities host, Set<HostUse> uses) {
        return OwnerSupport.of(platform, host, uses).stream()
                .skip(1)
                .filter(owner -> !owner.support().isNative())
                .map(owner ->
                        "; not for " + owner.owner() + ": " + owner.support().lacking())
                .collect(Collectors.joining());
    }

    private static String line(String machine) {
        int version = machine.lastIndexOf('-');
        return version < 0 ? machine : machine.substring(0, version);
    }

    private static String entry(String name, String title, String marks) {
        return String.format(Locale.ROOT, "%-20s %s%s%n", name, title, marks);
    }
}
