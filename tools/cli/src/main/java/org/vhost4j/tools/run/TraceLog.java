// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.LimitedLog;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.server.MessageTrace;
import org.vhost4j.vhostuser.server.SilentListener;

/**
 * Writes the trace of {@code --trace}: one line for each message, with the time in UTC. Lanes never wait for the output: when it is too
 * slow, lines are dropped, and their number is written to the trace.
 */
final class TraceLog extends SilentListener implements MessageTrace {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);

    private final LimitedLog log;
    private final Clock clock;

    private TraceLog(OutputStream out, Clock clock) {
        this.log = new LimitedLog(out, "vhost4j-trace");
        this.clock = clock;
    }

    /**
     * Creates a trace to a stream.
     *
     * @param out the stream, which the trace's own thread writes
     * @param clock clock of the lines' time
     */
    static TraceLog to(OutputStream out, Clock clock) {
        return new TraceLog(out, clock);
    }

    /**
     * Opens the trace that options request.
     *
     * @param what {@code vhost-user}
     * @param file file, which is replaced if it exists; null for standard error
     * @throws UnsupportedOption when {@code what} has another value, or the file cannot be written
     */
    static TraceLog open(String what, @Nullable Path file) {
        if (!what.equals("vhost-user")) {
            throw new UnsupportedOption("--trace=" + what + ": there is no such trace, only vhost-user");
        }
        try {
            OutputStream out = file == null
                    ? new FileOutputStream(FileDescriptor.err)
                    : Files.newOutputStream(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING);
            return to(out, Clock.systemUTC());
        } catch (IOException e) {
            throw new UnsupportedOption("--trace-file=" + file + ": cannot be written: " + FileTrouble.of(e));
        }
    }

    @Override
    public MessageTrace trace() {
        return this;
    }

    @Override
    public void message(String guest, Sender sender, int payloadBytes, String text) {
        log.line(TIME.format(clock.instant()) + " " + guest + " " + sender + ": " + text + "; size " + payloadBytes);
    }

    /** Waits a short time until all lines are written. */
    void close() {
        log.close();
    }
}
