// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.trace.MessagePrinter;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The option {@code --trace} of every command that acts as a front-end, as in {@code run}. */
public final class MessageOptions {
    @Option(
            names = "--trace",
            paramLabel = "vhost-user",
            description = "Prints every message between this program and the back-end, one line each, to standard error"
                    + " (docs/debugging.md).")
    private @Nullable String trace;

    @Option(
            names = "--trace-file",
            paramLabel = "PATH",
            description = "Writes the trace to this file instead; an existing file is replaced.")
    private @Nullable Path file;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    /** Creates the options, for picocli. */
    public MessageOptions() {}

    /**
     * Returns the printer for the vhost-user messages that {@code --trace} requests.
     *
     * @return the printer; empty without {@code --trace}
     * @throws UnsupportedOption when the value of {@code --trace} is not {@code vhost-user}, or the file cannot be written
     */
    public Optional<MessagePrinter> printer() {
        if (trace == null) {
            if (file != null) {
                throw new UnsupportedOption("--trace-file=" + file + ": give --trace=vhost-user as well");
            }
            return Optional.empty();
        }
        if (!trace.equals("vhost-user")) {
            throw new UnsupportedOption("--trace=" + trace + ": there is no such trace, only vhost-user");
        }
        PrintWriter to = open();
        return Optional.of(new MessagePrinter(
                line -> {
                    to.println(line);
                    to.flush();
                },
                Clock.systemUTC()));
    }

    private PrintWriter open() {
        if (file == null) {
            return command.commandLine().getErr();
        }
        try {
            return new PrintWriter(Files.newBufferedWriter(file));
        } catch (IOException e) {
            throw new UnsupportedOption("--trace-file=" + file + ": cannot be written: " + FileTrouble.of(e));
        }
    }
}
