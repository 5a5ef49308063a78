// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Shows the progress of commands that take longer than {@value #QUIET_SECONDS} seconds on standard error. A terminal shows one line that is
 * updated in place; any other output gets a new line every {@value #LINE_SECONDS} seconds.
 */
public final class Progress implements AutoCloseable {
    private static final int QUIET_SECONDS = 2;
    private static final int LINE_SECONDS = 10;
    private static final long SECOND = 1_000_000_000L;

    private static final String CLEAR_LINE = "\r\033[K";

    private final PrintWriter err;
    private final boolean terminal;
    private final LongSupplier clock;
    private final long begin;
    private long next;
    private boolean shown;

    /**
     * Starts to show progress.
     *
     * @param err standard error
     * @param terminal whether standard error is a terminal
     * @param clock clock in nanoseconds, from any origin
     */
    Progress(PrintWriter err, boolean terminal, LongSupplier clock) {
        this.err = err;
        this.terminal = terminal;
        this.clock = clock;
        begin = clock.getAsLong();
        next = begin + QUIET_SECONDS * SECOND;
    }

    /**
     * Starts to show progress.
     *
     * @param err the writer for standard error
     * @return the object to be notified of each step, and closed at the end
     */
    public static Progress on(PrintWriter err) {
        return new Progress(err, Terminal.isStandardError(), System::nanoTime);
    }

    /**
     * Reports progress, and prints it when an update is due.
     *
     * @param done the number of completed steps
     * @param all the total number of steps
     * @param what a description of the step that begins now
     */
    public void step(int done, int all, String what) {
        long now = clock.getAsLong();
        if (now - next < 0) {
            return;
        }
        next = now + (terminal ? SECOND : LINE_SECONDS * SECOND);
        shown = true;
        String line = "%d of %d%s: %s".formatted(done, all, remaining(now, done, all), what);
        if (terminal) {
            int columns = Terminal.columns() - 1;
            err.print(CLEAR_LINE + (line.length() > columns ? line.substring(0, columns) : line));
        } else {
            err.println(line);
        }
        err.flush();
    }

    private String remaining(long now, int done, int all) {
        if (done == 0) {
            return "";
        }
        long seconds = Math.round((now - begin) / (double) SECOND / done * (all - done));
        return seconds < 60
                ? ", about %d s left".formatted(seconds)
                : String.format(Locale.ROOT, ", about %d:%02d min left", seconds / 60, seconds % 60);
    }

    /** Erases the line on the terminal before other output is written. */
    public void clear() {
        if (shown && terminal) {
            err.print(CLEAR_LINE);
            err.flush();
            shown = false;
        }
    }

    @Override
    public void close() {
        clear();
    }
}
