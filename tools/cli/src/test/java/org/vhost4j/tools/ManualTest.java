// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Tests the manual pages with groff. */
class ManualTest {
    @TempDir
    private Path directory;

    @BeforeEach
    void generate() {
        StringWriter errors = new StringWriter();
        assertThat(Vhost4j.run(new PrintWriter(errors, true), "generate-manual", directory.toString()))
                .as(errors.toString())
                .isZero();
    }

    @Test
    void thereIsAPageOfEachListedCommand() throws IOException {
        List<String> names = new ArrayList<>();
        listed(Vhost4j.line()).forEach(line -> names.add(line.getCommandSpec().qualifiedName("-") + ".1"));
        assertThat(names).contains("vhost4j.1", "vhost4j-run.1", "vhost4j-platform-check.1", "vhost4j-bench-peer.1");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrderElementsOf(names);
        }
    }

    @Test
    void groffHasNoWarning() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("groff", "-man", "-ww", "-Tutf8", "-z"));
        command.addAll(pages());
        assertThat(output(command)).isEmpty();
    }

    @Test
    void aReaderSeesEveryOptionAndItsText() throws IOException, InterruptedException {
        for (CommandLine line : listed(Vhost4j.line())) {
            String page = directory
                    .resolve(line.getCommandSpec().qualifiedName("-") + ".1")
                    .toString();
            // Wide, so that no term is broken; without bold and underline.
            String shown = output(List.of("groff", "-man", "-rLL=2000n", "-Tutf8", "-P-cbou", page));
            line.getCommandSpec().options().stream()
                    .filter(option -> !option.hidden())
                    .forEach(option -> {
                        assertThat(shown).contains(option.names());
                        assertThat(shown)
                                .contains(String.join(" ", option.description())
                                        .split("[%@\n]|  ", 2)[0]
                                        .strip());
                    });
            assertThat(shown).contains("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO");
        }
    }

    private List<String> pages() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(Path::toString).sorted().toList();
        }
    }

    private static List<CommandLine> listed(CommandLine line) {
        List<CommandLine> all = new ArrayList<>(List.of(line));
        line.getSubcommands().values().stream()
                .filter(sub -> !sub.getCommandSpec().usageMessage().hidden())
                .forEach(sub -> all.addAll(listed(sub)));
        return all;
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
