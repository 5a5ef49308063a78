// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;

/**
 * The remaining time for which senders may wait for one receiver, summed over all senders and frames. Waiting uses up
 * the budget. Frames that the receiver receives restore it: fully after a number of frames, or after {@value
 * #FRAME_BYTES} bytes for each of them. Nothing else restores it, so a receiver that restarts its rings, or rarely
 * makes a buffer available, does not delay senders for longer.
 *
 * <p>Senders wait without limit for a receiver that keeps receiving frames. For a receiver that receives none they wait
 * once, until the budget is used up. Times are those of the caller's clock, in nanoseconds.
 */
public final class WaitBudget {
    /** Number of bytes that restore as much as one frame. */
    static final int FRAME_BYTES = 2_500;

    private final long most;
    private final long ofFrame;
    private final double ofByte;

    private long left;
    private boolean waiting;
    /** Whether the wait began with the last call of {@link #mayWait}. */
    private boolean began;

    private long spentUntil;

    /**
     * Creates a full budget.
     *
     * @param most the maximum of the budget; 0 when senders may not wait
     * @param frames the number of received frames that restore the budget fully
     */
    public WaitBudget(Duration most, int frames) {
        this.most = most.toNanos();
        this.left = this.most;
        this.ofFrame = this.most / frames;
        this.ofByte = (double) ofFrame / FRAME_BYTES;
    }

    /**
     * Records that the receiver has no room for a frame. If no frame was received since the last call, the time since
     * then is deducted from the budget.
     *
     * @param now the clock, in nanoseconds
     * @return true when the sender may wait and try the frame again soon; false to drop it
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

    /** Records that the sender drops the frame for which {@link #mayWait} returned true. */
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
     * @return true when calls of {@link #ended} and {@link #earn} would have no effect
     */
    public boolean whole() {
        return left == most && !waiting;
    }

    private void spend(long now) {
        left = Math.max(0, left - (now - spentUntil));
        spentUntil = now;
    }
}
