// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The driver's side of one split virtqueue (virtio 1.4 section 2.7).
 *
 * <p>The {@code raw} methods write any value, for tests of a device against a hostile driver. They do not update the
 * driver's own state: after raw writes, use only raw methods, getters and {@link #reset}.
 */
public final class SplitDriver extends RingDriver {
    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;

    private static final int NONE = -1;

    private final MemorySegment avail;
    private final MemorySegment used;

    private final int[] next;
    private final int[] chainTail;
    /** For each descriptor, the length of the chain that begins there; 0 when no chain begins there. */
    private final int[] chainLength;

    private final long[] chainWritable;
    private int freeHead;
    /** With IN_ORDER, the head of the chain that is used next, and the head of the last chain of its batch. */
    private int oldest;

    private int batchLast = NONE;
    private int batchLength;

    private boolean indirect;
    private boolean overflow;
    private int cursor;
    private int last;
    private int pieces;
    private long writableBytes;

    private int availIdx;
    private int publishedIdx;
    private int kickedIdx;
    private int usedIdx;

    /**
     * Creates an empty, zeroed queue in guest memory.
     *
     * @param memory memory for the three parts and the indirect tables
     * @param size number of entries, a power of two from 1 to {@link #MAX_SIZE}
     * @param eventIdx whether VIRTIO_F_EVENT_IDX was negotiated
     * @param indirectCapacity maximum number of descriptors in an indirect table; 0 without indirect tables
     */
    public SplitDriver(DriverMemory memory, int size, boolean eventIdx, int indirectCapacity) {
        this(memory, size, new Features(eventIdx, false), indirectCapacity);
    }

    /**
     * Creates an empty, zeroed queue in guest memory.
     *
     * @param memory memory for the three parts and the indirect tables
     * @param size number of entries, a power of two from 1 to {@link #MAX_SIZE}
     * @param features the negotiated ring features
     * @param indirectCapacity maximum number of descriptors in an indirect table; 0 without indirect tables
     */
    public SplitDriver(DriverMemory memory, int size, Features features, int indirectCapacity) {
        super(
                memory,
                requireSize(size),
                features,
                indirectCapacity,
                SplitLayout.availBytes(size),
                2,
                SplitLayout.usedBytes(size));
        avail = slice(driverAddress, SplitLayout.availBytes(size));
        used = slice(deviceAddress, SplitLayout.usedBytes(size));
        next = new int[size];
        chainTail = new int[size];
        chainLength = new int[size];
        chainWritable = new long[size];
        reset(0);
    }

    private static int requireSize(int size) {
        if (size < 1 || size > MAX_SIZE || Integer.bitCount(size) != 1) {
            throw new IllegalArgumentException("queue size " + size + " is not a power of two from 1 to " + MAX_SIZE);
        }
        return size;
    }

    @Override
    public void reset(int index) {
        desc.fill((byte) 0);
        avail.fill((byte) 0);
        used.fill((byte) 0);
        for (int i = 0; i < size; i++) {
            next[i] = i + 1 & size - 1;
            chainLength[i] = 0;
        }
        freeHead = 0;
        free = size;
        oldest = 0;
        batchLast = NONE;
        inFlight = 0;
        availIdx = index & 0xffff;
        publishedIdx = availIdx;
        kickedIdx = availIdx;
        usedIdx = availIdx;
        SplitLayout.LE16.set(avail, (long) SplitLayout.IDX, (short) availIdx);
        SplitLayout.LE16.set(used, (long) SplitLayout.IDX, (short) usedIdx);
        if (eventIdx) {
            SplitLayout.LE16.set(avail, SplitLayout.usedEvent(size), (short) usedIdx);
        }
        VarHandle.fullFence();
        begin();
    }

    @Override
    public void begin() {
        start(false);
    }

    @Override
    public void beginIndirect() {
        start(true);
    }

    private void start(boolean inTable) {
        indirect = inTable;
        overflow = false;
        cursor = inTable ? 0 : freeHead;
        last = -1;
        pieces = 0;
        writableBytes = 0;
    }

    @Override
    public SplitDriver readable(long address, int length) {
        append(address, length, 0);
        return this;
    }

    @Override
    public SplitDriver writable(long address, int length) {
        append(address, length, WRITE);
        writableBytes += length & 0xffff_ffffL;
        return this;
    }

    private void append(long address, int length, int flags) {
        if (free == 0 || pieces >= (indirect ? indirectCapacity : free)) {
            overflow = true;
            return;
        }
        int at = cursor;
        int following = indirect ? at + 1 : next[at];
        MemorySegment table = indirect ? tables : desc;
        long offset = indirect ? tableOffset(freeHead) : 0;
        put(table, offset + (long) at * DESCRIPTOR_BYTES, address, length, flags | NEXT, following);
        last = at;
        cursor = following;
        pieces++;
    }

    @Override
    public int offer() {
        if (overflow || pieces == 0 || free == 0) {
            begin();
            return NO_ROOM;
        }
        int head = freeHead;
        int taken = indirect ? 1 : pieces;
        long lastOffset = (indirect ? tableOffset(head) : 0) + (long) last * DESCRIPTOR_BYTES;
        MemorySegment table = indirect ? tables : desc;
        SplitLayout.FLAGS.set(table, lastOffset, (short) ((short) SplitLayout.FLAGS.get(table, lastOffset) & ~NEXT));
        if (indirect) {
            put(
                    desc,
                    (long) head * DESCRIPTOR_BYTES,
                    tablesAddress + tableOffset(head),
                    pieces * DESCRIPTOR_BYTES,
                    INDIRECT,
                    0);
        }
        int tail = indirect ? head : last;
        chainTail[head] = tail;
        chainLength[head] = taken;
        chainWritable[head] = writableBytes;
        freeHead = next[tail];
        free -= taken;
        inFlight++;
        SplitLayout.LE16.set(avail, availSlot(availIdx), (short) head);
        availIdx = availIdx + 1 & 0xffff;
        begin();
        return head;
    }

    @Override
    public void publish() {
        VarHandle.releaseFence();
        SplitLayout.LE16.set(avail, (long) SplitLayout.IDX, (short) availIdx);
        publishedIdx = availIdx;
    }

    @Override
    public boolean needKick() {
        VarHandle.fullFence();
        int before = kickedIdx;
        kickedIdx = publishedIdx;
        if (before == publishedIdx) {
            return false;
        }
        if (eventIdx) {
            return (publishedIdx - availEvent() - 1 & 0xffff) < (publishedIdx - before & 0xffff);
        }
        return (usedFlags() & NO_NOTIFY) == 0;
    }

    @Override
    public boolean collect() {
        int idx = deviceUsedIdx();
        int pending = idx - usedIdx & 0xffff;
        if (pending == 0) {
            return false;
        }
        if (pending > inFlight) {
            throw violation("used idx is " + idx + ", " + pending + " past " + usedIdx + ", but only " + inFlight
                    + " chains are in flight");
        }
        if (batchLast == NONE) {
            readElement();
        }
        int id = batchLast;
        int length = batchLength;
        if (inOrder && oldest != id) {
            if (pending == 1) {
                throw violation("used idx " + idx + " is before the end of the batch whose last id is " + id);
            }
            // The device skipped this chain, as it may when it used the chain completely (section 2.6.1).
            id = oldest;
            length = (int) chainWritable[id];
        } else {
            batchLast = NONE;
        }
        oldest = chainTail[id] + 1 & size - 1;
        if (!inOrder) {
            next[chainTail[id]] = freeHead;
            freeHead = id;
        }
        free += chainLength[id];
        chainLength[id] = 0;
        inFlight--;
        usedIdx = usedIdx + 1 & 0xffff;
        usedId = id;
        usedLength = length;
        begin();
        return true;
    }

    private void readElement() {
        long slot = SplitLayout.ENTRIES + (long) SplitLayout.USED_ENTRY_BYTES * (usedIdx & size - 1);
        int id = (int) SplitLayout.USED_ID.get(used, slot);
        int length = (int) SplitLayout.USED_LEN.get(used, slot);
        if (id < 0 || id >= size || chainLength[id] == 0) {
            throw violation("used element " + usedIdx + " has id " + Integer.toUnsignedString(id)
                    + ", which is not a chain in flight");
        }
        if ((length & 0xffff_ffffL) > chainWritable[id]) {
            throw violation(
                    "used element " + usedIdx + " (id " + id + ") has length " + Integer.toUnsignedString(length)
                            + ", but the chain has " + chainWritable[id] + " writable bytes");
        }
        batchLast = id;
        batchLength = length;
    }

    @Override
    public boolean hasUsed() {
        return deviceUsedIdx() != usedIdx;
    }

    /**
     * Disables interrupts. With EVENT_IDX interrupts only become unlikely, because used_event stays at a past index
     * (virtio 1.4 section 2.7.7).
     */
    @Override
    public void disableInterrupts() {
        if (eventIdx) {
            SplitLayout.LE16.set(avail, SplitLayout.usedEvent(size), (short) (usedIdx - 1));
        } else {
            SplitLayout.LE16.set(avail, 0L, (short) NO_INTERRUPT);
        }
    }

    @Override
    public boolean enableInterruptsAfter(int chains) {
        if (eventIdx) {
            SplitLayout.LE16.set(avail, SplitLayout.usedEvent(size), (short) (usedIdx + chains - 1));
        } else {
            SplitLayout.LE16.set(avail, 0L, (short) 0);
        }
        VarHandle.fullFence();
        return (deviceUsedIdx() - usedIdx & 0xffff) >= (eventIdx ? chains : 1);
    }

    @Override
    public int deviceBase() {
        return deviceUsedIdx();
    }

    /**
     * Returns the index after the last used element that was collected.
     *
     * @return 0 to 65535
     */
    public int collectedIdx() {
        return usedIdx;
    }

    /**
     * Returns the index after the last chain that was published.
     *
     * @return 0 to 65535
     */
    public int publishedIdx() {
        return publishedIdx;
    }

    /**
     * Returns the current value of used.idx.
     *
     * @return 0 to 65535
     */
    public int deviceUsedIdx() {
        return (short) SplitLayout.LE16.getAcquire(used, (long) SplitLayout.IDX) & 0xffff;
    }

    /**
     * Returns the current value of used.flags.
     *
     * @return 0 to 65535; bit 0 (VIRTQ_USED_F_NO_NOTIFY) set: the device needs no notifications
     */
    public int usedFlags() {
        return (short) SplitLayout.LE16.get(used, 0L) & 0xffff;
    }

    /**
     * Returns the current value of avail_event.
     *
     * @return 0 to 65535
     */
    public int availEvent() {
        return (short) SplitLayout.LE16.get(used, SplitLayout.availEvent(size)) & 0xffff;
    }

    /**
     * Writes a descriptor of the queue's table.
     *
     * @param index index of the descriptor, 0 to size - 1
     * @param address any address
     * @param length any length in bytes
     * @param flags flags; the low 16 bits are written
     * @param following next descriptor; the low 16 bits are written
     */
    public void rawDescriptor(int index, long address, int length, int flags, int following) {
        put(desc, (long) index * DESCRIPTOR_BYTES, address, length, flags, following);
    }

    /**
     * Writes a descriptor to any address in the queue's memory, such as in a table that the caller has allocated.
     *
     * @param tableAddress guest-physical address of descriptor 0
     * @param index index of the descriptor, 0 or more
     * @param address any address
     * @param length any length in bytes
     * @param flags flags; the low 16 bits are written
     * @param following next descriptor; the low 16 bits are written
     */
    public void rawTableDescriptor(long tableAddress, int index, long address, int length, int flags, int following) {
        long offset = memory.offset(tableAddress) + (long) index * DESCRIPTOR_BYTES;
        put(memory.segment(), offset, address, length, flags, following);
    }

    /**
     * Writes an entry of the available ring.
     *
     * @param slot position of the entry, modulo the queue's size
     * @param head head of a chain; the low 16 bits are written
     */
    public void rawAvailEntry(int slot, int head) {
        SplitLayout.LE16.set(avail, availSlot(slot), (short) head);
    }

    /**
     * Writes avail.idx with release order: all earlier writes are visible before it.
     *
     * @param idx index; the low 16 bits are written
     */
    public void rawAvailIdx(int idx) {
        VarHandle.releaseFence();
        SplitLayout.LE16.set(avail, (long) SplitLayout.IDX, (short) idx);
        VarHandle.fullFence();
    }

    /**
     * Writes avail.flags.
     *
     * @param flags flags; the low 16 bits are written
     */
    public void rawAvailFlags(int flags) {
        SplitLayout.LE16.set(avail, 0L, (short) flags);
        VarHandle.fullFence();
    }

    /**
     * Writes used_event.
     *
     * @param idx index; the low 16 bits are written
     */
    public void rawUsedEvent(int idx) {
        SplitLayout.LE16.set(avail, SplitLayout.usedEvent(size), (short) idx);
        VarHandle.fullFence();
    }

    private long availSlot(int index) {
        return SplitLayout.ENTRIES + (long) SplitLayout.AVAIL_ENTRY_BYTES * (index & size - 1);
    }

    private DeviceViolationException violation(String what) {
        return new DeviceViolationException("split queue of " + size + ": " + what);
    }

    private static void put(MemorySegment table, long offset, long address, int length, int flags, int following) {
        SplitLayout.ADDR.set(table, offset, address);
        SplitLayout.LEN.set(table, offset, length);
        SplitLayout.FLAGS.set(table, offset, (short) flags);
        SplitLayout.NEXT.set(table, offset, (short) following);
    }
}
