// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * The format of the log, and the levels that it includes.
 *
 * @param least the lowest level that is printed
 * @param style the form in which a line shows its level
 */
record LogFormat(LogLevel least, Style style) {
    /** The form in which a line shows its level. */
    enum Style {
        /** A word in front of warnings and errors. */
        TEXT,
        /** A number in front of warnings and errors, which the journal removes (sd-daemon(3)). */
        JOURNAL,
        /** A JSON object, with the members {@code time}, {@code level}, {@code who} and {@code message}. */
        JSON
    }

    /** The default: all levels, as text. */
    static final LogFormat DEFAULT = new LogFormat(LogLevel.INFO, Style.TEXT);

    /** Returns whether lines are JSON objects. */
    boolean json() {
        return style == Style.JSON;
    }

    /** Returns whether lines of a level are printed. */
    boolean has(LogLevel level) {
        return level.compareTo(least) <= 0;
    }

    /**
     * Returns a line of the log.
     *
     * @param who a guest, a port or a client; empty for the program
     * @param message text of the line
     */
    String line(LogLevel level, String who, String message) {
        String text = who.isEmpty() ? message : who + ": " + message;
        return switch (style) {
            case TEXT -> level == LogLevel.INFO ? text : level.word() + ": " + text;
            case JOURNAL -> level == LogLevel.INFO ? text : "<" + level.priority() + ">" + text;
            case JSON -> json(level, who, message);
        };
    }

    private static String json(LogLevel level, String who, String message) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString())
                .put("level", level.word())
                .put("who", who.isEmpty() ? "vhost4j" : who)
                .put("message", who.isEmpty() ? message.replaceFirst("^vhost4j: ", "") : message)
                .toString();
    }
}
