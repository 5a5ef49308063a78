// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Tests that every command that prints results can print them as JSON. */
final class JsonOptionTest {
    /** Commands that print no results, or none in any other form. */
    private static final Map<String, String> EXCEPTIONS = Map.of(
            "run", "serves until it is told to end; programs ask it by --qmp",
            "qemu", "becomes QEMU",
            "capture", "writes frames, in pcapng",
            "top", "a screen; programs take stats --json or the monitor",
            "help", "prints how a command is used",
            "platform schema", "prints JSON in any case",
            "bench load", "a part of bench peer, which reads its lines");

    @Test
    void everyCommandThatPrintsResultsHasJson() {
        Set<String> without = new TreeSet<>();
        Set<String> all = new TreeSet<>();
        walk("", Vhost4j.line(), all, without);
        assertThat(all).contains("platform check", "qemu-args", "bench segmentation", "conformance matrix", "demo");
        without.removeAll(EXCEPTIONS.keySet());
        assertThat(without).isEmpty();
        assertThat(all).as("no exception for what is not there").containsAll(EXCEPTIONS.keySet());
    }

    private static void walk(String prefix, CommandLine line, Set<String> all, Set<String> without) {
        line.getSubcommands().forEach((name, command) -> {
            String path = prefix.isEmpty() ? name : prefix + " " + name;
            boolean hidden = command.getCommandSpec().usageMessage().hidden() && prefix.isEmpty();
            // A command with commands of its own and nothing to run prints how it is used.
            boolean help = command.getCommandSpec().helpCommand() && !prefix.isEmpty();
            boolean runs = command.getSubcommands().isEmpty() || command.getCommand() instanceof Callable;
            if (runs && !hidden && !help) {
                all.add(path);
                if (command.getCommandSpec().findOption("--json") == null) {
                    without.add(path);
                }
            }
            walk(path, command, all, without);
        });
    }
}
