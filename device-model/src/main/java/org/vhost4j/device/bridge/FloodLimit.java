// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.function.LongSupplier;

/** Storm control of one port: how many frames a second it may send that go to all others, on all lanes that hear it together. */
final class FloodLimit {
    private static final long SECOND = 1_000_000_000L;

    private final int perSecond;
    private final LongSupplier clock;
    private long begin;
    private int frames;

    /**
     * Creates a limit that has admitted nothing.
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
     * Returns whether one more frame may go to all ports. A second begins with the first frame after the end of the
     * previous one.
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
