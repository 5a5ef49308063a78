// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Widths and colours of what is printed. */
class TerminalOutputTest {
    private static final String ESCAPE = "\033[";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {60, 80, 140})
    void helpFitsTheTerminal(int width) {
        CommandLine all = Vhost4j.line();
        all.setUsageHelpWidth(width);
        List<String> findings = new ArrayList<>();
        walk(all, width, findings);
        assertThat(findings).isEmpty();
    }

    private static void walk(CommandLine command, int width, List<String> findings) {
        command.getUsageMessage(CommandLine.Help.Ansi.OFF)
                .lines()
                .filter(line -> line.length() > width)
                .forEach(line -> findings.add(command.getCommandSpec().qualifiedName() + ": " + line));
        command.getSubcommands().values().forEach(sub -> walk(sub, width, findings));
    }

    private String help(String name, String terminal) throws Exception {
        try (ChildCommand command = new ChildCommand(directory, name, terminal, "platform", "--help")) {
            assertThat(command.status()).as(command.err()).isZero();
            return command.out();
        }
    }

    @Test
    void aTerminalHasColours() throws Exception {
        assertThat(help("terminal", "stty cols 80")).contains("platform", ESCAPE);
    }

    @Test
    void thereAreNoneWithoutATerminalOrAgainstTheUsersWish() throws Exception {
        assertThat(help("none", "")).contains("platform").doesNotContain(ESCAPE);
        assertThat(help("wish", "export NO_COLOR=1")).contains("platform").doesNotContain(ESCAPE);
    }
}
