// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

/**
 * How many lines one source may write: a burst, and then a number a second. What is left out is counted and reported once a
 * second, so that a flood costs a few lines and still shows. Not for several threads.
 */
final class LineBudget {
    static final long SECOND = 1_000_000_000L;

    private final int burst;
    private final long nanosPerLine;

    /** The time, in nanoseconds, up to which lines are spent; a line costs {@link #nanosPerLine}. */
    private long spentUntil;

    private boolean used;
    private long leftOut;
    private long leftOutSince;

    /**
     * A full budget.
     *
     * @param burst lines that may come at once, at least 1
     * @param perSecond lines a second after that, at least 1
     */
    LineBudget(int burst, int perSecond) {
        this.burst = burst;
        this.nanosPerLine = SECOND / perSecond;
    }

    /**
     * Takes one line from the budget, or counts it as left out.
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
     * Whether lines were dropped and not reported yet.
     *
     * @return true until {@link #takeDropped} has given their number
     */
    boolean owes() {
        return leftOut > 0;
    }

    /**
     * The number to report now.
     *
     * @param now the time in nanoseconds
     * @param atOnce whether the second need not be over
     * @return how many lines were left out since the last time, or 0 while it is too early to say
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
