// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The driver's side of one split virtqueue (virtio 1.4 section 2.7): makes chains of buffers available, notifies, and
 * collects what the device used, checking each used element.
 *
 * <p>A chain is built with {@link #begin} (or {@link #beginIndirect}), {@link #readable} and {@link #writable}, ended by
 * {@link #offer}, and shown to the device by {@link #publish}, which may cover many chains. None of this allocates. The
 * driver trusts nothing that the device could write: its list of free descriptors is its own.
 *
 * <p>The {@code raw} methods write anything anywhere, for tests of what a device does with a hostile driver. The driver's
 * own bookkeeping does not follow them: after raw writes only raw methods, the getters and {@link #reset} make sense.
 */
public final class SplitDriver {
    /** Descriptor flag: the chain goes on at {@code next}. */
    public static final int NEXT = 1;
    /** Descriptor flag: the device writes this buffer. */
    public static final int WRITE = 2;
    /** Descriptor flag: the buffer is a table of descriptors. */
    public static final int INDIRECT = 4;
    /** What {@link #offer} returns when there were not enough free descriptors. */
    public static final int NO_ROOM = -1;
    /** Most entries in a split virtqueue. */
    public static final int MAX_SIZE = 32768;

    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;

    private final DriverMemory memory;
    private final int size;
    private final boolean eventIdx;
    private final int indirectCapacity;
    private final long descAddress;
    private final long availAddress;
    private final long usedAddress;
    private final long tablesAddress;
    private final MemorySegment desc;
    private final MemorySegment avail;
    private final MemorySegment used;
    private final MemorySegment tables;

    private final int[] next;
    private final int[] chainTail;
    /** Descriptors of the chain that begins at this index, 0 when none does. */
    private final int[] chainLength;

    private final long[] chainWritable;
    private int freeHead;
    private int free;

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
    private int inFlight;
    private int usedId;
    private int usedLength;

    /**
     * Lays a queue out in guest memory, empty and zeroed.
     *
     * @param memory where the three parts and the indirect tables go
     * @param size entries, a power of two from 1 to {@link #MAX_SIZE}
     * @param eventIdx whether VIRTIO_F_EVENT_IDX was negotiated
     * @param indirectCapacity the most descriptors in an indirect table; 0 when there will be none
     */
    public SplitDriver(DriverMemory memory, int size, boolean eventIdx, int indirectCapacity) {
        if (size < 1 || size > MAX_SIZE || Integer.bitCount(size) != 1) {
            throw new IllegalArgumentException("queue size " + size + " is not a power of two from 1 to " + MAX_SIZE);
        }
        this.memory = memory;
        this.size = size;
        this.eventIdx = eventIdx;
        this.indirectCapacity = indirectCapacity;
        long descBytes = (long) SplitLayout.DESCRIPTOR_BYTES * size;
        long tableBytes = descBytes * indirectCapacity;
        descAddress = memory.allocate(descBytes, 16);
        availAddress = memory.allocate(SplitLayout.availBytes(size), 2);
        usedAddress = memory.allocate(SplitLayout.usedBytes(size), 4);
        tablesAddress = memory.allocate(tableBytes, 16);
        desc = slice(descAddress, descBytes);
        avail = slice(availAddress, SplitLayout.availBytes(size));
        used = slice(usedAddress, SplitLayout.usedBytes(size));
        tables = slice(tablesAddress, tableBytes);
        next = new int[size];
        chainTail = new int[size];
        chainLength = new int[size];
        chainWritable = new long[size];
        reset(0);
    }

    private MemorySegment slice(long address, long bytes) {
        return memory.segment().asSlice(memory.offset(address), bytes);
    }

    /**
     * Forgets every chain, zeroes the queue and begins anew. The device must not be running on it.
     *
     * @param index what both indices begin with, 0 to 65535; what SET_VRING_BASE is to tell
     */
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

    /** Begins a chain in the descriptor table; a chain that was begun and not offered is forgotten. */
    public void begin() {
        start(false);
    }

    /** Begins a chain in an indirect table; it takes one descriptor of the queue. */
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

    /**
     * Appends a buffer that the device reads.
     *
     * @param address guest-physical
     * @param length bytes, as an unsigned 32-bit number
     * @return this
     */
    public SplitDriver readable(long address, int length) {
        append(address, length, 0);
        return this;
    }

    /**
     * Appends a buffer that the device writes. The specification wants these behind the readable ones; nothing here
     * prevents another order.
     *
     * @param address guest-physical
     * @param length bytes, as an unsigned 32-bit number
     * @return this
     */
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
        put(table, offset + (long) at * SplitLayout.DESCRIPTOR_BYTES, address, length, flags | NEXT, following);
        last = at;
        cursor = following;
        pieces++;
    }

    /**
     * Ends the chain and enters it into the available ring; the device sees it after {@link #publish}.
     *
     * @return the chain's id, 0 to size - 1, which comes back in the used element; or {@link #NO_ROOM}: the chain is
     *     forgotten
     */
    public int offer() {
        if (overflow || pieces == 0 || free == 0) {
            begin();
            return NO_ROOM;
        }
        int head = freeHead;
        int taken = indirect ? 1 : pieces;
        long lastOffset = (indirect ? tableOffset(head) : 0) + (long) last * SplitLayout.DESCRIPTOR_BYTES;
        MemorySegment table = indirect ? tables : desc;
        SplitLayout.FLAGS.set(table, lastOffset, (short) ((short) SplitLayout.FLAGS.get(table, lastOffset) & ~NEXT));
        if (indirect) {
            put(
                    desc,
                    (long) head * SplitLayout.DESCRIPTOR_BYTES,
                    tablesAddress + tableOffset(head),
                    pieces * SplitLayout.DESCRIPTOR_BYTES,
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

    /** Shows every chain that was offered to the device. */
    public void publish() {
        VarHandle.releaseFence();
        SplitLayout.LE16.set(avail, (long) SplitLayout.IDX, (short) availIdx);
        publishedIdx = availIdx;
    }

    /**
     * Whether the device wants to be notified of what was published since the last call (section 2.7.10).
     *
     * @return true when the queue is to be kicked
     */
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

    /**
     * Takes the next used element and frees its descriptors. A chain that was begun and not offered is forgotten.
     *
     * @return false when the device has used nothing more; else {@link #usedId} and {@link #usedLength} tell what
     * @throws DeviceViolationException when idx went too far, the id is not that of a chain in flight, or the length
     *     exceeds what the device could write
     */
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
        long slot = SplitLayout.ENTRIES + (long) SplitLayout.USED_ENTRY_BYTES * (usedIdx & size - 1);
        int id = (int) SplitLayout.USED_ID.get(used, slot);
        int length = (int) SplitLayout.USED_LEN.get(used, slot);
        if (id < 0 || id >= size || chainLength[id] == 0) {
            throw violation("used element " + usedIdx + " has id " + Integer.toUnsignedString(id)
                    + ", which is no chain in flight");
        }
        if ((length & 0xffff_ffffL) > chainWritable[id]) {
            throw violation(
                    "used element " + usedIdx + " (id " + id + ") has length " + Integer.toUnsignedString(length)
                            + ", but the chain has " + chainWritable[id] + " writable bytes");
        }
        next[chainTail[id]] = freeHead;
        freeHead = id;
        free += chainLength[id];
        chainLength[id] = 0;
        inFlight--;
        usedIdx = usedIdx + 1 & 0xffff;
        usedId = id;
        usedLength = length;
        begin();
        return true;
    }

    /**
     * The chain of the element that {@link #collect} took.
     *
     * @return what {@link #offer} returned for it
     */
    public int usedId() {
        return usedId;
    }

    /**
     * How much the device wrote, by the element that {@link #collect} took.
     *
     * @return bytes, an unsigned 32-bit number
     */
    public int usedLength() {
        return usedLength;
    }

    /**
     * Whether {@link #collect} would find something.
     *
     * @return true when the device has used more
     */
    public boolean hasUsed() {
        return deviceUsedIdx() != usedIdx;
    }

    /** Asks for no interrupts (section 2.7.7). With EVENT_IDX this can only be approached: used_event stays behind. */
    public void disableInterrupts() {
        if (eventIdx) {
            SplitLayout.LE16.set(avail, SplitLayout.usedEvent(size), (short) (usedIdx - 1));
        } else {
            SplitLayout.LE16.set(avail, 0L, (short) NO_INTERRUPT);
        }
    }

    /**
     * Asks for an interrupt at the next used element.
     *
     * @return true when there are used elements already, for which no interrupt may come: collect again
     */
    public boolean enableInterrupts() {
        return enableInterruptsAfter(1);
    }

    /**
     * Asks for an interrupt when more chains have been used; without EVENT_IDX any number means the next one.
     *
     * @param chains how many from those collected, 1 to the queue's size
     * @return true when so many are used already, for which no interrupt may come
     */
    public boolean enableInterruptsAfter(int chains) {
        if (eventIdx) {
            SplitLayout.LE16.set(avail, SplitLayout.usedEvent(size), (short) (usedIdx + chains - 1));
        } else {
            SplitLayout.LE16.set(avail, 0L, (short) 0);
        }
        VarHandle.fullFence();
        return (deviceUsedIdx() - usedIdx & 0xffff) >= (eventIdx ? chains : 1);
    }

    /**
     * The memory that the queue is in.
     *
     * @return as given
     */
    public DriverMemory memory() {
        return memory;
    }

    /**
     * The queue's size.
     *
     * @return entries
     */
    public int size() {
        return size;
    }

    /**
     * Where the descriptor table is.
     *
     * @return guest-physical address
     */
    public long descAddress() {
        return descAddress;
    }

    /**
     * Where the available ring is.
     *
     * @return guest-physical address
     */
    public long availAddress() {
        return availAddress;
    }

    /**
     * Where the used ring is.
     *
     * @return guest-physical address
     */
    public long usedAddress() {
        return usedAddress;
    }

    /**
     * Where the indirect table of a chain is.
     *
     * @param id the chain, 0 to size - 1
     * @return guest-physical address
     */
    public long tableAddress(int id) {
        return tablesAddress + tableOffset(id);
    }

    /**
     * Descriptors that no chain holds.
     *
     * @return 0 to size
     */
    public int freeDescriptors() {
        return free;
    }

    /**
     * Chains that were offered and not collected.
     *
     * @return 0 to size
     */
    public int inFlight() {
        return inFlight;
    }

    /**
     * The index behind the last element that was collected.
     *
     * @return 0 to 65535
     */
    public int collectedIdx() {
        return usedIdx;
    }

    /**
     * The index behind the last chain that was published.
     *
     * @return 0 to 65535
     */
    public int publishedIdx() {
        return publishedIdx;
    }

    /**
     * What the device has in used.idx now.
     *
     * @return 0 to 65535
     */
    public int deviceUsedIdx() {
        return (short) SplitLayout.LE16.getAcquire(used, (long) SplitLayout.IDX) & 0xffff;
    }

    /**
     * What the device has in used.flags now.
     *
     * @return 0 to 65535; bit 0: no notification wanted
     */
    public int usedFlags() {
        return (short) SplitLayout.LE16.get(used, 0L) & 0xffff;
    }

    /**
     * What the device has in avail_event now.
     *
     * @return 0 to 65535
     */
    public int availEvent() {
        return (short) SplitLayout.LE16.get(used, SplitLayout.availEvent(size)) & 0xffff;
    }

    /**
     * Writes a descriptor of the queue's table.
     *
     * @param index 0 to size - 1
     * @param address anything
     * @param length anything
     * @param flags low 16 bits count
     * @param following low 16 bits count
     */
    public void rawDescriptor(int index, long address, int length, int flags, int following) {
        put(desc, (long) index * SplitLayout.DESCRIPTOR_BYTES, address, length, flags, following);
    }

    /**
     * Writes a descriptor anywhere in the queue's memory, such as in a table of the caller's own.
     *
     * @param tableAddress guest-physical address of descriptor 0
     * @param index 0 up
     * @param address anything
     * @param length anything
     * @param flags low 16 bits count
     * @param following low 16 bits count
     */
    public void rawTableDescriptor(long tableAddress, int index, long address, int length, int flags, int following) {
        long offset = memory.offset(tableAddress) + (long) index * SplitLayout.DESCRIPTOR_BYTES;
        put(memory.segment(), offset, address, length, flags, following);
    }

    /**
     * Writes an entry of the available ring.
     *
     * @param slot counted from the ring's beginning; only its remainder by the size counts
     * @param head low 16 bits count
     */
    public void rawAvailEntry(int slot, int head) {
        SplitLayout.LE16.set(avail, availSlot(slot), (short) head);
    }

    /**
     * Writes avail.idx after everything that was written before.
     *
     * @param idx low 16 bits count
     */
    public void rawAvailIdx(int idx) {
        VarHandle.releaseFence();
        SplitLayout.LE16.set(avail, (long) SplitLayout.IDX, (short) idx);
        VarHandle.fullFence();
    }

    /**
     * Writes avail.flags.
     *
     * @param flags low 16 bits count
     */
    public void rawAvailFlags(int flags) {
        SplitLayout.LE16.set(avail, 0L, (short) flags);
        VarHandle.fullFence();
    }

    /**
     * Writes used_event.
     *
     * @param idx low 16 bits count
     */
    public void rawUsedEvent(int idx) {
        SplitLayout.LE16.set(avail, SplitLayout.usedEvent(size), (short) idx);
        VarHandle.fullFence();
    }

    private long tableOffset(int head) {
        return (long) head * indirectCapacity * SplitLayout.DESCRIPTOR_BYTES;
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
