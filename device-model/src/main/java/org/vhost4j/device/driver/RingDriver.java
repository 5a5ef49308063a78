// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.lang.foreign.MemorySegment;

/**
 * The driver's side of one virtqueue of either format: makes chains of buffers available, notifies, and collects what the
 * device used, checking each used element.
 *
 * <p>A chain is built with {@link #begin} (or {@link #beginIndirect}), {@link #readable} and {@link #writable}, ended by
 * {@link #offer}, and shown to the device by {@link #publish}, which may cover many chains. None of this allocates. The
 * driver trusts nothing that the device could write: what it knows of its chains is its own.
 */
public abstract sealed class RingDriver permits SplitDriver, PackedDriver {
    /** Descriptor flag: the chain continues. */
    public static final int NEXT = 1;
    /** Descriptor flag: the device writes this buffer. */
    public static final int WRITE = 2;
    /** Descriptor flag: the buffer is a table of descriptors. */
    public static final int INDIRECT = 4;
    /** What {@link #offer} returns when there were not enough free descriptors. */
    public static final int NO_ROOM = -1;
    /** Most entries in a virtqueue. */
    public static final int MAX_SIZE = 32768;

    static final int DESCRIPTOR_BYTES = 16;

    final DriverMemory memory;
    final int size;
    final boolean eventIdx;
    final boolean inOrder;
    final int indirectCapacity;
    final long descAddress;
    final long driverAddress;
    final long deviceAddress;
    final long tablesAddress;
    final MemorySegment desc;
    final MemorySegment tables;

    int free;
    int inFlight;
    int usedId;
    int usedLength;

    /**
     * Lays a queue out in guest memory.
     *
     * @param memory where the three parts and the indirect tables go
     * @param size entries
     * @param features what was negotiated
     * @param indirectCapacity the most descriptors in an indirect table; 0 when there will be none
     * @param driverBytes size of the part that the driver writes, without the descriptors
     * @param driverAlignment of that part
     * @param deviceBytes size of the part that the device writes, aligned to 4
     */
    RingDriver(
            DriverMemory memory,
            int size,
            Features features,
            int indirectCapacity,
            long driverBytes,
            int driverAlignment,
            long deviceBytes) {
        this.memory = memory;
        this.size = size;
        this.eventIdx = features.eventIdx();
        this.inOrder = features.inOrder();
        this.indirectCapacity = indirectCapacity;
        long descBytes = (long) DESCRIPTOR_BYTES * size;
        long tableBytes = descBytes * indirectCapacity;
        descAddress = memory.allocate(descBytes, 16);
        driverAddress = memory.allocate(driverBytes, driverAlignment);
        deviceAddress = memory.allocate(deviceBytes, 4);
        tablesAddress = memory.allocate(tableBytes, 16);
        desc = slice(descAddress, descBytes);
        tables = slice(tablesAddress, tableBytes);
    }

    /**
     * What was negotiated for a ring.
     *
     * @param eventIdx whether EVENT_IDX was
     * @param inOrder whether IN_ORDER was: chains take descriptors in ring order, and one used element may stand for many
     */
    public record Features(boolean eventIdx, boolean inOrder) {
        /** Neither. */
        public static final Features NONE = new Features(false, false);
        /** EVENT_IDX alone. */
        public static final Features EVENT_IDX = new Features(true, false);
    }

    final MemorySegment slice(long address, long bytes) {
        return memory.segment().asSlice(memory.offset(address), bytes);
    }

    /**
     * Forgets every chain, zeroes the queue and starts over. The device must not be running on it.
     *
     * @param base where both sides begin, as in SET_VRING_BASE
     */
    public abstract void reset(int base);

    /** Begins a chain in the queue's own descriptors; a chain that was begun and not offered is forgotten. */
    public abstract void begin();

    /** Begins a chain in an indirect table; it takes one descriptor of the queue. */
    public abstract void beginIndirect();

    /**
     * Appends a buffer that the device reads.
     *
     * @param address guest-physical
     * @param length bytes, as an unsigned 32-bit number
     * @return this
     */
    public abstract RingDriver readable(long address, int length);

    /**
     * Appends a buffer that the device writes. The specification wants these after the readable ones; nothing here
     * prevents another order.
     *
     * @param address guest-physical
     * @param length bytes, as an unsigned 32-bit number
     * @return this
     */
    public abstract RingDriver writable(long address, int length);

    /**
     * Ends the chain and enters it into the ring; the device sees it after {@link #publish}.
     *
     * @return the chain's id, 0 to size - 1, which {@link #usedId} will tell; or {@link #NO_ROOM}: the chain is forgotten
     */
    public abstract int offer();

    /** Shows every chain that was offered to the device. */
    public abstract void publish();

    /**
     * Whether the device wants to be notified of what was published since the last call.
     *
     * @return true when the queue must be kicked
     */
    public abstract boolean needKick();

    /**
     * Takes the next used chain and frees its descriptors. A chain that was begun and not offered is forgotten.
     *
     * @return false when the device has used nothing more; else {@link #usedId} and {@link #usedLength} tell what
     * @throws DeviceViolationException when the device broke a rule
     */
    public abstract boolean collect();

    /**
     * Whether {@link #collect} would find something.
     *
     * @return true when the device has used more
     */
    public abstract boolean hasUsed();

    /** Asks for no interrupts. */
    public abstract void disableInterrupts();

    /**
     * Asks for an interrupt when more chains have been used; without EVENT_IDX any number means the next one.
     *
     * @param chains how many from those collected, 1 to the number in flight
     * @return true when that many are used already and no call may come: collect again
     */
    public abstract boolean enableInterruptsAfter(int chains);

    /**
     * Where a device continues that has used every chain which it took, by what it has written: what GET_VRING_BASE must
     * return, and what SET_VRING_BASE is to tell.
     *
     * @return as in those messages
     */
    public abstract int deviceBase();

    /**
     * Asks for an interrupt at the next used chain.
     *
     * @return true when there are used chains already, for which no interrupt may come: collect again
     */
    public final boolean enableInterrupts() {
        return enableInterruptsAfter(1);
    }

    /**
     * The chain that {@link #collect} took.
     *
     * @return what {@link #offer} returned for it
     */
    public final int usedId() {
        return usedId;
    }

    /**
     * How much the device wrote into the chain that {@link #collect} took.
     *
     * @return bytes, an unsigned 32-bit number; for a chain before the last one of an in-order batch all there was room for
     */
    public final int usedLength() {
        return usedLength;
    }

    /**
     * The memory that the queue is in.
     *
     * @return as given
     */
    public final DriverMemory memory() {
        return memory;
    }

    /**
     * The queue's size.
     *
     * @return entries
     */
    public final int size() {
        return size;
    }

    /**
     * Where the descriptors are.
     *
     * @return guest-physical address
     */
    public final long descAddress() {
        return descAddress;
    }

    /**
     * Where the part is that the driver writes: the available ring or the driver event suppression structure.
     *
     * @return guest-physical address
     */
    public final long availAddress() {
        return driverAddress;
    }

    /**
     * Where the part is that the device writes: the used ring or the device event suppression structure.
     *
     * @return guest-physical address
     */
    public final long usedAddress() {
        return deviceAddress;
    }

    /**
     * Where the indirect table of a chain is.
     *
     * @param id the chain, 0 to size - 1
     * @return guest-physical address
     */
    public final long tableAddress(int id) {
        return tablesAddress + tableOffset(id);
    }

    final long tableOffset(int id) {
        return (long) id * indirectCapacity * DESCRIPTOR_BYTES;
    }

    /**
     * Descriptors that no chain holds.
     *
     * @return 0 to size
     */
    public final int freeDescriptors() {
        return free;
    }

    /**
     * Chains that were offered and not collected.
     *
     * @return 0 to size
     */
    public final int inFlight() {
        return inFlight;
    }
}
