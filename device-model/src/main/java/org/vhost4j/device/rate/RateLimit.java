// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

/**
 * The rate limit of one direction, in the terms and units of libvirt's {@code <bandwidth>}: KiB are 1024 bytes.
 *
 * @param average average rate in KiB/s, 1 to {@value #MOST}; 0 for no limit
 * @param peak peak rate in KiB/s during a burst, {@code average} to {@value #MOST}; 0 for an unlimited rate during a
 *     burst
 * @param burst amount in KiB that may be forwarded at the peak rate after a pause, 1 to {@value #MOST}; 0 for the
 *     amount that {@code average} allows in one second
 */
public record RateLimit(long average, long peak, long burst) {
    /** The largest value of each component. */
    public static final long MOST = 4_000_000_000L;
    /** No limit. */
    public static final RateLimit NONE = new RateLimit(0, 0, 0);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException when a value is out of its range; the message can be shown to the user
     */
    public RateLimit {
        if (average < 0 || average > MOST || peak < 0 || peak > MOST || burst < 0 || burst > MOST) {
            throw new IllegalArgumentException(
                    "average and peak are 0 to " + MOST + " KiB a second, burst 0 to " + MOST + " KiB");
        }
        if (average == 0 && (peak != 0 || burst != 0)) {
            throw new IllegalArgumentException("peak and burst need an average");
        }
        if (peak != 0 && peak < average) {
            throw new IllegalArgumentException("peak, " + peak + " KiB a second, is below the average of " + average);
        }
    }

    /**
     * Returns whether there is no limit.
     *
     * @return true for {@link #NONE}
     */
    public boolean isNone() {
        return average == 0;
    }

    /**
     * Returns the amount that may be forwarded at the peak rate after a pause.
     *
     * @return the amount in KiB: {@link #burst}, or its default
     */
    public long depth() {
        return burst == 0 ? average : burst;
    }
}
