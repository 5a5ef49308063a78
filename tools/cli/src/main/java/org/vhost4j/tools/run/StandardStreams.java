// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.vhost4j.sys.LimitedLog;
import org.vhost4j.sys.LineStream;

/** Standard output and standard error of a back-end, neither of which can hold it up: each has a log and a thread of its own. */
final class StandardStreams {
    /** Whose budget it is that libraries and the JVM print on. */
    private static final String OWN = "vhost4j";

    private StandardStreams() {}

    /**
     * Puts both streams behind logs, for as long as the process runs.
     *
     * @param format which lines are printed, and how
     * @return prints events to standard output
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
     * Writes a line to standard error itself, after what the log has written. It may wait forever.
     *
     * @param text without an end of line
     */
    static void lastLine(String text) {
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8).println(text);
    }
}
