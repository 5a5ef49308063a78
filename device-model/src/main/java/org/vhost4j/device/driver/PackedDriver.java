// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The driver's side of one packed virtqueue (virtio 1.4 section 2.8).
 *
 * <p>Positions here count over two laps of the ring, from 0 to 2 * size - 1: the wrap counter is 1 in the first lap and
 * 0 in the second. A chain is built outside the ring and written by {@link #offer}, because its flags make a descriptor
 * available.
 *
 * <p>The {@code raw} methods write any value, for tests of a device against a hostile driver. They do not update the
 * driver's own state: after raw writes, use only raw methods, getters and {@link #reset}.
 */
public final class PackedDriver extends RingDriver {
    /** Descriptor flag: set by the driver to the wrap counter. */
    public static final int AVAIL = 1 << 7;
    /** Descriptor flag: set by the driver to the inverse of the wrap counter, by the device to the wrap counter. */
    public static final int USED = 1 << 15;
    /** Event flags: notifications are enabled. */
    public static final int ENABLE = 0;
    /** Event flags: notifications are disabled. */
    public static final int DISABLE = 1;
    /** Event flags: notify for one descriptor position. */
    public static final int DESC = 2;

    /** The value of SET_VRING_BASE for a ring that begins at 0 with both wrap counters 1. */
    public static final int START = 0x8000_8000;

    private static final int EVENT_BYTES = 4;
    private static final int NONE = -1;
    /** The buffer ID in descriptors whose ID is ignored (section 2.8.6). */
    private static final int NO_ID = 0xfffe;

    private static final VarHandle FLAGS = ValueLayout.JAVA_SHORT
            .withOrder(ByteOrder.LITTLE_ENDIAN)
            .varHandle()
            .withInvokeExactBehavior();
    private static final VarHandle EVENT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle().withInvokeExactBehavior();
    private static final ValueLayout.OfLong ADDR = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LEN = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort ID = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment driverEvent;
    private final MemorySegment deviceEvent;

    private final long[] pieceAddress;
    private final int[] pieceLength;
    private final int[] pieceFlags;

    private final int[] freeIds;
    private int freeIdCount;
    /** For each buffer ID, the number of ring descriptors that its chain occupies; 0 without a chain. */
    private final int[] chainLength;

    private final long[] chainWritable;
    /** The IDs of the chains in flight, oldest first: a circular list that starts at {@code firstOrdered}. */
    private final int[] ordered;

    private int firstOrdered;

    private boolean indirect;
    private boolean overflow;
    private int pieces;
    private long writableBytes;

    /** Position of the next chain. */
    private int next;
    /** Position of the first chain that is not published; its flags are written by the publication. */
    private int hidden = NONE;

    private int hiddenFlags;
    private int published;
    private int kicked;
    private int collected;
    private int batchLast = NONE;
    private int batchLength;
    private int walked;

    /**
     * Creates an empty queue in guest memory, which begins at 0 with both wrap counters 1.
     *
     * @param memory memory for the three parts and the indirect tables
     * @param size number of entries, 1 to {@link #MAX_SIZE}
     * @param features the negotiated ring features
     * @param indirectCapacity maximum number of descriptors in an indirect table; 0 without indirect tables
     */
    public PackedDriver(DriverMemory memory, int size, Features features, int indirectCapacity) {
        super(memory, requireSize(size), features, indirectCapacity, EVENT_BYTES, 4, EVENT_BYTES);
        driverEvent = slice(driverAddress, EVENT_BYTES);
        deviceEvent = slice(deviceAddress, EVENT_BYTES);
        int most = Math.max(size, indirectCapacity);
        pieceAddress = new long[most];
        pieceLength = new int[most];
        pieceFlags = new int[most];
        freeIds = new int[size];
        chainLength = new int[size];
        chainWritable = new long[size];
        ordered = new int[size];
        reset(START);
    }

    private static int requireSize(int size) {
        if (size < 1 || size > MAX_SIZE) {
            throw new IllegalArgumentException("queue size " + size + " is not from 1 to " + MAX_SIZE);
        }
        return size;
    }

    @Override
    public void reset(int base) {
        desc.fill((byte) 0);
        driverEvent.fill((byte) 0);
        deviceEvent.fill((byte) 0);
        for (int i = 0; i < size; i++) {
            freeIds[i] = size - 1 - i;
        }
        freeIdCount = size;
        Arrays.fill(chainLength, 0);
        firstOrdered = 0;
        free = size;
        inFlight = 0;
        next = (base & 0x7fff) + ((base & 0x8000) != 0 ? 0 : size);
        published = next;
        kicked = next;
        collected = next;
        hidden = NONE;
        batchLast = NONE;
        if (wrap(next) == 0) {
            // Initializes the ring as the previous lap would have left it: every descriptor used with wrap counter 1.
            // Zeroes would mean used descriptors in this lap.
            for (int i = 0; i < size; i++) {
                setFlags(i, AVAIL | USED);
            }
        }
        // Descriptors before the start position belong to this lap and are used.
        for (int i = 0; i < next % size; i++) {
            setFlags(i, wrap(next) == 1 ? AVAIL | USED : 0);
        }
        if (eventIdx) {
            setDriverEvent(offWrap(collected), DESC);
        }
        VarHandle.fullFence();
        begin();
    }

    private int wrap(int position) {
        return position < size ? 1 : 0;
    }

    private int index(int position) {
        return position < size ? position : position - size;
    }

    private int after(int position, int descriptors) {
        return (position + descriptors) % (2 * size);
    }

    private int offWrap(int position) {
        return index(position) | wrap(position) << 15;
    }

    /** Returns the AVAIL and USED flags of an available descriptor at a position. */
    private int availableMarks(int position) {
        return wrap(position) == 1 ? AVAIL : USED;
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
        pieces = 0;
        writableBytes = 0;
    }

    @Override
    public PackedDriver readable(long address, int length) {
        append(address, length, 0);
        return this;
    }

    @Override
    public PackedDriver writable(long address, int length) {
        append(address, length, WRITE);
        writableBytes += length & 0xffff_ffffL;
        return this;
    }

    private void append(long address, int length, int flags) {
        if (pieces >= (indirect ? indirectCapacity : size)) {
            overflow = true;
            return;
        }
        pieceAddress[pieces] = address;
        pieceLength[pieces] = length;
        pieceFlags[pieces] = flags;
        pieces++;
    }

    @Override
    public int offer() {
        int taken = indirect ? 1 : pieces;
        if (overflow || pieces == 0 || taken > free) {
            begin();
            return NO_ROOM;
        }
        int id = freeIds[--freeIdCount];
        if (indirect) {
            long table = tableOffset(id);
            for (int i = 0; i < pieces; i++) {
                put(tables, table + (long) i * DESCRIPTOR_BYTES, pieceAddress[i], pieceLength[i], NO_ID, pieceFlags[i]);
            }
            enter(next, tableAddress(id), pieces * DESCRIPTOR_BYTES, id, INDIRECT);
        } else {
            for (int i = 0; i < pieces; i++) {
                boolean last = i == pieces - 1;
                int flags = last ? pieceFlags[i] : pieceFlags[i] | NEXT;
                enter(after(next, i), pieceAddress[i], pieceLength[i], last ? id : NO_ID, flags);
            }
        }
        chainLength[id] = taken;
        chainWritable[id] = writableBytes;
        ordered[(firstOrdered + inFlight) % size] = id;
        inFlight++;
        free -= taken;
        next = after(next, taken);
        begin();
        return id;
    }

    /** Writes a descriptor. The flags of the first unpublished one are written by the publication. */
    private void enter(int position, long address, int length, int id, int flags) {
        int marked = flags | availableMarks(position);
        long at = (long) index(position) * DESCRIPTOR_BYTES;
        desc.set(ADDR, at, address);
        desc.set(LEN, at + 8, length);
        desc.set(ID, at + 12, (short) id);
        if (hidden == NONE) {
            hidden = position;
            hiddenFlags = marked;
        } else {
            setFlags(index(position), marked);
        }
    }

    @Override
    public void publish() {
        if (hidden == NONE) {
            return;
        }
        VarHandle.releaseFence();
        setFlags(index(hidden), hiddenFlags);
        hidden = NONE;
        published = next;
    }

    @Override
    public boolean needKick() {
        VarHandle.fullFence();
        int from = kicked;
        kicked = published;
        int fresh = Math.floorMod(published - from, 2 * size);
        if (fresh == 0) {
            return false;
        }
        int event = deviceEvent();
        int flags = event >>> 16;
        if (flags == DESC && eventIdx) {
            int wanted = (event & 0x7fff) + ((event & 0x8000) != 0 ? 0 : size);
            return Math.floorMod(wanted - from, 2 * size) < fresh;
        }
        return flags != DISABLE;
    }

    @Override
    public boolean collect() {
        if (batchLast == NONE && !readUsed()) {
            return false;
        }
        int id = batchLast;
        int length = batchLength;
        if (inOrder && ordered[firstOrdered] != id) {
            // The device skipped this chain, as it may when it used the chain completely (section 2.6.1).
            id = ordered[firstOrdered];
            length = (int) chainWritable[id];
        } else {
            batchLast = NONE;
        }
        forget(id);
        collected = after(collected, chainLength[id]);
        free += chainLength[id];
        chainLength[id] = 0;
        freeIds[freeIdCount++] = id;
        usedId = id;
        usedLength = length;
        begin();
        return true;
    }

    /** Removes a chain from the chains in flight; it is the oldest one when the device uses chains in order. */
    private void forget(int id) {
        int at = firstOrdered;
        int previous = ordered[at];
        while (previous != id) {
            at = (at + 1) % size;
            int moved = ordered[at];
            ordered[at] = previous;
            previous = moved;
        }
        firstOrdered = (firstOrdered + 1) % size;
        inFlight--;
    }

    /** Reads and checks the next used descriptor to collect. Returns false when there is none. */
    private boolean readUsed() {
        if (!usedAt(collected)) {
            return false;
        }
        long at = (long) index(collected) * DESCRIPTOR_BYTES;
        int flags = (short) FLAGS.get(desc, at + 14) & 0xffff;
        int id = desc.get(ID, at + 12) & 0xffff;
        boolean wrote = (flags & WRITE) != 0;
        int length = wrote ? desc.get(LEN, at + 8) : 0;
        if (id >= size || chainLength[id] == 0) {
            throw violation(
                    "used descriptor " + index(collected) + " has id " + id + ", which is not a chain in flight");
        }
        if ((length & 0xffff_ffffL) > chainWritable[id]) {
            throw violation("used descriptor " + index(collected) + " (id " + id + ") has length "
                    + Integer.toUnsignedString(length) + ", but the chain has " + chainWritable[id]
                    + " writable bytes");
        }
        batchLast = id;
        batchLength = length;
        return true;
    }

    private boolean usedAt(int position) {
        if (inFlight == 0) {
            return false;
        }
        int flags = (short) FLAGS.getAcquire(desc, (long) index(position) * DESCRIPTOR_BYTES + 14);
        return (flags & (AVAIL | USED)) == (wrap(position) == 1 ? AVAIL | USED : 0);
    }

    @Override
    public boolean hasUsed() {
        return batchLast != NONE || usedAt(collected);
    }

    @Override
    public void disableInterrupts() {
        setDriverEvent(0, DISABLE);
    }

    /**
     * The number is exact for a device that uses chains in order; another device may interrupt a little early or late.
     */
    @Override
    public boolean enableInterruptsAfter(int chains) {
        if (!eventIdx) {
            setDriverEvent(0, ENABLE);
            VarHandle.fullFence();
            return hasUsed();
        }
        int position = collected;
        for (int i = 0; i < chains - 1 && i < inFlight; i++) {
            position = after(position, chainLength[ordered[(firstOrdered + i) % size]]);
        }
        setDriverEvent(offWrap(position), DESC);
        VarHandle.fullFence();
        return usedChains() >= Math.max(chains, 1);
    }

    /** Counts the used chains that were not collected, and sets {@link #walked} to the position after the last one. */
    private int usedChains() {
        walked = collected;
        int count = 0;
        boolean inBatch = batchLast != NONE;
        while (count < inFlight && (inBatch || usedAt(walked))) {
            int last = inBatch ? batchLast : desc.get(ID, (long) index(walked) * DESCRIPTOR_BYTES + 12) & 0xffff;
            inBatch = false;
            int id;
            do {
                id = inOrder ? ordered[(firstOrdered + count) % size] : last;
                walked = after(walked, id < size ? chainLength[id] : 1);
                count++;
            } while (id != last && count < inFlight);
        }
        return count;
    }

    @Override
    public int deviceBase() {
        usedChains();
        int position = offWrap(walked);
        return position << 16 | position;
    }

    /**
     * Returns the current contents of the device's event suppression structure.
     *
     * @return the position in the low half, with the wrap counter in bit 15; flags in the high half
     */
    public int deviceEvent() {
        return (int) EVENT.get(deviceEvent, 0L);
    }

    /**
     * Writes a descriptor of the ring; the flags are written last.
     *
     * @param index index of the descriptor, 0 to size - 1
     * @param address any address
     * @param length any length in bytes
     * @param id buffer ID; the low 16 bits are written
     * @param flags flags; the low 16 bits are written
     */
    public void rawDescriptor(int index, long address, int length, int id, int flags) {
        put(desc, (long) index * DESCRIPTOR_BYTES, address, length, id, flags);
        VarHandle.fullFence();
    }

    /**
     * Writes a descriptor to any address in the queue's memory, such as in a table that the caller has allocated.
     *
     * @param tableAddress guest-physical address of descriptor 0
     * @param index index of the descriptor, 0 or more
     * @param address any address
     * @param length any length in bytes
     * @param id buffer ID; the low 16 bits are written
     * @param flags flags; the low 16 bits are written
     */
    public void rawTableDescriptor(long tableAddress, int index, long address, int length, int id, int flags) {
        put(
                memory.segment(),
                memory.offset(tableAddress) + (long) index * DESCRIPTOR_BYTES,
                address,
                length,
                id,
                flags);
    }

    /**
     * Writes the driver event suppression structure.
     *
     * @param offWrap descriptor offset and wrap counter; the low 16 bits are written
     * @param flags flags; the low 16 bits are written
     */
    public void rawDriverEvent(int offWrap, int flags) {
        setDriverEvent(offWrap, flags);
        VarHandle.fullFence();
    }

    private void setDriverEvent(int offWrap, int flags) {
        EVENT.set(driverEvent, 0L, (flags << 16) | (offWrap & 0xffff));
    }

    private void setFlags(int index, int flags) {
        FLAGS.set(desc, (long) index * DESCRIPTOR_BYTES + 14, (short) flags);
    }

    private DeviceViolationException violation(String what) {
        return new DeviceViolationException("packed queue of " + size + ": " + what);
    }

    private static void put(MemorySegment table, long at, long address, int length, int id, int flags) {
        table.set(ADDR, at, address);
        table.set(LEN, at + 8, length);
        table.set(ID, at + 12, (short) id);
        VarHandle.releaseFence();
        FLAGS.set(table, at + 14, (short) flags);
    }
}
