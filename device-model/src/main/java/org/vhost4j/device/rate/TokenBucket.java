// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

/**
 * A number of bytes that grows with time up to a most, and from which what passes is taken. It may become negative: what is larger than
 * what is left passes, and is paid for afterwards. Exact: no part of a byte is lost.
 */
final class TokenBucket {
    private static final long SECOND = 1_000_000_000L;
    /** One KiB a second is 2 bytes in so many nanoseconds. */
    private static final long NANOS_OF_TWO = 1_953_125;
    /** After a pause of so many seconds every bucket counts as full. */
    private static final long LONGEST_PAUSE = 1_000_000;

    private final long rate;
    private final long most;

    private long bytes;
    /** Parts of a byte, of which {@link #NANOS_OF_TWO} are one. */
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

    /** Adds what has come since the last call; what there is now. */
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

    /** Takes bytes out. */
    void take(long passed) {
        bytes -= passed;
    }

    /**
     * Returns the number of nanoseconds until the bucket has the wanted number of bytes, or is full; 0 when it has them
     * now.
     */
    long nanosUntil(long wanted) {
        long missing = Math.min(wanted, most) - bytes;
        if (missing <= 0) {
            return 0;
        }
        // Rounded up: a moment too early there would be nothing.
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
