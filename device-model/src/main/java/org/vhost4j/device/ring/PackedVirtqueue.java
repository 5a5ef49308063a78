// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.vhost4j.device.memory.GuestMemory;

/**
 * The device side of a packed virtqueue (virtio 1.4 section 2.8).
 *
 * <p>Positions run from 0 to size - 1. Each time a position passes the end of the ring, its wrap counter flips; the
 * AVAIL and USED flags of the descriptors in that lap depend on it. {@code nextAvail} is the position of the next chain
 * to pop, {@code nextUsed} that of the next used descriptor to write. A used descriptor overwrites a descriptor of a
 * popped chain. Chains that {@link #unpop} returns are intact because the device model uses chains in the order in
 * which they were popped.
 *
 * <p>A burst is published by one store: its first used descriptor is written last. Each used descriptor is written in
 * one store, so that after a crash a descriptor is either still available or used, never a mixture.
 */
final class PackedVirtqueue extends RingVirtqueue {
    private static final int NONE = -1;

    private final String name;
    private final int size;
    private final MemorySegment descriptors;
    private final MemorySegment driverEvent;
    private final MemorySegment deviceEvent;
    private final boolean eventIdx;
    private final boolean inOrder;
    private final PackedChainReader reader;
    private final GuestMemory toRead;
    private final GuestMemory toWrite;
    private final QueueProgress progress;
    /** Number of descriptors of each popped chain; the array index is the position after the chain. */
    private final char[] lengthBefore;

    private int nextAvail;
    /** The AVAIL and USED flags of an available descriptor at {@link #nextAvail}. */
    private int availMarks;
    /** Number of descriptors from {@link #nextAvail} on that were available when the ring was last read. */
    private int seenAhead;

    private int nextUsed;
    /** The AVAIL and USED flags of a used descriptor at {@link #nextUsed}. */
    private int usedMarks;
    /** The first unpublished used descriptor, and its last 8 bytes, whose store publishes the burst. */
    private int firstUsed = NONE;

    private long firstFields;
    /** Position at which the last publication ended, as in {@link #base()}. */
    private int shown;

    /** The number of descriptors that the unpublished chains occupy. */
    private int unpublished;
    /** The {@link #firstUsed} of the publication that is logged. */
    private int loggedFirst;
    /** Position of the used descriptor of the batch to which the next readable chain belongs. */
    private int batch = NONE;

    private int batchMarks;

    private boolean notificationsOn = true;
    /**
     * True until the first publication, which interrupts the driver in any case: the driver may have requested an
     * interrupt before this queue was started here.
     */
    private boolean interruptDue = true;

    /** Creates a queue; {@link RingLayout#open} has checked sizes, alignments and base. */
    PackedVirtqueue(
            String name,
            int size,
            RingParts parts,
            GuestMemory memory,
            int base,
            RingFeatures features,
            QueueProgress progress) {
        int avail = base & 0xffff;
        // DPDK's front-end sends only the available position, with a high half of 0. No chain is in flight when a ring
        // starts, so the used position is the same. A used index 0 with wrap counter 0 is possible only with chains in
        // flight.
        int used = base >>> 16 == 0 ? avail : base >>> 16;
        this.name = name;
        this.progress = progress;
        this.size = size;
        this.descriptors = parts.descriptors();
        this.driverEvent = parts.avail();
        this.deviceEvent = parts.used();
        this.eventIdx = features.eventIdx();
        this.inOrder = features.inOrder();
        this.toRead = memory;
        this.toWrite = memory.forWriting();
        this.reader = new PackedChainReader(name, size, parts.descriptors(), memory, features);
        this.lengthBefore = new char[size];
        this.nextAvail = avail & ~PackedLayout.WRAP;
        this.availMarks =
                (avail & PackedLayout.WRAP) != 0 ? PackedLayout.AVAILABLE : PackedLayout.AVAILABLE ^ PackedLayout.MARKS;
        this.nextUsed = used & ~PackedLayout.WRAP;
        this.usedMarks = (used & PackedLayout.WRAP) != 0 ? PackedLayout.USED : 0;
        this.shown = used;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean pop(Chain chain) {
        int head = nextAvail;
        // Acquire: the rest of the descriptor and of its chain was written before these flags.
        int flags = (short) PackedLayout.ALIGNED_SHORT.getAcquire(descriptors, PackedLayout.flagsAt(head)) & 0xffff;
        if ((flags & PackedLayout.MARKS) != availMarks) {
            seenAhead = 0;
            return false;
        }
        int taken = reader.read(head, flags, chain);
        int next = head + taken;
        if (next >= size) {
            next -= size;
            availMarks ^= PackedLayout.MARKS;
        }
        nextAvail = next;
        lengthBefore[next] = (char) taken;
        seenAhead = Math.max(0, seenAhead - taken);
        return true;
    }

    @Override
    public int pop(Buffers buffers, int most, boolean writable) {
        int next = nextAvail;
        int marks = availMarks;
        int direction = writable ? PackedLayout.WRITE : 0;
        GuestMemory memory = writable ? toWrite : toRead;
        int taken = 0;
        while (taken < most) {
            // Acquire: the rest of the descriptor was written before these flags.
            int flags = (short) PackedLayout.ALIGNED_SHORT.getAcquire(descriptors, PackedLayout.flagsAt(next)) & 0xffff;
            if (flags != (marks | direction)) {
                break;
            }
            long at = (long) PackedLayout.SIZE * next;
            long addr = (long) PackedLayout.ADDR.get(descriptors, at);
            long rest = (long) PackedLayout.LEN_ID_FLAGS.get(descriptors, at);
            int length = (int) rest;
            long host = length > 0 ? memory.translate(addr, length) : 0;
            if (host == 0) {
                break;
            }
            buffers.address[taken] = host;
            buffers.length[taken] = length;
            buffers.id[taken] = ((int) (rest >>> 32) & 0xffff) | 1 << 16;
            taken++;
            next++;
            if (next == size) {
                next = 0;
                marks ^= PackedLayout.MARKS;
            }
            lengthBefore[next] = 1;
        }
        nextAvail = next;
        availMarks = marks;
        seenAhead = Math.max(0, seenAhead - taken);
        return taken;
    }

    @Override
    public void unpop(int chains) {
        for (int i = 0; i < chains; i++) {
            int taken = lengthBefore[nextAvail];
            nextAvail -= taken;
            if (nextAvail < 0) {
                nextAvail += size;
                availMarks ^= PackedLayout.MARKS;
            }
            seenAhead += taken;
        }
    }

    /** Continues after descriptors that another process has popped. */
    void passPopped(int count) {
        nextAvail += count;
        if (nextAvail >= size) {
            nextAvail -= size;
            availMarks ^= PackedLayout.MARKS;
        }
    }

    @Override
    public void recordTaken() {
        progress.taken(popped(), shown);
    }

    @Override
    public void addUsed(int id, int written) {
        useOne(id, written, written == 0 ? usedMarks : usedMarks | PackedLayout.WRITE);
        batch = NONE;
    }

    @Override
    public void addUsed(int id) {
        if (!inOrder) {
            addUsed(id, 0);
        } else if (batch == NONE) {
            batch = nextUsed;
            batchMarks = usedMarks;
            useOne(id, 0, usedMarks);
        } else {
            // The one used descriptor of a batch has the id of its last chain and stands for all of them (2.8.9).
            long fields = fields(id, 0, batchMarks);
            if (batch == firstUsed) {
                firstFields = fields;
            } else {
                PackedLayout.LEN_ID_FLAGS.set(descriptors, (long) PackedLayout.SIZE * batch, fields);
            }
            skip(id);
        }
    }

    @Override
    public void addUsed(Buffers buffers, int chains) {
        for (int i = 0; i < chains; i++) {
            int written = buffers.length[i];
            useOne(buffers.id[i], written, written == 0 ? usedMarks : usedMarks | PackedLayout.WRITE);
        }
        batch = NONE;
    }

    @Override
    public void addUsedUnwritten(Buffers buffers, int chains) {
        if (inOrder) {
            for (int i = 0; i < chains; i++) {
                addUsed(buffers.id[i]);
            }
            return;
        }
        for (int i = 0; i < chains; i++) {
            useOne(buffers.id[i], 0, usedMarks);
        }
        batch = NONE;
    }

    /** Writes the used descriptor of a chain in one store; the first one of a burst is left to {@link #publish}. */
    private void useOne(int id, int written, int flags) {
        long fields = fields(id, written, flags);
        if (firstUsed == NONE) {
            firstUsed = nextUsed;
            firstFields = fields;
        } else {
            PackedLayout.LEN_ID_FLAGS.set(descriptors, (long) PackedLayout.SIZE * nextUsed, fields);
        }
        skip(id);
    }

    private static long fields(int id, int written, int flags) {
        return written | (long) (id & 0xffff) << 32 | (long) flags << 48;
    }

    /** Moves {@link #nextUsed} past the descriptors of a used chain; their number is in the high half of {@code id}. */
    private void skip(int id) {
        int taken = id >>> 16;
        int next = nextUsed + taken;
        if (next >= size) {
            next -= size;
            usedMarks ^= PackedLayout.MARKS;
        }
        nextUsed = next;
        unpublished += taken;
    }

    @Override
    public boolean hasUnpublished() {
        return firstUsed != NONE;
    }

    @Override
    public boolean publish() {
        int first = firstUsed;
        if (first == NONE) {
            return false;
        }
        int count = unpublished;
        long fields = firstFields;
        int end = position(nextUsed, usedMarks != 0);
        progress.taken(popped(), end);
        // A fence and a plain store rather than setRelease: an ordered store in interpreted code aborts the JVM when
        // the front-end has truncated the file below this mapping.
        VarHandle.releaseFence();
        PackedLayout.LEN_ID_FLAGS.set(descriptors, (long) PackedLayout.SIZE * first, fields);
        // The highest bit is the USED flag, which is the wrap counter.
        progress.published(position(first, fields < 0), end);
        shown = end;
        firstUsed = NONE;
        batch = NONE;
        unpublished = 0;
        // The descriptors must be visible before the driver's event suppression structure is read (virtio 1.4 section
        // 2.8.22).
        VarHandle.fullFence();
        if (interruptDue) {
            interruptDue = false;
            return true;
        }
        return wantsInterrupt((int) PackedLayout.EVENT.get(driverEvent, 0L), count);
    }

    /**
     * Returns whether the driver requests an interrupt for the last {@code count} descriptors before {@link #nextUsed}.
     */
    private boolean wantsInterrupt(int event, int count) {
        int flags = event >>> 16 & 3;
        if (flags != PackedLayout.DESC || !eventIdx) {
            return flags != PackedLayout.DISABLE;
        }
        // Relative to this lap: a position of the previous lap is negative.
        int wanted = event & ~PackedLayout.WRAP & 0xffff;
        boolean wrap = (event & PackedLayout.WRAP) != 0;
        if (wrap != (usedMarks != 0)) {
            wanted -= size;
        }
        return wanted < nextUsed && wanted >= nextUsed - count;
    }

    @Override
    public boolean hasAvailable() {
        return availableAfter(0);
    }

    /** Returns whether the descriptor {@code ahead} positions after {@link #nextAvail} is available, 0 to size. */
    private boolean availableAfter(int ahead) {
        int index = nextAvail + ahead;
        int marks = availMarks;
        if (index >= size) {
            index -= size;
            marks ^= PackedLayout.MARKS;
        }
        int flags = (short) PackedLayout.ALIGNED_SHORT.getAcquire(descriptors, PackedLayout.flagsAt(index));
        return (flags & PackedLayout.MARKS) == marks;
    }

    @Override
    public boolean enableNotifications() {
        notifyAfter(0);
        return hasAvailable();
    }

    @Override
    public boolean enableNotificationsBeyondSeen() {
        int before = seenAhead;
        look();
        notifyAfter(seenAhead);
        look();
        return seenAhead != before;
    }

    /**
     * Counts the descriptors that have become available. The descriptors of a chain become available before its head
     * does.
     */
    private void look() {
        int ahead = seenAhead;
        while (ahead < size && availableAfter(ahead)) {
            ahead++;
        }
        seenAhead = ahead;
    }

    /**
     * Requests a notification when the driver makes available the descriptor {@code ahead} positions after {@link
     * #nextAvail}.
     */
    private void notifyAfter(int ahead) {
        if (eventIdx) {
            int index = nextAvail + ahead;
            boolean wrap = availMarks == PackedLayout.AVAILABLE;
            if (index >= size) {
                index -= size;
                wrap = !wrap;
            }
            int position = wrap ? index | PackedLayout.WRAP : index;
            PackedLayout.EVENT.set(deviceEvent, 0L, PackedLayout.DESC << 16 | position);
        } else {
            PackedLayout.EVENT.set(deviceEvent, 0L, PackedLayout.ENABLE << 16);
        }
        notificationsOn = true;
        // The request must be visible before the ring is read for the last time (virtio 1.4 section 2.8.21).
        VarHandle.fullFence();
    }

    @Override
    public void disableNotifications() {
        if (notificationsOn) {
            notificationsOn = false;
            PackedLayout.EVENT.set(deviceEvent, 0L, PackedLayout.DISABLE << 16);
        }
    }

    @Override
    public int base() {
        return position(nextUsed, usedMarks != 0) << 16 | popped();
    }

    private int popped() {
        return position(nextAvail, availMarks == PackedLayout.AVAILABLE);
    }

    /**
     * Returns to the driver the chains that a device had popped before it died. The queue continues in another object.
     */
    void recover(PackedRecovery found, int base) {
        nextAvail = found.end & ~PackedLayout.WRAP;
        availMarks = (found.end & PackedLayout.WRAP) != 0
                ? PackedLayout.AVAILABLE
                : PackedLayout.AVAILABLE ^ PackedLayout.MARKS;
        // The result is recorded before anything is returned, because this process may die, too.
        progress.taken(found.end, found.from);
        progress.published(found.from, found.from);
        for (int i = 0; i < found.count; i++) {
            addUsed(found.chains[i], 0);
        }
        publish();
        progress.moved(found.next, base);
    }

    private static int position(int index, boolean wrap) {
        return wrap ? index | PackedLayout.WRAP : index;
    }

    @Override
    void logEverything(RingLog log) {
        logNotifications(log);
        logDescriptors(log, 0, size);
    }

    @Override
    void logUsed(RingLog log) {
        loggedFirst = firstUsed;
        int before = Math.min(unpublished, size - firstUsed);
        logDescriptors(log, firstUsed, before);
        logDescriptors(log, 0, unpublished - before);
    }

    private void logDescriptors(RingLog log, int first, int count) {
        log.part(descriptors, (long) PackedLayout.SIZE * first, (long) PackedLayout.SIZE * count);
    }

    @Override
    void logPublished(RingLog log) {
        logDescriptors(log, loggedFirst, 1);
    }

    @Override
    void logNotifications(RingLog log) {
        // The log address of a packed ring depends on the front-end: QEMU sends that of this area, others that of the
        // descriptor ring.
        log.used(0, PackedLayout.EVENT_BYTES);
        log.part(deviceEvent, 0, PackedLayout.EVENT_BYTES);
    }

    @Override
    public String toString() {
        return "%s: packed, size %d, next available %d, used %d".formatted(name, size, nextAvail, nextUsed);
    }
}
