// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * An output stream that writes its bytes as lines of a {@link LimitedLog}. It is for {@link System#setOut} and {@link System#setErr}, so
 * that output of libraries and the JVM cannot block a thread either.
 */
public final class LineStream extends OutputStream {
    /** The maximum length of a line in bytes; longer text is split. */
    private static final int MOST_BYTES = 4096;

    private final LimitedLog log;
    private final String source;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    private LineStream(LimitedLog log, String source) {
        this.log = log;
        this.source = source;
    }

    /**
     * Creates a stream for printing UTF-8.
     *
     * @param log receives the lines
     * @param source the source whose line budget is used
     * @return the stream
     */
    public static PrintStream to(LimitedLog log, String source) {
        return new PrintStream(new LineStream(log, source), true, StandardCharsets.UTF_8);
    }

    @Override
    public synchronized void write(int value) {
        if (value == '\n' || line.size() >= MOST_BYTES) {
            log.line(source, line.toString(StandardCharsets.UTF_8));
            line.reset();
        }
        if (value != '\n') {
            line.write(value);
        }
    }
}
