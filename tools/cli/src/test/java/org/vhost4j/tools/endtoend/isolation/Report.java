// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

/**
 * The result of one measurement with two neighbours, for both directions together.
 *
 * @param sent number of sent frames
 * @param received number of frames that arrived undamaged and for the first time
 * @param doubled number of frames that arrived again, or after their measurement
 * @param damaged number of frames with a wrong checksum
 * @param p99Nanos time in nanoseconds after they were due within which 99 of 100 frames arrived
 * @param worstNanos time in nanoseconds after they were due within which all frames that arrived did so
 * @param gapNanos the longest time between two arrivals at one guest
 */
public record Report(
        long sent, long received, long doubled, long damaged, long p99Nanos, long worstNanos, long gapNanos) {
    /**
     * Returns the number of frames that did not arrive.
     *
     * @return 0 or more
     */
    public long lost() {
        return sent - received;
    }

    /** A time as a reader wants it. */
    static String milliseconds(long nanos) {
        return "%.2f ms".formatted(nanos / 1e6);
    }

    @Override
    public String toString() {
        return "%,d sent, %d lost, %d doubled, %d damaged, 99 %% within %s, worst %s, longest gap %s"
                .formatted(
                        sent,
                        lost(),
                        doubled,
                        damaged,
                        milliseconds(p99Nanos),
                        milliseconds(worstNanos),
                        milliseconds(gapNanos));
    }
}
