// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.tools.common.UnsupportedOption;

/**
 * The machine type and the platform that a command line names: by {@code -platform}, or after an underscore in the
 * machine's name, as in {@code pc-q35-9.1_linux-6.9}.
 *
 * @param machine the machine's name as QEMU knows it, or an alias; empty for QEMU's default
 * @param platform the platform's name, if one was named
 * @param replaced replacements for words of the command line, by index
 */
record MachineChoice(String machine, Optional<String> platform, Map<Integer, List<String>> replaced) {
    private static final String MACHINE = "machine";
    private static final String TYPE = "type";
    private static final String HOST = "host";

    MachineChoice {
        replaced = Map.copyOf(replaced);
    }

    /**
     * Determines machine and platform.
     *
     * @param options the command line
     * @param binary the QEMU, with the names of its machines
     * @param catalog the platforms
     * @return the choice
     * @throws UnsupportedOption when two platforms are named, or one that does not exist
     */
    static MachineChoice of(GivenOptions options, QemuBinary binary, PlatformCatalog catalog) {
        Map<String, String> saying = new LinkedHashMap<>();
        Map<String, String> named = new LinkedHashMap<>();
        if (options.platformWithoutName()) {
            throw new UnsupportedOption("-platform requires a name; see -platform help.");
        }
        for (String name : options.platforms()) {
            named.putIfAbsent(canonical(name, catalog), name);
            saying.put(canonical(name, catalog), "-platform " + name);
        }
        Map<Integer, List<String>> replaced = new HashMap<>();
        String machine = "";
        for (GivenOption option : options.named(MACHINE)) {
            if (option.has(TYPE)) {
                String type = option.value(TYPE);
                int split = split(type, binary);
                machine = split < 0 ? type : type.substring(0, split);
                if (split >= 0) {
                    String name = type.substring(split + 1);
                    named.putIfAbsent(canonical(name, catalog), name);
                    saying.put(canonical(name, catalog), "machine " + type);
                    replaced.put(option.index(), instead(options, option, type, machine));
                }
            }
        }
        if (named.size() > 1) {
            throw new UnsupportedOption(
                    "Two platforms are named, by " + String.join(" and by ", saying.values()) + ".");
        }
        return new MachineChoice(machine, named.values().stream().findFirst(), replaced);
    }

    /**
     * Returns the index of the underscore before a platform's name; -1 when there is none, as in the machine name
     * sifive_u.
     */
    private static int split(String type, QemuBinary binary) {
        if (binary.machine(type).isPresent()) {
            return -1;
        }
        int underscore = type.indexOf('_');
        while (underscore > 0 && binary.machine(type.substring(0, underscore)).isEmpty()) {
            underscore = type.indexOf('_', underscore + 1);
        }
        return underscore > 0 ? underscore : -1;
    }

    private static List<String> instead(GivenOptions options, GivenOption option, String before, String after) {
        String word = options.word(option.index());
        return option.file().isPresent()
                ? List.of(word, "-machine", TYPE + "=" + after)
                : List.of(KeyValues.replace(word, TYPE, before, after));
    }

    private static String canonical(String name, PlatformCatalog catalog) {
        if (name.equals(HOST)) {
            return HOST;
        }
        return catalog.platform(name)
                .orElseThrow(() -> new UnsupportedOption(catalog.noSuchPlatform(name)))
                .name();
    }
}
