// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.util.function.Consumer;

/** The device side of one started virtqueue. */
public sealed interface Virtqueue permits RingVirtqueue, LoggedVirtqueue {
    /**
     * Returns the queue's name for messages.
     *
     * @return a name such as {@code queue 1}
     */
    String name();

    /**
     * Returns the queue size: the number of descriptors.
     *
     * @return 1 to 32768
     */
    int size();

    /**
     * Pops the next available chain.
     *
     * @param chain filled with the chain
     * @return false when no chain is available
     * @throws RingFault when the driver broke a rule
     * @throws org.vhost4j.device.memory.IotlbMiss when an address has no translation yet; the chain was not popped
     */
    boolean pop(Chain chain);

    /**
     * Pops a burst of available chains, each of which is one direct descriptor of the given direction whose buffer is
     * in one memory region. Stops before the first other chain, which stays in the ring for {@link #pop(Chain)}, even
     * when it breaks a rule.
     *
     * @param buffers filled with the chains
     * @param most maximum number of chains, 0 to {@link Buffers#CAPACITY}
     * @param writable true for device-writable buffers, false for device-readable ones
     * @return the number of chains popped
     * @throws RingFault when the driver's index breaks a rule
     */
    int pop(Buffers buffers, int most, boolean writable);

    /**
     * Puts the most recently popped chains back into the ring, as if they had not been popped. They must not have been
     * used.
     *
     * @param chains the number of chains
     */
    void unpop(int chains);

    /**
     * Puts the most recently popped chains back into the ring, although the device may have written some of their
     * bytes: the log marks all of their writable bytes.
     *
     * @param chains the number of chains
     */
    void unpopWritten(int chains);

    /**
     * Records that the frames of the chains popped so far may be sent from now on. A back-end that is started after a
     * crash marks these chains as used without sending their frames.
     */
    void recordTaken();

    /**
     * Marks a chain as used. The driver sees it after {@link #publish()}.
     *
     * @param id {@link Chain#id}
     * @param written number of bytes that the device wrote, from the first writable piece on
     */
    void addUsed(int id, int written);

    /**
     * Marks a chain as used into which the device wrote nothing. With IN_ORDER one used element may stand for several
     * such chains, because the driver treats the skipped ones as completely used (virtio 1.4 section 2.6.1).
     *
     * @param id {@link Chain#id}
     */
    void addUsed(int id);

    /**
     * Marks chains as used, in the order in which they were popped, as {@link #addUsed(int, int)} does for each.
     *
     * @param buffers the chains, with the number of bytes written into each
     * @param chains number of chains, from the first on
     */
    void addUsed(Buffers buffers, int chains);

    /**
     * Marks chains as used into which the device wrote nothing, as {@link #addUsed(int)} does for each.
     *
     * @param buffers the chains
     * @param chains number of chains, from the first on
     */
    void addUsedUnwritten(Buffers buffers, int chains);

    /**
     * Marks as used, with length 0, the chains that a process had in flight when it died and that were not popped again
     * here. Every popped chain must be used already.
     */
    void finish();

    /**
     * Makes the chains that were used since the last call visible to the driver.
     *
     * @return true when the driver must be interrupted
     */
    boolean publish();

    /**
     * Returns whether a used chain is not published yet.
     *
     * @return true when {@link #publish()} has work
     */
    boolean hasUnpublished();

    /**
     * Returns whether a chain is available that was not popped. Reads the ring.
     *
     * @return true when {@link #pop} would find a chain or a fault
     */
    boolean hasAvailable();

    /**
     * Requests that the driver notify (kick) the device of new chains.
     *
     * @return true when a chain is available already, for which the driver may send no notification
     */
    boolean enableNotifications();

    /**
     * Requests that the driver notify (kick) the device of chains beyond those seen so far, popped or not. For a
     * receive queue whose available buffers do not suffice for the next frame.
     *
     * @return true when the driver has added chains since the ring was last read, for which it may send no notification
     */
    boolean enableNotificationsBeyondSeen();

    /** Disables notifications: the driver need not kick. */
    void disableNotifications();

    /**
     * Returns the state that GET_VRING_BASE reports. For a split queue: the index of the next chain to pop, 0 to 65535.
     * For a packed queue: in the low half the index of the next descriptor to pop and, in bit 15, its wrap counter; in
     * the high half likewise for the next used descriptor to write.
     *
     * @return the state
     */
    int base();

    /**
     * Returns a queue that continues at this one's position and logs its writes. Every popped chain must be used
     * already. This object must not be used while the returned one is in use.
     *
     * @param log the log
     * @param beyond called once, with a reason of one line, for a write outside the log
     * @return the queue to use instead
     */
    Virtqueue logged(QueueLog log, Consumer<String> beyond);

    /**
     * Returns a queue that continues at this one's position without logging its writes. Every popped chain must be used
     * already.
     *
     * @return the queue to use instead; this one when its writes are not logged
     */
    Virtqueue unlogged();
}
