// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.Arrays;

/**
 * The notification coalescing that the driver set for each receive and transmit queue. It stays in effect when a queue
 * is stopped and started again.
 */
final class Moderations {
    private final DeviceQueues queues;
    private final Moderation[] byIndex;
    private boolean any;

    /**
     * Creates an object without coalescing for any queue.
     *
     * @param queues the queues of the device
     * @param count number of receive and transmit queues of the device
     */
    Moderations(DeviceQueues queues, int count) {
        this.queues = queues;
        this.byIndex = new Moderation[count];
        reset();
    }

    /** Disables coalescing for all queues, as after a reset. No queue may run. */
    void reset() {
        Arrays.fill(byIndex, Moderation.NONE);
        any = false;
    }

    /** Returns whether any queue has notification coalescing, so that its interrupts may be delayed. */
    boolean any() {
        return any;
    }

    /** Returns whether a virtqueue can have notification coalescing: it is a receive or transmit queue. */
    boolean has(int index) {
        return index < byIndex.length && queues.kind(index) != QueueKind.CONTROL;
    }

    /** Returns the coalescing of a virtqueue. */
    Moderation of(int index) {
        return has(index) ? byIndex[index] : Moderation.NONE;
    }

    /** Sets the coalescing of a virtqueue for which {@link #has} is true. */
    void set(int index, Moderation wanted) {
        byIndex[index] = wanted;
        any |= wanted.maxMicros() != 0;
        QueueInterrupt interrupt = queues.interrupt(index);
        if (interrupt != null) {
            interrupt.moderate(wanted);
        }
    }

    /** Sets the coalescing of all receive or all transmit queues. */
    void setAll(boolean receiving, Moderation wanted) {
        for (int index = receiving ? 0 : 1; index < byIndex.length; index += 2) {
            if (has(index)) {
                set(index, wanted);
            }
        }
    }
}
