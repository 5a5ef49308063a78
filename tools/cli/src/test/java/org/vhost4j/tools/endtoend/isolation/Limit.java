// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.time.Duration;

/**
 * The maximum 99 % latency of the neighbours during an event, compared with that without it.
 *
 * @param factor factor by which the quiet latency is multiplied
 * @param addedNanos nanoseconds that are added to the product
 */
public record Limit(int factor, long addedNanos) {
    /**
     * Creates a limit on the increase over the quiet latency.
     *
     * @param added the maximum increase
     * @return the limit
     */
    public static Limit longerBy(Duration added) {
        return new Limit(1, added.toNanos());
    }

    /**
     * Creates a limit that is a multiple of the quiet latency. A time is added, because the quiet latency of an idle
     * machine is close to 0.
     *
     * @param factor the factor, such as 3
     * @param added the time that is added
     * @return the limit
     */
    public static Limit times(int factor, Duration added) {
        return new Limit(factor, added.toNanos());
    }

    /** The same, and so much longer. */
    Limit andLongerBy(Duration more) {
        return new Limit(factor, addedNanos + more.toNanos());
    }

    boolean allows(Report quiet, Report during) {
        return during.p99Nanos() <= factor * quiet.p99Nanos() + addedNanos;
    }

    @Override
    public String toString() {
        return (factor == 1 ? "quiet" : factor + " times quiet") + " + " + Report.milliseconds(addedNanos);
    }
}
