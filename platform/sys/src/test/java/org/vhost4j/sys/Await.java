// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits in a test for what another thread or process does. It ends as soon as that is done; the patience only bounds a failure. */
public final class Await {
    /** Longer than anything takes on a machine that does much else. */
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final long LOOK_NANOS = 100_000;

    private Await() {}

    /**
     * What is waited for.
     *
     * @param <E> what looking may throw
     */
    @FunctionalInterface
    public interface Condition<E extends Exception> {
        /**
         * Looks; may also do what brings it about.
         *
         * @return true when it is so
         * @throws E when it can never be so
         */
        boolean holds() throws E;
    }

    /**
     * Waits for at most {@link #PATIENCE}.
     *
     * @param what for the failure's message
     * @param condition asked about ten times in a millisecond
     * @param <E> what the condition throws
     * @throws E from the condition, at once
     */
    public static <E extends Exception> void until(String what, Condition<E> condition) throws E {
        until(() -> what, PATIENCE, condition);
    }

    /**
     * Waits.
     *
     * @param what for the failure's message, asked for when it fails
     * @param patience how long at most
     * @param condition asked about ten times in a millisecond, and at least once
     * @param <E> what the condition throws
     * @throws E from the condition, at once
     */
    public static <E extends Exception> void until(Supplier<String> what, Duration patience, Condition<E> condition)
            throws E {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("not within " + patience.toSeconds() + " s: " + what.get());
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }
}
