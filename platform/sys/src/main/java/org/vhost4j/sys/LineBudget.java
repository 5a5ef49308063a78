// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

/**
 * Limits the lines of one source to a burst, then to a number per second (a token bucket). Dropped lines are counted and reported once a
 * second, so that a flood is visible in a few lines. Belongs to one thread at a time.
 */
final class LineBudget {
    static final long SECOND = 1_000_000_000L;

    private final int burst;
    private final long nanosPerLine;

    /** The time in nanoseconds up to which the budget is spent; each line moves it by {@link #nanosPerLine}. */
    private long spentUntil;

    private boolean used;
    private long leftOut;
    private long leftOutSince;

    /**
     * Creates a full budget.
     *
     * @param burst lines that may be written at once, at least 1
     * @param perSecond lines per second after the burst, at least 1
     */
    LineBudget(int burst, int perSecond) {
        this.burst = burst;
        this.nanosPerLine = SECOND / perSecond;
    }

    /**
     * Takes one line from the budget, or counts it as dropped.
     *
     * @param now the time in nanoseconds, never less than before
     * @return whether the line may be written
     */
    boolean take(long now) {
        long full = now - burst * nanosPerLine;
        if (!used || spentUntil - full < 0) {
            used = true;
            spentUntil = full;
        }
        if (now - spentUntil >= nanosPerLine) {
            spentUntil += nanosPerLine;
            return true;
        }
        if (leftOut++ == 0) {
            leftOutSince = now;
        }
        return false;
    }

    /**
     * Returns whether there are dropped lines that were not reported yet.
     *
     * @return true until {@link #takeDropped} has returned their number
     */
    boolean owes() {
        return leftOut > 0;
    }

    /**
     * Returns the number of dropped lines to report now.
     *
     * @param now the time in nanoseconds
     * @param atOnce whether to report before the second is over
     * @return the number of lines dropped since the last report, or 0 while it is too early for one
     */
    long takeDropped(long now, boolean atOnce) {
        if (leftOut == 0 || (!atOnce && now - leftOutSince < SECOND)) {
            return 0;
        }
        long told = leftOut;
        leftOut = 0;
        return told;
    }
}
