// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

/**
 * What two neighbours saw in one measure, both ways together.
 *
 * @param sent frames
 * @param received frames that arrived whole and for the first time
 * @param doubled frames that arrived again, or after the measure that they were sent in
 * @param damaged frames whose checksum was wrong
 * @param p99Nanos 99 of 100 frames arrived within this time after they were due
 * @param worstNanos all frames that arrived did so within this time after they were due
 * @param gapNanos the longest time between two arrivals at one guest
 */
public record Report(
        long sent, long received, long doubled, long damaged, long p99Nanos, long worstNanos, long gapNanos) {
    /**
     * Frames that never arrived.
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
