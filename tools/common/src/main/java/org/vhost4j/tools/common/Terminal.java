// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import org.jspecify.annotations.Nullable;

/** What the launcher says of the terminal, if there is one. */
public final class Terminal {
    /** The width of everything that is printed where no terminal has one. */
    static final int COLUMNS = 80;
    /** In less, tables and help are unreadable. */
    static final int LEAST = 60;
    /** Longer lines are hard to read. */
    static final int MOST = 160;

    private Terminal() {}

    /**
     * How wide lines may be: {@code COLUMNS} of the environment, which the launcher sets to the terminal's width.
     *
     * @return columns, {@value #LEAST} to {@value #MOST}; {@value #COLUMNS} when it is not known
     */
    public static int columns() {
        return columns(System.getenv("COLUMNS"));
    }

    /**
     * How wide the lines of a table may be whose rows other programs look at: as wide as a terminal, and without a limit where there is
     * none, so that each row stays one line for grep and similar tools.
     *
     * @return columns
     */
    public static int columnsOfRecords() {
        return System.getenv("COLUMNS") == null ? Integer.MAX_VALUE : columns();
    }

    static int columns(@Nullable String variable) {
        try {
            return variable == null ? COLUMNS : Math.clamp(Integer.parseInt(variable), LEAST, MOST);
        } catch (NumberFormatException e) {
            return COLUMNS;
        }
    }

    /** Whether standard error is a terminal, as the launcher says. */
    static boolean isStandardError() {
        return Boolean.getBoolean("vhost4j.stderr.terminal");
    }
}
