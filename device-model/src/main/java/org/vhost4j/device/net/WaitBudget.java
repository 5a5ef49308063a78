// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;

/**
 * The remaining time for which senders may wait for one receiver, over all its frames and all its senders together.
 * Waiting uses it, and frames that the receiver receives restore it: fully after a number of frames, or after {@value
 * #FRAME_BYTES} bytes for each of them. Nothing else restores it: a receiver that restarts its rings, or makes a buffer
 * available now and then, delays no sender for longer.
 *
 * <p>Senders wait without limit for a receiver that keeps receiving frames. For one that receives none they wait once,
 * until the budget is used up. Times are those of the caller's clock, in nanoseconds.
 */
public final class WaitBudget {
    /** Number of bytes that restore as much as one frame. */
    static final int FRAME_BYTES = 2_500;

    private final long most;
    private final long ofFrame;
    private final double ofByte;

    private long left;
    private boolean waiting;
    /** Whether the last call of {@link #mayWait} began the wait. */
    private boolean began;

    private long spentUntil;

    /**
     * Creates a full budget.
     *
     * @param most the maximum budget, 0 for no waiting
     * @param frames the number of received frames that restore it fully
     */
    public WaitBudget(Duration most, int frames) {
        this.most = most.toNanos();
        this.left = this.most;
        this.ofFrame = this.most / frames;
        this.ofByte = (double) ofFrame / FRAME_BYTES;
    }

    /**
     * Records that there is no room for a frame. Uses up the time since the last such frame, when no frame was received
     * in between.
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

    /** Records that the sender drops the frame that {@link #mayWait} allowed to wait. */
    public void doesNotWait() {
        waiting &= !began;
    }

    /**
     * Records that no sender waits any more.
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
     * Restores part of the budget because the receiver has received frames. Called after {@link #ended}.
     *
     * @param frames number of frames, 0 or more
     * @param bytes total length of the frames in bytes
     */
    public void earn(int frames, long bytes) {
        left = Math.min(most, left + frames * ofFrame + (long) (bytes * ofByte));
    }

    /**
     * Returns whether the budget is full and no sender waits.
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
