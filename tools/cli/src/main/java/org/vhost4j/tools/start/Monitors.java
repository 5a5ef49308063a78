// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Finds the monitors of a command line for which {@code vhost4j-monitor} acts as a proxy: those with QEMU's machine
 * protocol (QMP) on a Unix socket on which QEMU listens.
 *
 * <p>A socket on which the caller listens already, such as libvirt's, keeps its number on the command line: QEMU gets
 * another socket under the same number. A socket that QEMU would create is created here, and its path on the command
 * line is replaced by a number.
 */
final class Monitors {
    /** Maximum number of monitors that {@code vhost4j-monitor} serves; further ones stay with QEMU. */
    private static final int MOST = 8;

    private static final int FIRST_FREE = 3;
    private static final String PATH = "path";
    private static final String FD = "fd";
    private static final String ON_A_SOCKET = "unix:";
    private static final String A_CHARDEV = "chardev:";
    private static final Set<String> NAMED_BY_ORDER = Set.of("monitor", "qmp", "qmp-pretty");
    private static final Set<String> YES = Set.of("on", "yes", "true", "y");

    private final GivenOptions options;
    private final Set<Integer> inUse;
    private final List<String> monitors = new ArrayList<>();
    private final Map<Integer, List<String>> replaced = new HashMap<>();

    private Monitors(GivenOptions options, Set<Integer> inUse) {
        this.options = options;
        this.inUse = new HashSet<>(inUse);
    }

    /**
     * Finds the monitors.
     *
     * @param options the command line
     * @param inUse the descriptors of the process that becomes QEMU
     * @return the monitors
     */
    static Monitors find(GivenOptions options, Set<Integer> inUse) {
        Monitors found = new Monitors(options, inUse);
        found.ofMon();
        found.ofQmp();
        return found;
    }

    /** Returns the descriptors of a process; none when they cannot be read. */
    static Set<Integer> descriptors(long process) {
        Set<Integer> numbers = new HashSet<>();
        try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(process), "fd"))) {
            all.forEach(each -> numbers.add(Integer.valueOf(each.getFileName().toString())));
        } catch (IOException e) {
            return Set.of();
        }
        return numbers;
    }

    /** Returns the values for {@code monitors.h}: a number, or a number and a path. */
    List<String> all() {
        return monitors;
    }

    /** Returns the words that replace words of the command line, by index. */
    Map<Integer, List<String>> replaced() {
        return replaced;
    }

    /** Finds monitors of {@code -chardev socket,id=ID,... -mon chardev=ID,mode=control}, as libvirt uses. */
    private void ofMon() {
        Set<String> spoken = new HashSet<>();
        for (GivenOption monitor : options.named("mon")) {
            if (monitor.value("mode").equals("control")) {
                spoken.add(monitor.value("chardev"));
            }
        }
        for (GivenOption monitor : options.named("qmp")) {
            String chardev = monitor.value("chardev");
            if (chardev.startsWith(A_CHARDEV)) {
                spoken.add(chardev.substring(A_CHARDEV.length()));
            }
        }
        for (GivenOption chardev : options.named("chardev")) {
            if (chardev.value("backend").equals("socket") && spoken.contains(chardev.value("id")) && listens(chardev)) {
                takeChardev(chardev);
            }
        }
    }

    private void takeChardev(GivenOption chardev) {
        if (chardev.value(FD).matches("[0-9]{1,9}")) {
            add(chardev.value(FD));
        } else if (chardev.has(PATH) && chardev.file().isEmpty()) {
            String word = options.word(chardev.index());
            if (!word.startsWith("{")) {
                makeAt(chardev.value(PATH))
                        .ifPresent(number -> replaced.put(
                                chardev.index(), List.of(KeyValues.withInstead(word, PATH, FD + "=" + number))));
            }
        }
    }

    /** Finds monitors of {@code -qmp unix:PATH,...}, with which libvirt queries the capabilities of a QEMU. */
    private void ofQmp() {
        int order = 0;
        for (GivenOption option : options.all()) {
            if (!NAMED_BY_ORDER.contains(option.name())) {
                continue;
            }
            String socket = option.value("chardev");
            if (option.name().equals("qmp") && socket.startsWith(ON_A_SOCKET) && listens(option)) {
                // The name that QEMU itself assigns to the character device.
                String id = "compat_monitor" + order;
                String word = options.word(option.index());
                makeAt(socket.substring(ON_A_SOCKET.length()))
                        .ifPresent(number -> replaced.put(
                                option.index(),
                                List.of(
                                        A_CHARDEV + id,
                                        "-chardev",
                                        "socket,id=" + id + ",fd=" + number + KeyValues.behindFirst(word))));
            }
            order++;
        }
    }

    private static boolean listens(GivenOption option) {
        return YES.contains(option.value("server"))
                && !YES.contains(option.value("abstract"))
                && !option.has("reconnect");
    }

    private Optional<Integer> makeAt(String path) {
        if (monitors.size() == MOST || inUse.isEmpty()) {
            return Optional.empty();
        }
        int number = FIRST_FREE;
        while (!inUse.add(number)) {
            number++;
        }
        monitors.add(number + ":" + path);
        return Optional.of(number);
    }

    private void add(String number) {
        if (monitors.size() < MOST) {
            monitors.add(number);
        }
    }
}
