// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.trace.Trace;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.common.Version;
import picocli.CommandLine.Option;

/** The options that record messages in a file, and compare them with recorded ones. */
public final class TraceOptions {
    /** The line of a trace with the command that recorded it. */
    private static final String COMMAND = "command";

    @Option(
            names = "--record",
            paramLabel = "PLACE",
            description =
                    "Write every message to the file PLACE; of a matrix, those of each combination to PLACE/NAME.trace.")
    private @Nullable Path record;

    @Option(
            names = "--replay",
            paramLabel = "FILE",
            description = "Repeat the run that --record wrote to FILE, and compare every message. Status 0 if all "
                    + "messages match, 1 otherwise.")
    private @Nullable Path replay;

    /**
     * Starts to record.
     *
     * @param command recorded command, such as {@code probe}
     * @param name name of the file in the directory PLACE, without its suffix; null for the file PLACE
     * @param socket path of the back-end's socket
     * @return a recorder, or null without recording
     * @throws UnsupportedOption when the file cannot be written
     */
    public @Nullable TraceRecorder recorder(String command, @Nullable String name, Path socket) {
        if (record == null) {
            return null;
        }
        Map<String, String> heading = new LinkedHashMap<>();
        heading.put(COMMAND, command);
        heading.put("reached", socket.toString());
        heading.put("suite", Version.current());
        try {
            if (name != null) {
                Files.createDirectories(record);
            }
        } catch (IOException e) {
            throw new UnsupportedOption("--record=" + record + ": cannot create the directory: " + FileTrouble.of(e));
        }
        return TraceRecorder.in(name == null ? record : record.resolve(name + ".trace"), heading);
    }

    /**
     * Refuses {@code --replay}.
     *
     * @param option the option with which it cannot be combined
     * @throws UnsupportedOption when it was given
     */
    public void refuseReplay(String option) {
        if (replay != null) {
            throw new UnsupportedOption(option + " and --replay: a replay is of one combination");
        }
    }

    /**
     * Returns the trace to repeat.
     *
     * @param command command that must have recorded the trace, such as {@code probe}
     * @return the trace, or null without replay
     *
     * @throws UnsupportedOption when the file is not a trace of this command, or recording was requested as well
     */
    public @Nullable Trace replayed(String command) {
        if (replay == null) {
            return null;
        }
        if (record != null) {
            throw new UnsupportedOption(
                    "--record and --replay: a replay is compared with the recording, and cannot be recorded itself");
        }
        Trace trace = Trace.read(replay);
        String made = trace.heading().getOrDefault(COMMAND, "conformance");
        if (!made.equals(command) && !made.startsWith(command + " ")) {
            throw new UnsupportedOption(
                    "--replay=" + replay + " is a trace of '" + made + "', not of '" + command + "'");
        }
        return trace;
    }

    /**
     * Returns whether a trace was recorded by a command.
     *
     * @param trace any trace
     * @param command command with its subcommand or option, such as {@code negotiate --matrix}
     * @return true when the heading of the trace names that command
     */
    public static boolean isOf(Trace trace, String command) {
        return command.equals(trace.heading().get(COMMAND));
    }
}
