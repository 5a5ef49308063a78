// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.manual;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.vhost4j.tools.common.Version;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The manual page of one command, in section 1, generated from its picocli model, like {@code --help}, so that both
 * match the program. It has no date, so that builds of one version are identical.
 *
 * @param name name of the page, without its section, such as {@code vhost4j-platform-check}
 * @param text text in roff
 */
record ManualPage(String name, String text) {
    /** The order of options: by their longest name, without dashes. */
    private static final Comparator<OptionSpec> BY_NAME =
            Comparator.comparing(option -> option.longestName().replaceFirst("^-+", ""));

    /** Returns the name of the file in a directory {@code man1}. */
    String file() {
        return name + ".1";
    }

    /**
     * Returns the pages of a command and of all its subcommands that are listed in its help.
     *
     * @param line the command
     * @return the pages, its own first
     */
    static List<ManualPage> allOf(CommandLine line) {
        List<ManualPage> pages = new ArrayList<>(List.of(of(line)));
        listed(line).forEach(sub -> pages.addAll(allOf(sub)));
        return pages;
    }

    private static List<CommandLine> listed(CommandLine line) {
        return line.getSubcommands().values().stream()
                .filter(sub -> !sub.getCommandSpec().usageMessage().hidden())
                .toList();
    }

    private static String nameOf(CommandLine line) {
        return line.getCommandSpec().qualifiedName("-");
    }

    private static ManualPage of(CommandLine line) {
        CommandSpec spec = line.getCommandSpec();
        String name = nameOf(line);
        String description = described(spec.usageMessage().description());
        Roff page = new Roff();
        page.request("TH", name, "1", "", "vhost4j " + Version.current(), "vhost4j")
                .ragged();
        page.section("NAME").text(name + " - " + firstSentence(description));
        page.section("SYNOPSIS").commandLine(spec.qualifiedName(), synopsis(line));
        page.section("DESCRIPTION").text(description);
        parameters(page, spec);
        options(page, spec);
        commands(page, line);
        if (spec.usageMessage().footer().length > 0) {
            page.section("NOTES").text(described(spec.usageMessage().footer()));
        }
        page.section("EXIT STATUS");
        page.entry("0", "").text("Done.");
        page.entry("1", "").text("The command failed; see the description for commands with a more specific meaning.");
        page.entry("2", "")
                .text(
                        "Invalid usage, or a request that cannot be fulfilled; one line on standard error states the reason.");
        page.entry("3", "").text("Memory was exhausted.");
        seeAlso(page, line);
        return new ManualPage(name, page.toString());
    }

    private static String synopsis(CommandLine line) {
        CommandSpec spec = line.getCommandSpec();
        // In one line, which roff wraps at the reader's width.
        String joined = new Help(spec, Help.defaultColorScheme(Help.Ansi.OFF))
                .synopsis(0)
                .strip()
                .replaceAll("\\s*\n\\s*", " ");
        // The help text wraps a long option after a comma.
        String arguments = joined.substring(
                        Math.min(joined.length(), spec.qualifiedName().length()))
                .strip()
                .replaceAll(", (?=\\S)", ",");
        return spec.unmatchedArgsBindings().isEmpty() ? arguments : (arguments + " ARGUMENT...").strip();
    }

    private static void parameters(Roff page, CommandSpec spec) {
        List<PositionalParamSpec> shown = spec.positionalParameters().stream()
                .filter(parameter -> !parameter.hidden())
                .toList();
        if (!shown.isEmpty()) {
            page.section("ARGUMENTS");
            shown.forEach(parameter -> page.entry(parameter.paramLabel(), "").text(described(parameter.description())));
        }
    }

    private static void options(Roff page, CommandSpec spec) {
        List<OptionSpec> shown = spec.options().stream()
                .filter(option -> !option.hidden())
                .sorted(BY_NAME)
                .toList();
        if (!shown.isEmpty()) {
            page.section("OPTIONS");
            shown.forEach(option -> page.entry(String.join(", ", option.names()), label(spec, option))
                    .text(described(option.description())));
        }
    }

    private static String label(CommandSpec spec, ArgSpec argument) {
        Help help = new Help(spec, Help.defaultColorScheme(Help.Ansi.OFF));
        return help.parameterLabelRenderer()
                .renderParameterLabel(argument, Help.Ansi.OFF, List.of())
                .toString();
    }

    private static void commands(Roff page, CommandLine line) {
        List<CommandLine> shown = listed(line);
        if (shown.isEmpty()) {
            return;
        }
        page.section("COMMANDS");
        for (CommandLine sub : shown) {
            page.entry(nameOf(sub), "(1)")
                    .text(firstSentence(described(
                                    sub.getCommandSpec().usageMessage().description()))
                            + ".");
        }
    }

    private static void seeAlso(Roff page, CommandLine line) {
        List<String> others = new ArrayList<>();
        if (line.getParent() != null) {
            others.add(nameOf(line.getParent()) + "(1)");
            listed(line.getParent()).stream()
                    .map(ManualPage::nameOf)
                    .filter(name -> !name.equals(nameOf(line)))
                    .forEach(name -> others.add(name + "(1)"));
        } else {
            others.addAll(List.of("qemu-system-x86_64(1)", "passt(1)"));
        }
        page.section("SEE ALSO").text(String.join(", ", others));
    }

    /** Returns these lines as picocli displays them, without its markup. */
    private static String described(String... lines) {
        StringBuilder text = new StringBuilder();
        for (String line : lines) {
            text.append(Help.Ansi.OFF.string(String.format(line))).append('\n');
        }
        return text.toString().replace("\r", "").strip();
    }

    private static String firstSentence(String text) {
        String line = text.replaceAll("\\s+", " ");
        int end = line.indexOf(". ");
        return (end < 0 ? line : line.substring(0, end)).replaceFirst("\\.$", "");
    }
}
