// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

/**
 * A token bucket of bytes. It fills at a constant rate up to its capacity, and each forwarded frame removes its length.
 * The number may become negative, because a frame may be longer than the remaining amount; the next frames then wait.
 * The calculation is exact: fractions of a byte are kept.
 */
final class TokenBucket {
    private static final long SECOND = 1_000_000_000L;
    /** Number of nanoseconds in which 2 bytes are added at 1 KiB/s. */
    private static final long NANOS_OF_TWO = 1_953_125;
    /** Pause in seconds after which every bucket counts as full. */
    private static final long LONGEST_PAUSE = 1_000_000;

    private final long rate;
    private final long most;

    private long bytes;
    /** Fraction of a byte, in units of 1/{@link #NANOS_OF_TWO}. */
    private long parts;

    private long then;

    /**
     * Creates a full bucket.
     *
     * @param rate rate in KiB/s, 1 to {@link RateLimit#MOST}
     * @param most capacity in bytes, 1 or more
     * @param now current time in nanoseconds from any origin
     */
    TokenBucket(long rate, long most, long now) {
        this.rate = rate;
        this.most = most;
        this.bytes = most;
        this.then = now;
    }

    /** Adds the bytes since the last call, and returns the number of bytes in the bucket. */
    long bytes(long now) {
        long elapsed = now - then;
        if (elapsed > 0) {
            then = now;
            long seconds = elapsed / SECOND;
            if (seconds >= LONGEST_PAUSE) {
                bytes = most;
                parts = 0;
                return bytes;
            }
            long more = elapsed % SECOND * rate * 2 + parts;
            bytes += seconds * rate * 1024 + more / NANOS_OF_TWO;
            parts = more % NANOS_OF_TWO;
            if (bytes >= most) {
                bytes = most;
                parts = 0;
            }
        }
        return bytes;
    }

    /** Removes the bytes of forwarded frames. */
    void take(long passed) {
        bytes -= passed;
    }

    /**
     * Returns the number of nanoseconds until the bucket has the given number of bytes, or is full; 0 when it has them
     * already.
     */
    long nanosUntil(long wanted) {
        long missing = Math.min(wanted, most) - bytes;
        if (missing <= 0) {
            return 0;
        }
        // Rounded up, because the bytes are not available earlier.
        return missing > Long.MAX_VALUE / NANOS_OF_TWO
                ? SECOND
                : (missing * NANOS_OF_TWO - parts + 2 * rate - 1) / (2 * rate);
    }

    long rate() {
        return rate;
    }

    long most() {
        return most;
    }
}
