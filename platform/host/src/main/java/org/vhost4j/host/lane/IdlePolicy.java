// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

/**
 * The time for which an idle lane polls before it sleeps in epoll.
 *
 * @param spinNanos maximum polling time without work in nanoseconds, at least 0; {@link Long#MAX_VALUE} for no limit
 */
public record IdlePolicy(long spinNanos) {
    /** Sleeps as soon as there is nothing to do. */
    public static final IdlePolicy EVENT_DRIVEN = new IdlePolicy(0);
    /**
     * Polls for 50 microseconds, about the cost of sleeping and waking up. Sleeps at once if earlier polling has found no work, or while
     * another program needs the lane's core.
     */
    public static final IdlePolicy ADAPTIVE = new IdlePolicy(50_000);
    /** Never sleeps, and uses a whole core. */
    public static final IdlePolicy POLLING = new IdlePolicy(Long.MAX_VALUE);

    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException when {@code spinNanos} is negative
     */
    public IdlePolicy {
        if (spinNanos < 0) {
            throw new IllegalArgumentException("a spin time of " + spinNanos + " ns: it must be 0 or more");
        }
    }
}
