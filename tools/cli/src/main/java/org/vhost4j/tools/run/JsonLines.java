// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Converts lines that are not JSON to JSON: those of libraries, of the JVM, and of the log itself. */
final class JsonLines extends OutputStream {
    private final OutputStream out;
    private final LogFormat format;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    JsonLines(OutputStream out, LogFormat format) {
        this.out = out;
        this.format = format;
    }

    @Override
    public void write(int value) throws IOException {
        if (value != '\n') {
            line.write(value);
            return;
        }
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        int colon = text.indexOf(": ");
        boolean said = colon > 0 && text.indexOf(' ') == colon + 1;
        String json = text.startsWith("{\"time\":")
                ? text
                : format.line(
                        LogLevel.WARNING,
                        said ? text.substring(0, colon) : "vhost4j",
                        said ? text.substring(colon + 2) : text);
        out.write((json + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }
}
