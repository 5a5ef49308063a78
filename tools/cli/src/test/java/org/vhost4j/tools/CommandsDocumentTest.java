// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Tests that {@code docs/commands.md} has exactly the program's commands and options. With the system property {@code
 * vhost4j.commands.write} the test writes the page.
 */
class CommandsDocumentTest {
    private static final Path PAGE = Path.of("..", "..", "docs", "commands.md");

    @Test
    void thePageIsWhatTheProgramSays() throws IOException {
        String page = page();
        if (Boolean.getBoolean("vhost4j.commands.write")) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("docs/commands.md; write it by -Dvhost4j.commands.write=true")
                .isEqualTo(page);
    }

    private static String page() {
        StringBuilder page = new StringBuilder("# Every command and option\n\n");
        page.append(
                "Generated from the program (`CommandsDocumentTest`), which prints the same by `--help` and as manual"
                        + " pages by\n");
        page.append("`vhost4j generate-manual`. Every command has `--help` and `--version` as well. After Ctrl-C\n");
        page.append("a command prints its results so far and ends; a second Ctrl-C ends it at once.\n");
        commands(Vhost4j.line()).forEach(line -> append(page, line));
        return page.toString();
    }

    private static Stream<CommandLine> commands(CommandLine line) {
        return Stream.concat(
                Stream.of(line),
                line.getSubcommands().values().stream()
                        .filter(sub -> !sub.getCommandSpec().usageMessage().hidden())
                        .flatMap(CommandsDocumentTest::commands));
    }

    private static void append(StringBuilder page, CommandLine line) {
        CommandSpec spec = line.getCommandSpec();
        page.append("\n## `").append(spec.qualifiedName()).append("`\n\n");
        page.append(text(spec.usageMessage().description())).append('\n');
        List<String> rows = Stream.concat(
                        spec.positionalParameters().stream()
                                .filter(parameter -> !parameter.hidden())
                                .map(parameter -> row(parameter.paramLabel(), parameter)),
                        spec.options().stream()
                                .filter(option -> !option.hidden() && !option.usageHelp() && !option.versionHelp())
                                .sorted(Comparator.comparing(OptionSpec::longestName))
                                .map(option -> row(String.join(", ", option.names()) + label(spec, option), option)))
                .toList();
        if (!rows.isEmpty()) {
            page.append("\n| argument or option | meaning |\n|---|---|\n");
            rows.forEach(row -> page.append(row).append('\n'));
        }
    }

    private static String row(String term, ArgSpec argument) {
        return "| `" + term.replace("|", "\\|") + "` | " + text(argument.description()) + " |";
    }

    private static String label(CommandSpec spec, OptionSpec option) {
        return new Help(spec, Help.defaultColorScheme(Help.Ansi.OFF))
                .parameterLabelRenderer()
                .renderParameterLabel(option, Help.Ansi.OFF, List.of())
                .toString();
    }

    /** In one line of Markdown. */
    private static String text(String... lines) {
        String joined = Stream.of(lines)
                .map(line -> Help.Ansi.OFF.string(String.format(line)))
                .collect(Collectors.joining(" "))
                .replaceAll("\\s+", " ")
                .strip();
        String escaped = joined.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*");
        return escaped.isEmpty() || escaped.endsWith(".") ? escaped : escaped + ".";
    }
}
