// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.util.List;
import java.util.TreeSet;
import org.vhost4j.device.feature.NearestName;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j help} and the {@code help} of each group of commands: the help of a command at any depth, such as {@code platform show}. */
@Command(
        name = "help",
        description = "Prints the help of a command.",
        mixinStandardHelpOptions = true,
        helpCommand = true)
final class HelpCommand implements Runnable {
    @Parameters(
            arity = "0..*",
            paramLabel = "COMMAND",
            description = "A command, and its subcommand if it has any (default: the list of commands).")
    List<String> words = List.of();

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** Adds the {@code help} command to each nested group of commands; lists of commands omit it there. */
    static void addToGroups(CommandLine line) {
        for (CommandLine sub : line.getSubcommands().values()) {
            addToGroups(sub);
            // Also in a group that accepts an argument itself, as 'conformance' does: a socket of this name is ./help.
            // In a command without subcommands, help is an argument like any other.
            if (!sub.getSubcommands().isEmpty()) {
                CommandLine help = new CommandLine(new HelpCommand());
                help.getCommandSpec().usageMessage().hidden(true);
                sub.addSubcommand("help", help);
            }
        }
    }

    @Override
    public void run() {
        CommandLine command = spec.commandLine().getParent();
        for (String word : words) {
            CommandLine sub = command.getSubcommands().get(word);
            if (sub == null) {
                throw new ParameterException(command, unknown(command, word));
            }
            command = sub;
        }
        command.usage(spec.commandLine().getOut());
    }

    private static String unknown(CommandLine command, String word) {
        String question = NearestName.question(
                word, new TreeSet<>(command.getSubcommands().keySet()));
        return "there is no command '" + word + "'" + (question.isEmpty() ? "." : question) + " See '"
                + Misuse.help(command) + "'.";
    }
}
