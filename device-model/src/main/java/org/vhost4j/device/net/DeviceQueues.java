// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.ring.Virtqueue;

/**
 * The started queues of a device by their index. Queue 2n is a receive queue and 2n+1 a transmit queue, from the
 * driver's point of view. The control queue follows the last pair, or the first pair when MQ was not negotiated (virtio
 * 1.4 section 5.1.2).
 *
 * <p>A suspended queue, whose ring is not accessible because the IOMMU's translation of the ring was invalidated, stays
 * started but is not polled.
 */
final class DeviceQueues {
    /** The receive queues to use, by pair; null when a queue does not run or is suspended. */
    final @Nullable RxQueue[] rx;
    /** The transmit queues to use, by pair; null when a queue does not run or is suspended. */
    final @Nullable TxQueue[] tx;

    /** The control queue. */
    @Nullable
    ControlQueue control;

    private final @Nullable RxQueue[] startedRx;
    private final @Nullable TxQueue[] startedTx;
    private @Nullable ControlQueue startedControl;

    private final int maxPairs;
    private int controlIndex = -1;
    private int running;

    DeviceQueues(int maxPairs) {
        this.maxPairs = maxPairs;
        rx = new RxQueue[maxPairs];
        tx = new TxQueue[maxPairs];
        startedRx = new RxQueue[maxPairs];
        startedTx = new TxQueue[maxPairs];
    }

    /** Sets the index of the control queue, before any queue starts. */
    void placeControlQueue(FeatureSet features) {
        if (!features.has(Feature.CTRL_VQ)) {
            controlIndex = -1;
        } else {
            controlIndex = features.has(Feature.MQ) ? 2 * maxPairs : 2;
        }
    }

    /** Returns whether a queue has this index. */
    boolean exist(int index) {
        return index == controlIndex || (index >= 0 && index < 2 * maxPairs);
    }

    /** Returns the kind of a queue; for an index without a queue, the kind that such a queue would have. */
    QueueKind kind(int index) {
        if (index == controlIndex) {
            return QueueKind.CONTROL;
        }
        return index % 2 == 0 ? QueueKind.RECEIVE : QueueKind.TRANSMIT;
    }

    /** Returns the number of started queues. */
    int running() {
        return running;
    }

    void startControl(ControlQueue queue) {
        startedControl = queue;
        control = queue;
        running++;
    }

    void startReceive(int index, RxQueue queue) {
        startedRx[index / 2] = queue;
        rx[index / 2] = queue;
        running++;
    }

    void startTransmit(int index, TxQueue queue) {
        startedTx[index / 2] = queue;
        tx[index / 2] = queue;
        running++;
    }

    /** Removes a queue. The caller publishes its used chains afterwards. */
    void remove(int index) {
        withdraw(index);
        switch (kind(index)) {
            case CONTROL -> startedControl = null;
            case RECEIVE -> startedRx[index / 2] = null;
            case TRANSMIT -> startedTx[index / 2] = null;
        }
        running--;
    }

    /** Suspends a started queue, whose ring becomes inaccessible. */
    void withdraw(int index) {
        switch (kind(index)) {
            case CONTROL -> control = null;
            case RECEIVE -> rx[index / 2] = null;
            case TRANSMIT -> tx[index / 2] = null;
        }
    }

    /** Resumes a suspended queue at its previous position. */
    void restore(int index) {
        switch (kind(index)) {
            case CONTROL -> control = startedControl;
            case RECEIVE -> rx[index / 2] = startedRx[index / 2];
            case TRANSMIT -> tx[index / 2] = startedTx[index / 2];
        }
    }

    /** Returns whether a pair's receive queue is suspended, so that frames for it must wait. */
    boolean awaitsRing(int pair) {
        RxQueue queue = startedRx[pair];
        return queue != null && queue.enabled && rx[pair] == null;
    }

    /** Returns a started receive queue, suspended or not. */
    @Nullable
    RxQueue receive(int index) {
        return kind(index) == QueueKind.RECEIVE ? startedRx[index / 2] : null;
    }

    /** Returns a started transmit queue, suspended or not. */
    @Nullable
    TxQueue transmit(int index) {
        return kind(index) == QueueKind.TRANSMIT ? startedTx[index / 2] : null;
    }

    /** Replaces the object through which a started queue accesses its ring. */
    void replaceRing(int index, Virtqueue ring) {
        RxQueue receive = receive(index);
        TxQueue transmit = transmit(index);
        ControlQueue commands = startedControl;
        if (receive != null) {
            receive.queue = ring;
        } else if (transmit != null) {
            transmit.queue = ring;
        } else if (commands != null && kind(index) == QueueKind.CONTROL) {
            commands.queue = ring;
        }
    }

    /** Returns the ring of a queue, or null when the queue does not run. */
    @Nullable
    Virtqueue ring(int index) {
        ControlQueue commands = startedControl;
        if (kind(index) == QueueKind.CONTROL) {
            return commands == null ? null : commands.queue;
        }
        RxQueue receive = receive(index);
        TxQueue transmit = transmit(index);
        return receive != null ? receive.queue : transmit != null ? transmit.queue : null;
    }

    void enable(int index, boolean on) {
        RxQueue receive = receive(index);
        TxQueue transmit = transmit(index);
        if (receive != null) {
            receive.enabled = on;
        } else if (transmit != null) {
            transmit.enabled = on;
        }
    }

    /** Returns the interrupt of a queue, or null when the queue does not run. */
    @Nullable
    QueueInterrupt interrupt(int index) {
        ControlQueue commands = startedControl;
        if (kind(index) == QueueKind.CONTROL) {
            return commands == null ? null : commands.interrupt;
        }
        RxQueue receive = receive(index);
        TxQueue transmit = transmit(index);
        return receive != null ? receive.interrupt : transmit != null ? transmit.interrupt : null;
    }

    /** Returns whether a receive queue and a transmit queue can forward frames. */
    boolean ready() {
        boolean receives = false;
        boolean sends = false;
        for (int i = 0; i < maxPairs; i++) {
            RxQueue receive = startedRx[i];
            TxQueue transmit = startedTx[i];
            receives |= receive != null && receive.enabled;
            sends |= transmit != null && transmit.enabled;
        }
        return receives && sends;
    }

    /**
     * Enables notifications on every queue; returns true when there is work already.
     *
     * @param more whether receive queues lack buffers
     * @param held whether frames of transmit queues are delayed by a rate limit, so that they do not count as work
     */
    boolean enableNotifications(boolean more, boolean held) {
        boolean work = false;
        for (int i = 0; i < maxPairs; i++) {
            TxQueue transmit = tx[i];
            RxQueue receive = rx[i];
            if (transmit != null) {
                work |= transmit.queue.enableNotifications() && !held;
            }
            if (receive != null && more) {
                work |= receive.queue.enableNotificationsBeyondSeen();
            }
        }
        if (control != null) {
            work |= control.queue.enableNotifications();
        }
        return work;
    }

    void disableNotifications() {
        for (int i = 0; i < maxPairs; i++) {
            TxQueue transmit = tx[i];
            RxQueue receive = rx[i];
            if (transmit != null) {
                transmit.queue.disableNotifications();
            }
            if (receive != null) {
                receive.queue.disableNotifications();
            }
        }
        if (control != null) {
            control.queue.disableNotifications();
        }
    }

    /** Raises the interrupts that are due. */
    void raiseDue() {
        for (int i = 0; i < maxPairs; i++) {
            TxQueue transmit = tx[i];
            RxQueue receive = rx[i];
            if (transmit != null) {
                transmit.interrupt.raiseDue();
            }
            if (receive != null) {
                receive.interrupt.raiseDue();
            }
        }
    }

    /** Raises the interrupts that notification coalescing delays. */
    void raiseHeld() {
        for (int i = 0; i < maxPairs; i++) {
            TxQueue transmit = tx[i];
            RxQueue receive = rx[i];
            if (transmit != null) {
                transmit.interrupt.raiseHeld();
            }
            if (receive != null) {
                receive.interrupt.raiseHeld();
            }
        }
    }
}
