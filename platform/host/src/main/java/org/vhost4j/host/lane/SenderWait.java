// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.function.LongSupplier;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.net.WaitBudget;

/**
 * How long senders wait for a port whose socket is full: the time that they wait for a guest without buffers. Of the port's lane. The clock
 * is asked only when a frame found no room, and until the time is earned back.
 */
public final class SenderWait {
    private final WaitBudget budget =
            new WaitBudget(ReceiveTimeouts.DEFAULT.forBuffers(), ReceiveTimeouts.FRAMES_FOR_BUFFERS);

    private final LongSupplier clock;
    private boolean blocked;
    private boolean spent;

    /**
     * No sender has waited yet.
     *
     * @param clock nanoseconds of any origin
     */
    public SenderWait(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * A frame found no room.
     *
     * @return whether its sender may wait; otherwise the frame is to be dropped
     */
    public boolean mayWait() {
        spent = true;
        blocked = budget.mayWait(clock.getAsLong());
        return blocked;
    }

    /**
     * The socket has taken a frame, which earns time back.
     *
     * @param bytes the frame's length
     */
    public void taken(int bytes) {
        blocked = false;
        if (spent) {
            budget.ended(clock.getAsLong());
            budget.earn(1, bytes);
            spent = !budget.whole();
        }
    }

    /** The sender that was to wait has dropped its frame. */
    public void dropped() {
        budget.doesNotWait();
        blocked = false;
    }

    /**
     * Whether the last frame waits for room.
     *
     * @return true until one is taken or dropped
     */
    public boolean isBlocked() {
        return blocked;
    }
}
