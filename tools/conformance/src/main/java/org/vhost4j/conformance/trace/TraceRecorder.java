// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.trace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.frontend.SocketWatcher;
import org.vhost4j.tools.common.FileTrouble;
import org.vhost4j.tools.common.UnsupportedOption;

/**
 * Writes a case's trace while the case runs: its steps, and each message in words and in hexadecimal. Each line is written to the file as
 * soon as the event has happened.
 */
public final class TraceRecorder {
    /** The first line of a trace. */
    static final String TITLE = "# vhost4j conformance trace, format 1";

    /** The beginning of a line with a message's bytes. */
    static final String BYTES = "      = ";

    private static final String LEGEND =
            "# milliseconds, #connection (c: the back-end's channel), > sent or < received, the message; = its bytes,"
                    + " +descriptors";

    private final @Nullable Path file;
    private final long began = System.nanoTime();
    private final List<TracedMessage> messages = new ArrayList<>();
    private int connections;

    private TraceRecorder(@Nullable Path file, Map<String, String> heading) {
        this.file = file;
        StringBuilder text = new StringBuilder(TITLE + "\n");
        heading.forEach((name, value) ->
                text.append(name).append(": ").append(value.replace('\n', ' ')).append('\n'));
        write(text.append(LEGEND).append('\n').toString(), true);
    }

    /**
     * Starts a trace in a file.
     *
     * @param file the file, which is replaced
     * @param heading the values that are known before the case runs, by name
     * @return the recorder
     * @throws UnsupportedOption when the file cannot be written
     */
    public static TraceRecorder in(Path file, Map<String, String> heading) {
        try {
            return new TraceRecorder(file, heading);
        } catch (UncheckedIOException e) {
            throw new UnsupportedOption("--record: " + file + " cannot be written: "
                    + FileTrouble.of(Objects.requireNonNull(e.getCause())));
        }
    }

    /**
     * Starts a trace that is kept in memory only.
     *
     * @return the recorder
     */
    public static TraceRecorder inMemory() {
        return new TraceRecorder(null, Map.of());
    }

    /**
     * Returns the messages so far.
     *
     * @return the messages of all connections, in order of time
     */
    public synchronized List<TracedMessage> messages() {
        return List.copyOf(messages);
    }

    /**
     * Records a step of the case.
     *
     * @param line the description of the step, on one line
     */
    public synchronized void note(String line) {
        line("   * " + line);
    }

    /**
     * Adds a value to the heading that was not known when the trace began.
     *
     * @param name the name: lower-case letters and hyphens
     * @param value the value, on one line
     */
    public synchronized void heading(String name, String value) {
        write(name + ": " + value + "\n", false);
    }

    /**
     * Records the outcome of the case and ends the trace.
     *
     * @param outcome the outcome, in one word
     */
    public synchronized void end(String outcome) {
        write("outcome: " + outcome + "\n", false);
    }

    /**
     * Creates a watcher for the next connection.
     *
     * @return the watcher of one socket
     */
    public synchronized SocketWatcher connection() {
        connections++;
        line("#" + connections + " connected");
        return new Watcher(Integer.toString(connections));
    }

    private void line(String text) {
        write(String.format(Locale.ROOT, "%9.3f %s%n", (System.nanoTime() - began) / 1e6, text), false);
    }

    private void write(String text, boolean first) {
        if (file == null) {
            return;
        }
        try {
            if (first) {
                Files.writeString(file, text);
            } else {
                Files.write(file, text.getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private synchronized void add(TracedMessage message) {
        messages.add(message);
        line(message.toString());
        write(
                BYTES + HexFormat.of().formatHex(message.bytes())
                        + (message.descriptors() == 0 ? "" : " +" + message.descriptors())
                        + "\n",
                false);
    }

    private synchronized void event(String connection, String what) {
        line("#" + connection + " " + what);
    }

    /** The watcher of one socket. */
    private final class Watcher implements SocketWatcher {
        private final String connection;

        Watcher(String connection) {
            this.connection = connection;
        }

        @Override
        public void sent(byte[] bytes, int descriptors) {
            add(new TracedMessage(connection, true, bytes.clone(), descriptors));
        }

        @Override
        public void received(RawMessage message) {
            add(TracedMessage.received(connection, message));
        }

        @Override
        public void closedByBackEnd() {
            event(connection, "closed by the back-end");
        }

        @Override
        public void closed() {
            event(connection, "closed by the front-end");
        }

        @Override
        public SocketWatcher channel() {
            return new Watcher(connection + TracedMessage.CHANNEL);
        }
    }
}
