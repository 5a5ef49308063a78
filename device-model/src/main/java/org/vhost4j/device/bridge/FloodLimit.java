// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.function.LongSupplier;

/** Storm control of one port: limits the frames per second that it may flood, counted over all lanes together. */
final class FloodLimit {
    private static final long SECOND = 1_000_000_000L;

    private final int perSecond;
    private final LongSupplier clock;
    private long begin;
    private int frames;

    /**
     * Creates a limit that has not admitted a frame yet.
     *
     * @param perSecond frames per second, at least 1
     * @param clock clock in nanoseconds, from any origin
     */
    FloodLimit(int perSecond, LongSupplier clock) {
        this.perSecond = perSecond;
        this.clock = clock;
        this.begin = clock.getAsLong();
    }

    /**
     * Counts one more frame and returns whether it may be flooded. A second begins with the first frame after the end
     * of the previous one.
     */
    synchronized boolean admits() {
        long now = clock.getAsLong();
        if (now - begin >= SECOND) {
            begin = now;
            frames = 0;
        }
        if (frames == perSecond) {
            return false;
        }
        frames++;
        return true;
    }
}
