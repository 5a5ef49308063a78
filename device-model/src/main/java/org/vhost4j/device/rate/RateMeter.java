// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Enforces a {@link RateLimit}. A frame may be forwarded while the token bucket contains at least one byte, so that
 * frames larger than the burst can also be forwarded. Over time the rate is exact; a burst is exceeded by less than one
 * frame. Belongs to one lane; allocates nothing.
 */
public final class RateMeter {
    /** The minimum size of the peak rate's token bucket in bytes, so that several frames can be forwarded together. */
    private static final long PEAK_BYTES = 16 << 10;

    private static final int MILLIS = 1000;

    private final TokenBucket average;
    private final @Nullable TokenBucket peak;
    private final LongSupplier clock;

    /**
     * Creates a meter after a pause: with a full token bucket.
     *
     * @param limit the limit, not {@link RateLimit#NONE}
     * @param clock clock in nanoseconds, from any origin
     */
    public RateMeter(RateLimit limit, LongSupplier clock) {
        this.clock = clock;
        long now = clock.getAsLong();
        average = new TokenBucket(limit.average(), 1024 * limit.depth(), now);
        peak = limit.peak() == 0
                ? null
                : new TokenBucket(limit.peak(), Math.max(PEAK_BYTES, 1024 * limit.peak() / MILLIS), now);
    }

    /**
     * Returns a meter for a limit.
     *
     * @param limit the limit, possibly {@link RateLimit#NONE}
     * @param clock clock in nanoseconds, from any origin
     * @return the meter; null for {@link RateLimit#NONE}
     */
    public static @Nullable RateMeter of(RateLimit limit, LongSupplier clock) {
        return limit.isNone() ? null : new RateMeter(limit, clock);
    }

    /**
     * Returns the number of bytes that may be forwarded now.
     *
     * @return number of bytes; a frame may be forwarded when the number is at least 1
     */
    public long allowance() {
        long now = clock.getAsLong();
        long left = average.bytes(now);
        TokenBucket second = peak;
        return second == null ? left : Math.min(left, second.bytes(now));
    }

    /**
     * Records that a frame was forwarded.
     *
     * @param bytes the frame's length on the wire in bytes, see {@link WireLength}
     */
    public void spend(long bytes) {
        average.take(bytes);
        TokenBucket second = peak;
        if (second != null) {
            second.take(bytes);
        }
    }

    /**
     * Returns the time to wait after {@link #allowance} was 0 or less. After that time the amount of one millisecond,
     * or half a burst, may be forwarded, so that a lane is not woken for less.
     *
     * @return nanoseconds from the last call of {@link #allowance}
     */
    public long nanosToWait() {
        TokenBucket second = peak;
        return Math.max(nanosToWait(average), second == null ? 0 : nanosToWait(second));
    }

    private static long nanosToWait(TokenBucket bucket) {
        return bucket.nanosUntil(Math.max(1, Math.min(bucket.most() / 2, bucket.rate() * 1024 / MILLIS)));
    }
}
