// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Checks that code allocates no memory once it is warmed up. */
public final class Allocations {
    /** Enough for the compiler to see what is hot; on a busy machine it may have no processor for longer. */
    private static final int ROUNDS = 200;
    /** Bytes of a round that may be the measurement's, or the compiler's last word. */
    private static final long NOISE = 2048;

    private Allocations() {}

    /**
     * Repeats a round of work until a round allocates nothing; fails when every round allocates.
     *
     * @param thread ID of the thread whose allocations count
     * @param round thousands of repetitions of the code under test
     */
    public static void assertNoneWhenWarm(long thread, Runnable round) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = 0;
        long end = System.nanoTime() + Await.PATIENCE.toNanos();
        int rounds = 0;
        while (rounds++ < ROUNDS || System.nanoTime() - end < 0) {
            long before = threads.getThreadAllocatedBytes(thread);
            round.run();
            allocated = threads.getThreadAllocatedBytes(thread) - before;
            if (allocated < NOISE) {
                return;
            }
        }
        throw new AssertionError("after " + (rounds - 1) + " rounds one still allocates " + allocated + " bytes");
    }
}
