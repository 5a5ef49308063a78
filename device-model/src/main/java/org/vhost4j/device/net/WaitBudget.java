// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;

/**
 * How long senders may still wait for one receiver, over all its frames and all its senders together. Waiting spends it, and taking frames
 * earns it back: a number of frames, or {@value #FRAME_BYTES} bytes for each of them, earn all of it. Nothing else does: a receiver that
 * starts its rings again, or posts a buffer now and then, delays no sender for longer.
 *
 * <p>A receiver that keeps taking frames is waited for all the time. One that takes none is waited for once, until the budget is spent.
 * Times are those of the caller's clock, in nanoseconds.
 */
public final class WaitBudget {
    /** Number of bytes that earn as much as one frame. */
    static final int FRAME_BYTES = 2_500;

    private final long most;
    private final long ofFrame;
    private final double ofByte;

    private long left;
    private boolean waiting;
    /** The last call of {@link #mayWait} began the wait. */
    private boolean began;

    private long spentUntil;

    /**
     * A budget of which nothing is spent.
     *
     * @param most what it never exceeds, 0 for no waiting
     * @param frames the number of frames that earn all of it
     */
    public WaitBudget(Duration most, int frames) {
        this.most = most.toNanos();
        this.left = this.most;
        this.ofFrame = this.most / frames;
        this.ofByte = (double) ofFrame / FRAME_BYTES;
    }

    /**
     * A frame finds no room. Spends the time since the last such frame, when nothing came between.
     *
     * @param now the clock, in nanoseconds
     * @return whether its sender may wait, and offer it again soon
     */
    public boolean mayWait(long now) {
        began = !waiting;
        if (began) {
            waiting = true;
            spentUntil = now;
        } else {
            spend(now);
        }
        return left > 0;
    }

    /** The frame that {@link #mayWait} let wait does not: its sender drops it. */
    public void doesNotWait() {
        waiting &= !began;
    }

    /**
     * No sender waits any more.
     *
     * @param now the clock, in nanoseconds
     */
    public void ended(long now) {
        if (waiting) {
            spend(now);
            waiting = false;
        }
    }

    /**
     * The receiver has taken frames; {@link #ended} was called.
     *
     * @param frames how many, 0 or more
     * @param bytes how long they are together
     */
    public void earn(int frames, long bytes) {
        left = Math.min(most, left + frames * ofFrame + (long) (bytes * ofByte));
    }

    /**
     * Whether nothing is spent, and no sender waits.
     *
     * @return true when neither {@link #ended} nor {@link #earn} would change anything
     */
    public boolean whole() {
        return left == most && !waiting;
    }

    private void spend(long now) {
        left = Math.max(0, left - (now - spentUntil));
        spentUntil = now;
    }
}
