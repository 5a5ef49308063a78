// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * What the log has, and how.
 *
 * @param least the least level that is printed
 * @param json whether a line is a JSON object, with the members {@code time}, {@code level}, {@code who} and {@code message}
 */
record LogFormat(LogLevel least, boolean json) {
    /** Everything, as text. */
    static final LogFormat DEFAULT = new LogFormat(LogLevel.INFO, false);

    /** Whether lines of a level are printed. */
    boolean has(LogLevel level) {
        return level.compareTo(least) <= 0;
    }

    /**
     * A line.
     *
     * @param who a guest, a port or a client; empty for the program
     * @param message the rest
     */
    String line(LogLevel level, String who, String message) {
        if (!json) {
            return who.isEmpty() ? message : who + ": " + message;
        }
        return JsonNodeFactory.instance
                .objectNode()
                .put("time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString())
                .put("level", level.word())
                .put("who", who.isEmpty() ? "vhost4j" : who)
                .put("message", who.isEmpty() ? message.replaceFirst("^vhost4j: ", "") : message)
                .toString();
    }
}
