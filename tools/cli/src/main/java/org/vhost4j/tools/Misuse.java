// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.util.Set;
import org.vhost4j.device.feature.NearestName;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Creates the message for an invalid command line: one line with the invalid word, the most similar valid one, and how
 * to get help.
 */
final class Misuse {
    private Misuse() {}

    /**
     * Returns the message for an error.
     *
     * @param exception error that picocli found
     * @return one line, without a line end
     */
    static String line(ParameterException exception) {
        CommandLine command = exception.getCommandLine();
        if (exception instanceof UnmatchedArgumentException unmatched
                && !unmatched.getUnmatched().isEmpty()) {
            return what(unmatched, command) + meant(unmatched, command) + " See '" + help(command) + "'.";
        }
        return exception instanceof MissingParameterException
                ? FailureLine.of(exception) + ". See '" + help(command) + "'."
                : FailureLine.of(exception);
    }

    /** The command line that prints the help of a command. */
    static String help(CommandLine command) {
        String name = command.getCommandSpec().qualifiedName();
        return name.equals("vhost4j") ? "vhost4j help" : name + " --help";
    }

    private static String what(UnmatchedArgumentException unmatched, CommandLine command) {
        String word = unmatched.getUnmatched().getFirst();
        if (unmatched.isUnknownOption()) {
            return command.getCommandSpec().qualifiedName() + " has no option '" + word + "'";
        }
        return command.getSubcommands().isEmpty()
                        || !command.getCommandSpec().positionalParameters().isEmpty()
                ? command.getCommandSpec().qualifiedName() + " takes no further argument '" + word + "'"
                : "there is no command '" + word + "'";
    }

    private static String meant(UnmatchedArgumentException unmatched, CommandLine command) {
        String word = unmatched.getUnmatched().getFirst();
        Set<String> known = unmatched.isUnknownOption()
                ? command.getCommandSpec().optionsMap().keySet()
                : command.getSubcommands().keySet();
        // The text after = is the option's value, not part of its name.
        String question = NearestName.question(word.split("=", 2)[0], known);
        return question.isEmpty() ? "." : question;
    }
}
