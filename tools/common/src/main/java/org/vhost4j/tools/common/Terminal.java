// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import org.jspecify.annotations.Nullable;

/** The properties of the terminal, as the launcher passes them on. */
public final class Terminal {
    /** The width when there is no terminal. */
    static final int COLUMNS = 80;
    /** The minimum width, because tables and help are unreadable in less. */
    static final int LEAST = 60;
    /** The maximum width, because longer lines are hard to read. */
    static final int MOST = 160;

    private Terminal() {}

    /**
     * Returns the line width for text: {@code COLUMNS} in the environment, which the launcher sets to the width of the terminal.
     *
     * @return the width in characters, {@value #LEAST} to {@value #MOST}; {@value #COLUMNS} when it is unknown
     */
    public static int columns() {
        return columns(System.getenv("COLUMNS"));
    }

    /**
     * Returns the line width for tables whose rows other programs may process: the width of the terminal, or no limit without a terminal,
     * so that each row stays on one line for grep and similar tools.
     *
     * @return the width in characters
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

    /** Returns whether standard error is a terminal, according to the launcher. */
    static boolean isStandardError() {
        return Boolean.getBoolean("vhost4j.stderr.terminal");
    }
}
