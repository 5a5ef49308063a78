// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;

/**
 * The remaining time for which senders may wait for one receiver, over all its frames and all its senders together.
 * Waiting spends it, and taking frames earns it back: a number of frames, or {@value #FRAME_BYTES} bytes for each of
 * them, earn all of it. Nothing else does: a receiver that starts its rings again, or posts a buffer now and then,
 * delays no sender for longer.
 *
 * <p>Senders wait without limit for a receiver that keeps taking frames. For one that takes none they wait once, until
 * the budget is spent. Times are those of the caller's clock, in nanoseconds.
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
     * Creates a budget of which nothing is spent.
     *
     * @param most the maximum budget, 0 for no waiting
     * @param frames the number of frames that earn all of it
     */
    public WaitBudget(Duration most, int frames) {
        this.most = most.toNanos();
        this.left = this.most;
        this.ofFrame = this.most / frames;
        this.ofByte = (double) ofFrame / FRAME_BYTES;
    }

    /**
     * Records that a frame finds no room. Spends the time since the last such frame, when no frame was taken in
     * between.
     *
     * @param now the clock, in nanoseconds
     * @return whether its sender may wait and offer the frame again soon
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

    /** Tells that the frame that {@link #mayWait} allowed to wait is dropped by its sender. */
    public void doesNotWait() {
        waiting &= !began;
    }

    /**
     * Tells that no sender waits any more.
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
     * Restores part of the budget because the receiver has taken frames. Called after {@link #ended}.
     *
     * @param frames number of frames, 0 or more
     * @param bytes total length of the frames in bytes
     */
    public void earn(int frames, long bytes) {
        left = Math.min(most, left + frames * ofFrame + (long) (bytes * ofByte));
    }

    /**
     * Returns whether nothing is spent, and no sender waits.
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
