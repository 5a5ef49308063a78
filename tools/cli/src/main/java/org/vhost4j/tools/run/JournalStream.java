// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Whether a stream leads to systemd's journal, as {@code JOURNAL_STREAM} says (systemd.exec(5)). */
final class JournalStream {
    private JournalStream() {}

    /** Whether standard output does. */
    static boolean isStandardOutput() {
        return is(Path.of("/proc/self/fd/1"), System.getenv("JOURNAL_STREAM"));
    }

    /**
     * Whether a file does: processes inherit the variable also when their output goes elsewhere.
     *
     * @param stream followed when it is a link
     * @param variable device and inode in decimal, with a colon between them; null when it is not set
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
