// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.function.LongSupplier;

/**
 * How long an idle lane looks for work before it sleeps, by what looking has come to before.
 *
 * <p>Looking pays when work comes within the time of the policy, as from a guest on another core. It does harm when the program that
 * the lane waits for has to run on the lane's own core: then nothing comes while the lane looks, or the kernel takes the core from it.
 * After {@value #MISSES} times without work, and at once when the core was taken, the lane sleeps without looking for the next
 * {@value #FIRST_PAUSE} idle times, then looks again. That number doubles each time that looking finds nothing, up to {@value #LONGEST_PAUSE}; work
 * that is found sets it back.
 *
 * <p>Belongs to one thread. Reads the clock only while the lane is idle.
 */
final class SpinWindow {
    /** Idle times in a row that ended in sleep after looking. */
    private static final int MISSES = 4;

    private static final int FIRST_PAUSE = 8;
    private static final int LONGEST_PAUSE = 256;

    /** Nanoseconds between two looks after which the core was another program's: a look takes about one microsecond. */
    private static final long TAKEN = 20_000;

    /** The same when there was work meanwhile, which takes less; a program that needs the core has it for longer. */
    private static final long TAKEN_BESIDE_WORK = 1_000_000;

    private final long nanos;
    private final LongSupplier clock;

    /** Whether the lane was busy, so that its next idle time begins. */
    private boolean begin = true;
    /** Whether the lane looks for work in this idle time. */
    private boolean looking;

    private long since;
    private long last;
    private int misses;
    private int pause;
    /** Idle times that are still slept through without looking. */
    private int left;

    SpinWindow(IdlePolicy policy, LongSupplier clock) {
        this.nanos = policy.spinNanos();
        this.clock = clock;
    }

    /** Returns whether a lane without work continues to look for it, rather than sleep. */
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

    /** Starts the time for looking again, because there is more to look at. */
    void again() {
        begin = true;
    }
}
