// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.Arrays;

/** What a driver set for notification coalescing of each queue that moves frames; it outlasts a pause of the queue. */
final class Moderations {
    private final DeviceQueues queues;
    private final Moderation[] byIndex;
    private boolean any;

    /**
     * No coalescing.
     *
     * @param queues where those that run are found
     * @param count how many receive and transmit queues the device has
     */
    Moderations(DeviceQueues queues, int count) {
        this.queues = queues;
        this.byIndex = new Moderation[count];
        reset();
    }

    /** Every interrupt at once, as after a reset; no queue runs. */
    void reset() {
        Arrays.fill(byIndex, Moderation.NONE);
        any = false;
    }

    /** Whether some queue's interrupts may be held. */
    boolean any() {
        return any;
    }

    /** Whether a virtqueue is one whose interrupts can be held. */
    boolean has(int index) {
        return index < byIndex.length && queues.kind(index) != QueueKind.CONTROL;
    }

    /** What was set for a virtqueue. */
    Moderation of(int index) {
        return has(index) ? byIndex[index] : Moderation.NONE;
    }

    /** Sets one; {@link #has} it. */
    void set(int index, Moderation wanted) {
        byIndex[index] = wanted;
        any |= wanted.maxMicros() != 0;
        QueueInterrupt interrupt = queues.interrupt(index);
        if (interrupt != null) {
            interrupt.moderate(wanted);
        }
    }

    /** Sets all of a direction. */
    void setAll(boolean receiving, Moderation wanted) {
        for (int index = receiving ? 0 : 1; index < byIndex.length; index += 2) {
            if (has(index)) {
                set(index, wanted);
            }
        }
    }
}
