// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Stores the position of the device in one queue, in memory that outlives a crash of this process, such as a mapped
 * file. It stores two positions. The chains before the first one were returned to the driver; the frames of the chains
 * before the second one may have been sent. The second one is stored before a frame is sent. So a restarted back-end
 * returns the chains between the two without sending their frames, and sends no frame twice. For a split ring the first
 * position is the used index in the ring.
 *
 * <p>The memory may have any contents when it is read, such as the positions of another ring. {@link RingLayout#reopen}
 * uses them only as far as they agree with the ring.
 *
 * <pre>
 *   le32 state; le32 given; le32 published; le32 taken; le64 ring;
 * </pre>
 *
 * Positions are as in {@link Virtqueue#base()}: 16 bits, of a packed ring with the wrap counter in bit 15. {@code
 * given} is the base that the front-end sent for the start of the queue. {@code published} and the high half of {@code
 * taken} are for packed rings: the low half of {@code published} is the position at which the last publication ended,
 * the high half that at which it began; the high half of {@code taken} is the position at which the publication in
 * progress will end, or at which the last one ended when none is in progress.
 */
public final class QueueProgress {
    /** The size of the memory for one queue in bytes: a cache line. */
    public static final int BYTES = 64;

    /** Value of {@link #given} when the front-end sent the base to another process. */
    static final int UNKNOWN = -1;

    private static final int STATE = 0;
    private static final int GIVEN = 4;
    private static final int PUBLISHED = 8;
    private static final int TAKEN = 12;
    private static final int RING = 16;
    private static final int NOT_STARTED = 0;

    private static final VarHandle INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle().withInvokeExactBehavior();
    private static final VarHandle LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle().withInvokeExactBehavior();

    private final MemorySegment slot;

    /**
     * Creates an object that stores a queue's progress in the given memory.
     *
     * @param slot memory of {@link #BYTES} bytes, aligned to 8
     */
    public QueueProgress(MemorySegment slot) {
        this.slot = slot.asSlice(0, BYTES);
    }

    /**
     * Returns a record in private memory, for a queue whose progress need not outlive the process.
     *
     * @return the record of a queue that is not started
     */
    public static QueueProgress temporary() {
        return new QueueProgress(Arena.ofAuto().allocate(BYTES, BYTES));
    }

    /** Records that the queue begins at a position, without chains in flight. */
    void begin(RingLayout layout, int size, int base, long ring) {
        forget();
        int position = base & 0xffff;
        INT.set(slot, (long) GIVEN, base);
        INT.set(slot, (long) PUBLISHED, position << 16 | position);
        INT.set(slot, (long) TAKEN, position << 16 | position);
        LONG.set(slot, (long) RING, ring);
        // A crash before the last store leaves a queue that is not started.
        VarHandle.releaseFence();
        INT.set(slot, (long) STATE, state(layout, size));
    }

    /**
     * Returns whether a queue was started, and not {@linkplain #forget forgotten}.
     *
     * @return true when a device worked on it
     */
    public boolean isKnown() {
        return (int) INT.get(slot, (long) STATE) != NOT_STARTED;
    }

    /**
     * Returns whether this is the record of a queue of the given layout and size that was started over the given ring
     * and not {@linkplain #forget forgotten}.
     *
     * @param layout layout of the ring
     * @param size number of descriptors
     * @param ring identifies the memory of the ring
     * @return true when the positions may belong to this ring
     */
    boolean isOf(RingLayout layout, int size, long ring) {
        return (int) INT.get(slot, (long) STATE) == state(layout, size) && (long) LONG.get(slot, (long) RING) == ring;
    }

    private static int state(RingLayout layout, int size) {
        return (layout == RingLayout.PACKED ? 2 << 24 : 1 << 24) | size;
    }

    /**
     * Records that the frames of chains before a position may be sent after this store.
     *
     * @param position position after the chains that were popped
     * @param end for a packed ring, the position at which the next publication ends, or at which the last one ended
     *     when none follows
     */
    void taken(int position, int end) {
        INT.set(slot, (long) TAKEN, end << 16 | position);
        VarHandle.releaseFence();
    }

    /** Records that chains of a packed ring were published. */
    void published(int from, int to) {
        VarHandle.releaseFence();
        INT.set(slot, (long) PUBLISHED, from << 16 | to);
    }

    /** Records that the queue continues at a position that differs from the front-end's. */
    void moved(int position, int base) {
        taken(position, position);
        published(position, position);
        VarHandle.releaseFence();
        INT.set(slot, (long) GIVEN, base);
    }

    /** Records that the base is unknown: the front-end sent it to another process, whose record is not available. */
    void givenElsewhere() {
        INT.set(slot, (long) GIVEN, UNKNOWN);
    }

    /** Returns the base that the front-end sent for the start of the queue, or {@link #UNKNOWN}. */
    int given() {
        return (int) INT.get(slot, (long) GIVEN);
    }

    int publishedFrom() {
        return (int) INT.get(slot, (long) PUBLISHED) >>> 16;
    }

    int publishedTo() {
        return (int) INT.get(slot, (long) PUBLISHED) & 0xffff;
    }

    int taken() {
        return (int) INT.get(slot, (long) TAKEN) & 0xffff;
    }

    int publishing() {
        return (int) INT.get(slot, (long) TAKEN) >>> 16;
    }

    /**
     * Records that the queue was stopped with every popped chain used: no frame after the position was sent.
     *
     * @param base the position, as in {@link Virtqueue#base()}
     */
    public void stopped(int base) {
        int position = base & 0xffff;
        taken(position, position);
    }

    /** Invalidates the record, after GET_VRING_BASE or a reset of the queue. */
    public void forget() {
        INT.set(slot, (long) STATE, NOT_STARTED);
        VarHandle.releaseFence();
    }
}
