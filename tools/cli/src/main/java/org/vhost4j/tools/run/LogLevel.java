// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.Locale;

/** How much a line of the log matters, the most first. */
enum LogLevel {
    /** Something does not work, until the operator does something. */
    ERROR(3),
    /** Something was refused or failed; the back-end continues. */
    WARNING(4),
    /** Something has happened. */
    INFO(6);

    private final int priority;

    LogLevel(int priority) {
        this.priority = priority;
    }

    /** The level in syslog(3)'s numbers. */
    int priority() {
        return priority;
    }

    /** The word in options and in the log. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
