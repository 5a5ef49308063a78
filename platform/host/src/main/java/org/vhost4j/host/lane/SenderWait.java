// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.function.LongSupplier;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.net.WaitBudget;

/**
 * The time for which senders wait for a port whose socket is full, as long as for a guest without buffers. Belongs to
 * the port's lane. Reads the clock only when there is no room for a frame, and until the budget is restored.
 */
public final class SenderWait {
    private final WaitBudget budget =
            new WaitBudget(ReceiveTimeouts.DEFAULT.forBuffers(), ReceiveTimeouts.FRAMES_FOR_BUFFERS);

    private final LongSupplier clock;
    private boolean blocked;
    private boolean spent;

    /**
     * Creates a wait that no sender has used.
     *
     * @param clock clock in nanoseconds, from any origin
     */
    public SenderWait(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * Records that there is no room for a frame.
     *
     * @return whether its sender may wait; otherwise the frame has to be dropped
     */
    public boolean mayWait() {
        spent = true;
        blocked = budget.mayWait(clock.getAsLong());
        return blocked;
    }

    /**
     * Records that the socket has taken a frame, which restores part of the time.
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
     * @return true until one is taken or dropped
     */
    public boolean isBlocked() {
        return blocked;
    }
}
