// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * QEMU's command line, as far as it is relevant for a platform. Unknown options are passed unchanged; for them it only
 * has to be known whether the next word is their value.
 */
final class GivenOptions {
    /** The options that this program reads, and the implied key of their first word. */
    private static final Map<String, String> READ = Map.ofEntries(
            Map.entry("machine", "type"),
            Map.entry("M", "type"),
            Map.entry("cpu", "model"),
            Map.entry("accel", "accel"),
            Map.entry("netdev", "type"),
            Map.entry("nic", "type"),
            Map.entry("net", "type"),
            Map.entry("device", "driver"),
            Map.entry("global", "driver"),
            Map.entry("chardev", "backend"),
            Map.entry("mon", "chardev"),
            Map.entry("qmp", "chardev"));

    /** Options of any QEMU from 5 to 11 that have no value. */
    private static final Set<String> WITHOUT_VALUE = Set.of(
            "h",
            "help",
            "version",
            "audio-help",
            "full-screen",
            "alt-grab",
            "ctrl-grab",
            "no-frame",
            "no-quit",
            "sdl",
            "portrait",
            "no-fd-bootchk",
            "no-acpi",
            "no-hpet",
            "nographic",
            "curses",
            "enable-kvm",
            "enable-fips",
            "S",
            "s",
            "snapshot",
            "win2k-hack",
            "no-reboot",
            "no-shutdown",
            "daemonize",
            "only-migratable",
            "nodefaults",
            "nodefconfig",
            "no-user-config",
            "preconfig",
            "singlestep",
            "one-insn-per-tcg",
            "perfmap",
            "jitdump",
            "xen-attach",
            "xen-domid-restrict",
            "semihosting",
            "old-param",
            "mem-prealloc",
            "enable-sync-profile",
            "usb",
            "show-cursor");

    /** Options whose value is free text, which may begin with a dash. */
    private static final Set<String> OF_ANY_TEXT = Set.of(
            "append",
            "name",
            "kernel",
            "initrd",
            "dtb",
            "bios",
            "smbios",
            "fw_cfg",
            "prom-env",
            "uuid",
            "D",
            "pidfile",
            "L");

    private final List<String> words;
    private final List<GivenOption> all = new ArrayList<>();
    private final List<Integer> platformNames = new ArrayList<>();
    private final List<Integer> platformWords = new ArrayList<>();

    /**
     * Parses a command line, and the files that it makes QEMU read.
     *
     * @param words QEMU's arguments
     */
    GivenOptions(List<String> words) {
        this.words = List.copyOf(words);
        int i = 0;
        while (i < words.size()) {
            String name = name(words.get(i));
            boolean hasValue = !name.isEmpty() && i + 1 < words.size() && takes(name, words.get(i + 1));
            if (name.equals("platform")) {
                platformWords.add(i);
                if (hasValue) {
                    platformWords.add(i + 1);
                    platformNames.add(i + 1);
                }
            } else if (!name.isEmpty()) {
                add(name, hasValue ? i + 1 : -1);
            }
            i += hasValue ? 2 : 1;
        }
    }

    private static String name(String word) {
        if (word.startsWith("--") && word.length() > 2) {
            return word.substring(2);
        }
        return word.startsWith("-") && word.length() > 1 ? word.substring(1) : "";
    }

    private static boolean takes(String name, String next) {
        if (READ.containsKey(name) || OF_ANY_TEXT.contains(name) || name.equals("readconfig")) {
            return true;
        }
        return !WITHOUT_VALUE.contains(name) && name(next).isEmpty();
    }

    private void add(String name, int index) {
        String canonical = name.equals("M") ? "machine" : name;
        String implied = READ.get(name);
        if (index < 0) {
            all.add(new GivenOption(canonical, Map.of(), index, Optional.empty()));
        } else if (name.equals("readconfig")) {
            all.addAll(ConfigFile.read(words.get(index), index));
        } else if (implied != null) {
            all.add(new GivenOption(canonical, KeyValues.of(words.get(index), implied), index, Optional.empty()));
        } else {
            all.add(new GivenOption(canonical, Map.of("", words.get(index)), index, Optional.empty()));
        }
    }

    /**
     * Returns options, including those in files, in the order in which QEMU reads them.
     *
     * @param name name without dashes; {@code machine} stands for {@code M} as well
     * @return the options of that name
     */
    List<GivenOption> named(String name) {
        return all.stream().filter(option -> option.name().equals(name)).toList();
    }

    /** Returns every option except {@code -platform}, in the order in which QEMU reads them. */
    List<GivenOption> all() {
        return Collections.unmodifiableList(all);
    }

    /** Returns whether one of these options is present. */
    boolean hasAny(Set<String> names) {
        return all.stream().anyMatch(option -> names.contains(option.name()));
    }

    /** Returns the values of {@code -platform}, in order. */
    List<String> platforms() {
        return platformNames.stream().map(words::get).toList();
    }

    /** Returns whether {@code -platform} is the last word and its value is missing. */
    boolean platformWithoutName() {
        return platformWords.size() % 2 != 0;
    }

    /** Returns a word of the command line. */
    String word(int index) {
        return words.get(index);
    }

    /**
     * Returns the command line without {@code -platform}.
     *
     * @param first words that precede all others
     * @param replaced replacements for words, by index
     * @return the words for QEMU
     */
    List<String> forQemu(List<String> first, Map<Integer, List<String>> replaced) {
        List<String> result = new ArrayList<>(first);
        for (int i = 0; i < words.size(); i++) {
            if (!platformWords.contains(i)) {
                result.addAll(replaced.getOrDefault(i, List.of(words.get(i))));
            }
        }
        return result;
    }
}
