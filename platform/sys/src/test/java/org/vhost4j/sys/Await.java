// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Waits in a test for another thread or process. The wait ends as soon as the condition holds; the timeout only bounds
 * a failure.
 */
public final class Await {
    /** The default timeout, longer than any condition takes on a busy machine. */
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final long LOOK_NANOS = 100_000;

    private Await() {}

    /**
     * A condition to wait for.
     *
     * @param <E> exception that the check may throw
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
     * @param what name of the condition, for the failure's message
     * @param condition checked about ten times in a millisecond
     * @param <E> exception that the condition throws
     * @throws E from the condition, at once
     */
    public static <E extends Exception> void until(String what, Condition<E> condition) throws E {
        until(() -> what, PATIENCE, condition);
    }

    /**
     * Waits for at most the given time.
     *
     * @param what supplies the name of the condition when the wait fails
     * @param patience the timeout
     * @param condition checked about ten times in a millisecond, and at least once
     * @param <E> exception that the condition throws
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
