// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.function.LongSupplier;

/**
 * Decides how long an idle lane spins for work before it sleeps, based on the results of earlier spinning.
 *
 * <p>Spinning is useful when work arrives within the policy's spin time, such as from a guest on another core. It is harmful when the
 * program for which the lane waits has to run on the lane's own core: then no work arrives while the lane spins, or the kernel takes the
 * core away. After {@value #MISSES} unsuccessful attempts, and at once when the core was taken away, the lane sleeps without spinning in
 * the next {@value #FIRST_PAUSE} idle periods, then spins again. That number doubles each time spinning finds no work, up to
 * {@value #LONGEST_PAUSE}; it is reset when work is found.
 *
 * <p>Belongs to one thread. Reads the clock only while the lane is idle.
 */
final class SpinWindow {
    /** Number of consecutive idle periods with unsuccessful spinning after which the lane sleeps without spinning. */
    private static final int MISSES = 4;

    private static final int FIRST_PAUSE = 8;
    private static final int LONGEST_PAUSE = 256;

    /** Time between two polls in nanoseconds from which another program must have used the core; a poll takes about one microsecond. */
    private static final long TAKEN = 20_000;

    /** The same limit if there was work between the polls, which takes less time than this. */
    private static final long TAKEN_BESIDE_WORK = 1_000_000;

    private final long nanos;
    private final LongSupplier clock;

    /** Whether the lane was busy, so that the next idle period is a new one. */
    private boolean begin = true;
    /** Whether the lane spins in this idle period. */
    private boolean looking;

    private long since;
    private long last;
    private int misses;
    private int pause;
    /** Number of idle periods left without spinning. */
    private int left;

    SpinWindow(IdlePolicy policy, LongSupplier clock) {
        this.nanos = policy.spinNanos();
        this.clock = clock;
    }

    /** Returns whether a lane without work should continue to spin, rather than sleep. */
    boolean open() {
        if (nanos == Long.MAX_VALUE) {
            return true;
        }
        if (nanos == 0) {
            return false;
        }
        if (begin) {
            begin = false;
            first();
        } else if (looking) {
            look();
        }
        return looking;
    }

    private void first() {
        if (left > 0) {
            left--;
            looking = false;
        } else {
            looking = true;
            since = clock.getAsLong();
            last = since;
        }
    }

    private void look() {
        long now = clock.getAsLong();
        if (now - last >= TAKEN) {
            looking = false;
            sleepMore();
        } else if (now - since >= nanos) {
            looking = false;
            misses++;
            if (misses >= MISSES) {
                sleepMore();
            }
        }
        last = now;
    }

    private void sleepMore() {
        misses = MISSES - 1;
        pause = Math.clamp(2L * pause, FIRST_PAUSE, LONGEST_PAUSE);
        left = pause;
    }

    /** Records that the lane has found work. */
    void found() {
        if (!begin && looking) {
            if (clock.getAsLong() - last >= TAKEN_BESIDE_WORK) {
                sleepMore();
            } else {
                misses = 0;
                pause = 0;
            }
        }
        begin = true;
    }

    /** Restarts the spin time, because there is more to poll. */
    void restart() {
        begin = true;
    }
}
