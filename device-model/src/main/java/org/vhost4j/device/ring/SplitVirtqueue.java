// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.vhost4j.device.memory.GuestMemory;

/**
 * The device side of a split virtqueue (virtio 1.4 section 2.7).
 *
 * <p>Indices are free-running 16-bit numbers: {@code nextAvail} is the next entry of the available ring to read, {@code
 * usedIdx} the next entry of the used ring to write, and {@code publishedIdx} the used index that was published last.
 */
final class SplitVirtqueue extends RingVirtqueue {
    private final String name;
    private final int size;
    private final int mask;
    private final MemorySegment avail;
    private final MemorySegment used;
    private final boolean eventIdx;
    private final boolean inOrder;
    private final boolean notifyOnEmpty;
    private final long usedEventOffset;
    private final long availEventOffset;
    private final SplitChainReader reader;
    private final MemorySegment descriptors;
    private final GuestMemory toRead;
    private final GuestMemory toWrite;
    private final QueueProgress progress;

    private int nextAvail;
    private int seenAvail;
    private int usedIdx;
    private int publishedIdx;
    /** Index of the used element of the batch to which the next readable chain belongs. */
    private int batchIdx;
    /**
     * True until the first publication, which interrupts the driver in any case: the driver may have requested an
     * interrupt before this queue was started here.
     */
    private boolean interruptDue = true;

    /** Creates a queue; {@link RingLayout#open} has checked sizes, alignments and base. */
    SplitVirtqueue(
            String name,
            int size,
            RingParts parts,
            GuestMemory memory,
            int base,
            RingFeatures features,
            QueueProgress progress) {
        this.name = name;
        this.progress = progress;
        this.size = size;
        this.mask = size - 1;
        this.avail = parts.avail();
        this.used = parts.used();
        this.eventIdx = features.eventIdx();
        this.inOrder = features.inOrder();
        this.notifyOnEmpty = features.notifyOnEmpty();
        this.usedEventOffset = SplitLayout.RING + 2L * size;
        this.availEventOffset = SplitLayout.RING + (long) SplitLayout.USED_ELEMENT_SIZE * size;
        this.descriptors = parts.descriptors();
        this.toRead = memory;
        this.toWrite = memory.forWriting();
        this.reader = new SplitChainReader(name, size, parts.descriptors(), memory, features.indirect());
        this.nextAvail = base & 0xffff;
        this.seenAvail = nextAvail;
        this.usedIdx = readUsedIdx();
        this.publishedIdx = usedIdx;
        this.batchIdx = usedIdx;
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
        int next = nextAvail;
        if (next == seenAvail && !refresh()) {
            return false;
        }
        long slot = SplitLayout.RING + 2L * (next & mask);
        int head = (short) SplitLayout.SHORT.get(avail, slot) & 0xffff;
        reader.read(head, chain);
        nextAvail = (next + 1) & 0xffff;
        return true;
    }

    @Override
    public int pop(Buffers buffers, int most, boolean writable) {
        if (nextAvail == seenAvail && !refresh()) {
            return 0;
        }
        int next = nextAvail;
        int wanted = Math.min(most, (seenAvail - next) & 0xffff);
        int direction = writable ? DescriptorLayout.WRITE : 0;
        GuestMemory memory = writable ? toWrite : toRead;
        int taken = 0;
        while (taken < wanted) {
            int head = (short) SplitLayout.SHORT.get(avail, SplitLayout.RING + 2L * (next + taken & mask)) & 0xffff;
            if (head >= size) {
                break;
            }
            long at = (long) DescriptorLayout.SIZE * head;
            long addr = (long) DescriptorLayout.ADDR.get(descriptors, at);
            long rest = (long) DescriptorLayout.LEN_FLAGS_NEXT.get(descriptors, at);
            int length = (int) rest;
            boolean plain = (rest >>> 32 & 0xffff) == direction && length > 0;
            long host = plain ? memory.translate(addr, length) : 0;
            if (host == 0) {
                break;
            }
            buffers.address[taken] = host;
            buffers.length[taken] = length;
            buffers.id[taken] = head;
            taken++;
        }
        nextAvail = next + taken & 0xffff;
        return taken;
    }

    /** Reads the driver's index once; returns true when it is ahead of the device's. */
    private boolean refresh() {
        // Acquire: the ring entries and descriptors that this index covers were written before it.
        int idx = availIdx();
        int ahead = (idx - nextAvail) & 0xffff;
        if (ahead > size) {
            throw new RingFault("%s: available index jumped from %d to %d, more than the queue size %d"
                    .formatted(name, nextAvail, idx, size));
        }
        seenAvail = idx;
        return ahead != 0;
    }

    private int availIdx() {
        return (short) SplitLayout.ALIGNED_SHORT.getAcquire(avail, (long) SplitLayout.IDX) & 0xffff;
    }

    @Override
    public void unpop(int chains) {
        nextAvail = (nextAvail - chains) & 0xffff;
    }

    @Override
    public void recordTaken() {
        progress.taken(nextAvail, 0);
    }

    @Override
    public void addUsed(int id, int written) {
        element(usedIdx, id, written);
        usedIdx = (usedIdx + 1) & 0xffff;
        batchIdx = usedIdx;
    }

    @Override
    public void addUsed(int id) {
        if (inOrder) {
            // The element at the start of a batch has the id of its last chain, and the index skips all of them
            // (2.7.9.1).
            element(batchIdx, id, 0);
            usedIdx = (usedIdx + 1) & 0xffff;
        } else {
            addUsed(id, 0);
        }
    }

    @Override
    public void addUsed(Buffers buffers, int chains) {
        int at = usedIdx;
        for (int i = 0; i < chains; i++) {
            SplitLayout.ELEMENT_WHOLE.set(
                    used,
                    SplitLayout.RING + (long) SplitLayout.USED_ELEMENT_SIZE * (at + i & mask),
                    buffers.id[i] | (long) buffers.length[i] << 32);
        }
        usedIdx = at + chains & 0xffff;
        batchIdx = usedIdx;
    }

    @Override
    public void addUsedUnwritten(Buffers buffers, int chains) {
        if (chains == 0) {
            return;
        }
        int at = usedIdx;
        if (inOrder) {
            element(batchIdx, buffers.id[chains - 1], 0);
        } else {
            for (int i = 0; i < chains; i++) {
                SplitLayout.ELEMENT_WHOLE.set(
                        used, SplitLayout.RING + (long) SplitLayout.USED_ELEMENT_SIZE * (at + i & mask), (long)
                                buffers.id[i]);
            }
            batchIdx = at + chains & 0xffff;
        }
        usedIdx = at + chains & 0xffff;
    }

    private void element(int idx, int id, int written) {
        long slot = SplitLayout.RING + (long) SplitLayout.USED_ELEMENT_SIZE * (idx & mask);
        SplitLayout.ELEMENT_ID.set(used, slot, id);
        SplitLayout.ELEMENT_LEN.set(used, slot, written);
    }

    /**
     * Returns to the driver the chains that a device had popped before it died. The device used all chains in order, so
     * the used index in the ring is its position, regardless of the base that the front-end sent.
     *
     * @param taken position up to which frames may have been sent; ignored when the driver has not made that many available
     * @return the position at which the device continues
     */
    int recover(int taken, int base) {
        int available = availIdx() - usedIdx & 0xffff;
        if (available > size) {
            throw new RingFault("available index %d is not ahead of used index %d by at most %d"
                    .formatted(availIdx(), usedIdx, size));
        }
        int lost = taken - usedIdx & 0xffff;
        if (lost <= available) {
            for (int i = 0; i < lost; i++) {
                long slot = SplitLayout.RING + 2L * (usedIdx & mask);
                addUsed((short) SplitLayout.SHORT.get(avail, slot) & 0xffff, 0);
            }
        }
        nextAvail = usedIdx;
        publish();
        progress.moved(usedIdx, base);
        return usedIdx;
    }

    @Override
    public boolean hasUnpublished() {
        return usedIdx != publishedIdx;
    }

    @Override
    public boolean publish() {
        int from = publishedIdx;
        int to = usedIdx;
        if (from == to) {
            return false;
        }
        // A fence and a plain store rather than setRelease: an ordered 2-byte store in interpreted code aborts the JVM
        // when the front-end has truncated the file below this mapping.
        VarHandle.releaseFence();
        SplitLayout.SHORT.set(used, (long) SplitLayout.IDX, (short) to);
        publishedIdx = to;
        batchIdx = to;
        progress.taken(nextAvail, 0);
        // The index must be visible before used_event or the driver's flags are read (virtio 1.4 section 2.7.7.2).
        VarHandle.fullFence();
        if (interruptDue) {
            interruptDue = false;
            return true;
        }
        if (notifyOnEmpty && nextAvail == availIdx()) {
            return true;
        }
        if (eventIdx) {
            int event = (short) SplitLayout.SHORT.get(avail, usedEventOffset) & 0xffff;
            return ((to - event - 1) & 0xffff) < ((to - from) & 0xffff);
        }
        return ((short) SplitLayout.SHORT.get(avail, (long) SplitLayout.FLAGS) & SplitLayout.AVAIL_NO_INTERRUPT) == 0;
    }

    @Override
    public boolean hasAvailable() {
        return nextAvail != seenAvail || refresh();
    }

    @Override
    public boolean enableNotifications() {
        notifyAfter(nextAvail);
        return hasAvailable();
    }

    @Override
    public boolean enableNotificationsBeyondSeen() {
        int seen = seenAvail;
        notifyAfter(seen);
        refresh();
        return seenAvail != seen;
    }

    /** Requests a notification when the driver's index passes {@code index}. */
    private void notifyAfter(int index) {
        if (eventIdx) {
            SplitLayout.SHORT.set(used, availEventOffset, (short) index);
        } else {
            SplitLayout.SHORT.set(used, (long) SplitLayout.FLAGS, (short) 0);
        }
        // The request must be visible before the ring is read for the last time (virtio 1.4 section 2.7.10).
        VarHandle.fullFence();
    }

    @Override
    public void disableNotifications() {
        // With EVENT_IDX the old avail_event is already before the driver's index, which suppresses notifications as
        // well.
        if (!eventIdx) {
            SplitLayout.SHORT.set(used, (long) SplitLayout.FLAGS, (short) SplitLayout.USED_NO_NOTIFY);
        }
    }

    @Override
    public int base() {
        return nextAvail;
    }

    @Override
    void logEverything(RingLog log) {
        log.used(0, SplitLayout.usedBytes(size));
    }

    @Override
    void logUsed(RingLog log) {
        int first = publishedIdx & mask;
        int elements = usedIdx - publishedIdx & 0xffff;
        int before = Math.min(elements, size - first);
        logElements(log, first, before);
        logElements(log, 0, elements - before);
    }

    private static void logElements(RingLog log, int first, int elements) {
        log.used(
                SplitLayout.RING + (long) SplitLayout.USED_ELEMENT_SIZE * first,
                (long) SplitLayout.USED_ELEMENT_SIZE * elements);
    }

    @Override
    void logPublished(RingLog log) {
        log.used(SplitLayout.IDX, Short.BYTES);
    }

    @Override
    void logNotifications(RingLog log) {
        log.used(eventIdx ? availEventOffset : SplitLayout.FLAGS, Short.BYTES);
    }

    private int readUsedIdx() {
        return (short) SplitLayout.SHORT.get(used, (long) SplitLayout.IDX) & 0xffff;
    }

    @Override
    public String toString() {
        return "%s: size %d, next available %d, used %d".formatted(name, size, nextAvail, publishedIdx);
    }
}
