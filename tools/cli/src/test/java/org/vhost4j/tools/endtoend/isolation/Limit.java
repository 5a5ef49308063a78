// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.time.Duration;

/**
 * How much longer the neighbours' 99 % latency may be during an event than without it.
 *
 * @param factor what the quiet latency is multiplied by
 * @param addedNanos what is added to it then
 */
public record Limit(int factor, long addedNanos) {
    /**
     * So much longer than without the event.
     *
     * @param added the difference
     * @return the limit
     */
    public static Limit longerBy(Duration added) {
        return new Limit(1, added.toNanos());
    }

    /**
     * A multiple of the quiet latency. A time is added, because the quiet latency of an idle machine is close to nothing.
     *
     * @param factor such as 3
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
