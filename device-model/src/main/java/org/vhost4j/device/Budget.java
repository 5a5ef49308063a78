// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device;

import java.util.function.LongSupplier;

/**
 * Limits one kind of slow work in one turn of a lane's duty cycle to a number of units, bytes and nanoseconds. When one
 * of the three is used up, the work stops until the next turn. One unit is always allowed, because a single unit may
 * exceed the whole budget; a turn therefore exceeds the budget by one unit at most.
 *
 * <p>Used by one thread, in this order: {@link #begin}, then {@link #remains} before each unit and {@link #spend} after it.
 */
public final class Budget {
    private final int units;
    private final long bytes;
    private final long nanos;
    private final LongSupplier clock;

    private boolean started;
    private long start;
    private int unitsLeft;
    private long bytesLeft;

    /**
     * Creates a budget of which nothing is used.
     *
     * @param units maximum number of units of work in a turn, 1 or more
     * @param bytes maximum total length of these units in bytes, 1 or more
     * @param nanos maximum time for these units in nanoseconds, 1 or more
     * @param clock clock in nanoseconds, from any origin
     */
    public Budget(int units, long bytes, long nanos, LongSupplier clock) {
        if (units < 1 || bytes < 1 || nanos < 1) {
            throw new IllegalArgumentException(
                    "a budget of %d units, %d bytes and %d ns allows nothing".formatted(units, bytes, nanos));
        }
        this.units = units;
        this.bytes = bytes;
        this.nanos = nanos;
        this.clock = clock;
    }

    /** Starts a turn with the full budget. Costs nothing: the clock is not read before there is work. */
    public void begin() {
        started = false;
    }

    /**
     * Returns whether another unit of work may be done in this turn. Called only when there is such a unit.
     *
     * @return true for the first unit of a turn, and as long as neither units nor bytes nor time is used up
     */
    public boolean remains() {
        if (!started) {
            started = true;
            start = clock.getAsLong();
            unitsLeft = units;
            bytesLeft = bytes;
            return true;
        }
        return unitsLeft > 0 && bytesLeft > 0 && clock.getAsLong() - start < nanos;
    }

    /**
     * Records that a unit of work was done.
     *
     * @param length length of the unit in bytes, 0 or more
     */
    public void spend(long length) {
        unitsLeft--;
        bytesLeft -= length;
    }
}
