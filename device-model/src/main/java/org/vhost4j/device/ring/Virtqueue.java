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
     * The number of descriptors that the queue has.
     *
     * @return 1 to 32768
     */
    int size();

    /**
     * Pops the next available chain.
     *
     * @param chain filled with the chain
     * @return false when the driver has made nothing more available
     * @throws RingFault when the driver broke a rule
     * @throws org.vhost4j.device.memory.IotlbMiss when an address has no translation yet; the chain was not popped
     */
    boolean pop(Chain chain);

    /**
     * Pops the next available chains together, as long as each is a single buffer in a descriptor of the ring itself,
     * of the wanted direction and in one region of memory. The first other chain stays in the ring for {@link
     * #pop(Chain)}, also when it breaks a rule.
     *
     * @param buffers filled with the chains
     * @param most maximum number of chains, 0 to {@link Buffers#CAPACITY}
     * @param writable true for buffers that the device writes, false for buffers that it reads
     * @return the number of chains popped
     * @throws RingFault when the driver's index breaks a rule
     */
    int pop(Buffers buffers, int most, boolean writable);

    /**
     * Returns the chains popped last to the ring, as if they had not been popped. They must not have been used.
     *
     * @param chains the number of chains
     */
    void unpop(int chains);

    /**
     * Returns the chains popped last to the ring although some of their bytes may have been written: the log marks all
     * of their writable bytes.
     *
     * @param chains the number of chains
     */
    void unpopWritten(int chains);

    /**
     * Records that the frames of the chains popped so far may leave the device from now on. A back-end that is started
     * after a crash uses these chains and does not pop them again.
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
     * Marks a chain as used to which the device had nothing to write. With IN_ORDER one used element may stand for many
     * of these, because the driver treats the ones before it as used completely (virtio 1.4 section 2.6.1).
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
     * Marks chains as used to which the device had nothing to write, as {@link #addUsed(int)} does for each.
     *
     * @param buffers the chains
     * @param chains number of chains, from the first on
     */
    void addUsedUnwritten(Buffers buffers, int chains);

    /**
     * Uses, with length 0, the chains that were in flight in a process that has died and were not popped here. Every
     * popped chain must be used already.
     */
    void finish();

    /**
     * Makes everything used since the last call visible to the driver.
     *
     * @return true when the driver wants an interrupt for it
     */
    boolean publish();

    /**
     * Returns whether a chain was used and not published yet.
     *
     * @return true when {@link #publish()} has work
     */
    boolean hasUnpublished();

    /**
     * Returns whether the driver has made a chain available that was not popped. Reads the ring.
     *
     * @return true when {@link #pop} would find a chain or a fault
     */
    boolean hasAvailable();

    /**
     * Requests that the driver notify (kick) about new buffers.
     *
     * @return true when there are some already, for which no notification will come
     */
    boolean enableNotifications();

    /**
     * Requests that the driver notify (kick) about buffers beyond those seen so far, popped or not: for a receive queue
     * whose buffers do not suffice.
     *
     * @return true when it has added some since the ring was last read, for which no notification will come
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
     * Returns this queue with its writes logged, at its current position. No chain may be popped and unused, and this
     * object must not be used while the returned one is.
     *
     * @param log the log
     * @param beyond called once, with one line, for a write that the log does not cover
     * @return the queue to use instead
     */
    Virtqueue logged(QueueLog log, Consumer<String> beyond);

    /**
     * Returns this queue without a log, at its current position. No chain may be popped and unused.
     *
     * @return the queue to use instead; this one when its writes are not logged
     */
    Virtqueue unlogged();
}
