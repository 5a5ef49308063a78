// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.stats;

import java.time.Instant;
import java.util.Arrays;

/**
 * The counters of one device. The device's lane writes them; any thread may read them. They are in an array indexed by
 * {@link Counter}, because a map would be slower.
 */
@SuppressWarnings("EnumOrdinal")
public final class Counters {
    private final long[] values = new long[Counter.values().length];
    private final Instant since = Instant.now();

    /** Counters of the device's seats on other lanes. */
    private volatile Counters[] seats = {};

    /** Creates counters that are all zero. */
    public Counters() {}

    /**
     * Returns the time at which this object began to count. Values that {@link #set} has restored were counted
     * before that time.
     *
     * @return the time by the host's clock
     */
    public Instant since() {
        return since;
    }

    /**
     * Increments a counter by 1.
     *
     * @param counter the counter
     */
    public void increment(Counter counter) {
        values[counter.ordinal()]++;
    }

    /**
     * Increments a counter by a number.
     *
     * @param counter the counter
     * @param amount the number
     */
    public void add(Counter counter, long amount) {
        values[counter.ordinal()] += amount;
    }

    /**
     * Sets a counter to its value in the guest's previous device.
     *
     * @param counter the counter
     * @param value at least 0
     */
    public void set(Counter counter, long value) {
        values[counter.ordinal()] = value;
        for (Counters seat : seats) {
            seat.set(counter, 0);
        }
    }

    /**
     * Includes the counters of the device's seat on another lane in the sums. A seat is the part of the device that one
     * lane processes. Called before any frame is forwarded.
     *
     * @param seat the seat's counters
     */
    public void include(Counters seat) {
        Counters[] more = Arrays.copyOf(seats, seats.length + 1);
        more[seats.length] = seat;
        seats = more;
    }

    /**
     * Reads a counter.
     *
     * @param counter the counter
     * @return the value since the device was created; for a migrated guest, since the guest was started
     */
    public long get(Counter counter) {
        long sum = values[counter.ordinal()];
        for (Counters seat : seats) {
            sum += seat.get(counter);
        }
        return sum;
    }

    /**
     * Returns all counters that are not 0, as text.
     *
     * @return text such as {@code 12 frames sent, 1728 bytes sent}, or {@code nothing}
     */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Counter counter : Counter.values()) {
            long value = get(counter);
            if (value != 0) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(value)
                        .append(' ')
                        .append(counter.meaning());
            }
        }
        return text.isEmpty() ? "nothing" : text.toString();
    }
}
