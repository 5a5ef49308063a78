// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.function.LongSupplier;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.net.WaitBudget;

/**
 * Limits the time for which senders wait for a port whose socket is full; the limit is the same as for a guest without receive buffers.
 * Reads the clock only when there is no room for a frame, and until the budget is restored. Belongs to the port's lane.
 */
public final class SenderWait {
    private final WaitBudget budget =
            new WaitBudget(ReceiveTimeouts.DEFAULT.forBuffers(), ReceiveTimeouts.FRAMES_FOR_BUFFERS);

    private final LongSupplier clock;
    private boolean blocked;
    private boolean spent;

    /**
     * Creates a full budget.
     *
     * @param clock clock in nanoseconds, from any origin
     */
    public SenderWait(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * Records that there is no room for a frame.
     *
     * @return whether the frame's sender may wait; otherwise the frame must be dropped
     */
    public boolean mayWait() {
        spent = true;
        blocked = budget.mayWait(clock.getAsLong());
        return blocked;
    }

    /**
     * Records that the socket has accepted a frame, which restores part of the budget.
     *
     * @param bytes length of the frame
     */
    public void taken(int bytes) {
        blocked = false;
        if (spent) {
            budget.ended(clock.getAsLong());
            budget.earn(1, bytes);
            spent = !budget.whole();
        }
    }

    /** Records that the waiting sender has dropped its frame. */
    public void dropped() {
        budget.doesNotWait();
        blocked = false;
    }

    /**
     * Returns whether the last frame waits for room.
     *
     * @return true until {@link #taken} or {@link #dropped}
     */
    public boolean isBlocked() {
        return blocked;
    }
}
