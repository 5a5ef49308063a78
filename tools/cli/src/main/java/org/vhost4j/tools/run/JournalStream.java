// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Detects whether a stream is connected to systemd's journal, by {@code JOURNAL_STREAM} (systemd.exec(5)). */
final class JournalStream {
    private JournalStream() {}

    /** Returns whether standard output is connected to the journal. */
    static boolean isStandardOutput() {
        return is(Path.of("/proc/self/fd/1"), System.getenv("JOURNAL_STREAM"));
    }

    /**
     * Returns whether a file is the journal's stream. Processes inherit the variable even when their output is
     * redirected.
     *
     * @param stream path of the stream; links are followed
     * @param variable device and inode in decimal, separated by a colon; null when it is not set
     */
    static boolean is(Path stream, @Nullable String variable) {
        if (variable == null) {
            return false;
        }
        try {
            return variable.equals(
                    Files.getAttribute(stream, "unix:dev") + ":" + Files.getAttribute(stream, "unix:ino"));
        } catch (IOException e) {
            return false;
        }
    }
}
