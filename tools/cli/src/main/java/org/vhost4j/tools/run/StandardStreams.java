// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.vhost4j.sys.LimitedLog;
import org.vhost4j.sys.LineStream;

/** Standard output and standard error of a back-end, neither of which can block it: each has its own log and thread. */
final class StandardStreams {
    /** The source whose line budget output of libraries and the JVM uses. */
    private static final String OWN = "vhost4j";

    private StandardStreams() {}

    /**
     * Redirects both streams to logs, as long as the process runs.
     *
     * @param format format and levels of lines
     * @return a printer of events on standard output
     */
    static EventPrinter limit(LogFormat format) {
        LimitedLog out = new LimitedLog(stream(FileDescriptor.out, format), "vhost4j-out");
        LimitedLog errors = new LimitedLog(stream(FileDescriptor.err, format), "vhost4j-err");
        System.setOut(LineStream.to(out, OWN));
        System.setErr(LineStream.to(errors, OWN));
        return new EventPrinter(out, format);
    }

    private static OutputStream stream(FileDescriptor descriptor, LogFormat format) {
        FileOutputStream stream = new FileOutputStream(descriptor);
        return format.json() ? new JsonLines(stream, format) : stream;
    }

    /**
     * Writes a line directly to standard error, after the lines of the log. It may block permanently.
     *
     * @param text the line, without a line end
     */
    static void lastLine(String text) {
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8).println(text);
    }
}
