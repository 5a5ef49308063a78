// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.Locale;

/** The importance of a line of the log, the most important first. */
enum LogLevel {
    /** A failure that lasts until the operator intervenes. */
    ERROR(3),
    /** A refused or failed operation; the back-end continues. */
    WARNING(4),
    /** An event. */
    INFO(6);

    private final int priority;

    LogLevel(int priority) {
        this.priority = priority;
    }

    /** Returns the level as a number of syslog(3). */
    int priority() {
        return priority;
    }

    /** Returns the level's name in options and in the log. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
