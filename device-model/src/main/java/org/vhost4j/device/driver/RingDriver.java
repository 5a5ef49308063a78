// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.lang.foreign.MemorySegment;

/**
 * The driver's side of one virtqueue of either format. It makes chains of buffers available, notifies the device, and
 * collects and checks the used elements.
 *
 * <p>A chain is built with {@link #begin} (or {@link #beginIndirect}), {@link #readable} and {@link #writable},
 * completed by {@link #offer}, and made available to the device by {@link #publish}, together with other chains. None
 * of these methods allocates. The driver keeps its own record of its chains, so it does not depend on memory that the
 * device can write.
 */
public abstract sealed class RingDriver permits SplitDriver, PackedDriver {
    /** Descriptor flag: the chain continues with the next descriptor. */
    public static final int NEXT = 1;
    /** Descriptor flag: the buffer is device-writable. */
    public static final int WRITE = 2;
    /** Descriptor flag: the buffer is a table of descriptors. */
    public static final int INDIRECT = 4;
    /** The result of {@link #offer} when there were not enough free descriptors. */
    public static final int NO_ROOM = -1;
    /** The maximum queue size in descriptors. */
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
     * Allocates the parts of a queue in guest memory.
     *
     * @param memory memory for the three parts and the indirect tables
     * @param size number of entries
     * @param features the negotiated ring features
     * @param indirectCapacity maximum number of descriptors in an indirect table; 0 without indirect tables
     * @param driverBytes size in bytes of the part that the driver writes, without the descriptors
     * @param driverAlignment alignment of that part in bytes
     * @param deviceBytes size in bytes of the part that the device writes, aligned to 4
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
     * The negotiated features of a ring.
     *
     * @param eventIdx whether VIRTIO_F_EVENT_IDX was negotiated
     * @param inOrder whether VIRTIO_F_IN_ORDER was negotiated: chains take descriptors in ring order, and one used
     *     element may stand for several chains
     */
    public record Features(boolean eventIdx, boolean inOrder) {
        /** Neither feature. */
        public static final Features NONE = new Features(false, false);
        /** EVENT_IDX alone. */
        public static final Features EVENT_IDX = new Features(true, false);
    }

    final MemorySegment slice(long address, long bytes) {
        return memory.segment().asSlice(memory.offset(address), bytes);
    }

    /**
     * Forgets every chain, zeroes the queue and restarts at a position. The device must not be using the queue.
     *
     * @param base position at which both sides begin, as in SET_VRING_BASE
     */
    public abstract void reset(int base);

    /** Begins a chain of descriptors of the queue itself. A chain that was begun but not offered is discarded. */
    public abstract void begin();

    /** Begins a chain in an indirect table, which occupies one descriptor of the queue. */
    public abstract void beginIndirect();

    /**
     * Appends a device-readable buffer.
     *
     * @param address guest-physical
     * @param length bytes, as an unsigned 32-bit number
     * @return this
     */
    public abstract RingDriver readable(long address, int length);

    /**
     * Appends a device-writable buffer. The specification requires writable buffers after all readable ones; this
     * method does not check the order.
     *
     * @param address guest-physical
     * @param length bytes, as an unsigned 32-bit number
     * @return this
     */
    public abstract RingDriver writable(long address, int length);

    /**
     * Ends the chain and enters it into the ring; the device sees it after {@link #publish}.
     *
     * @return the chain's ID, 0 to size - 1, which {@link #usedId} returns later; or {@link #NO_ROOM}: the chain is
     *     discarded
     */
    public abstract int offer();

    /** Makes every offered chain available to the device. */
    public abstract void publish();

    /**
     * Returns whether the device requests a notification (kick) for the chains that were published since the last call.
     *
     * @return true when the queue must be kicked
     */
    public abstract boolean needKick();

    /**
     * Collects the next used chain and frees its descriptors. A chain that was begun but not offered is discarded.
     *
     * @return false when the device has used no further chain; otherwise {@link #usedId} and {@link #usedLength} return
     *     its ID and length
     * @throws DeviceViolationException when the device broke a rule
     */
    public abstract boolean collect();

    /**
     * Returns whether {@link #collect} would find a used chain.
     *
     * @return true when the device has used a chain that is not collected yet
     */
    public abstract boolean hasUsed();

    /** Disables interrupts. */
    public abstract void disableInterrupts();

    /**
     * Requests an interrupt after a number of further used chains; without EVENT_IDX, at the next used chain.
     *
     * @param chains number of chains after those collected, 1 to the number in flight
     * @return true when that many chains are used already: the device may then send no interrupt, so the caller must
     *     collect again
     */
    public abstract boolean enableInterruptsAfter(int chains);

    /**
     * Returns the position at which the device continues after the chains that it has used: the value that
     * GET_VRING_BASE must return and SET_VRING_BASE must set.
     *
     * @return the position, in the format of those messages
     */
    public abstract int deviceBase();

    /**
     * Requests an interrupt at the next used chain.
     *
     * @return true when there are used chains already: the device may send no interrupt for them, so the caller must
     *     collect again
     */
    public final boolean enableInterrupts() {
        return enableInterruptsAfter(1);
    }

    /**
     * Returns the ID of the chain that {@link #collect} collected last.
     *
     * @return the ID that {@link #offer} returned for the chain
     */
    public final int usedId() {
        return usedId;
    }

    /**
     * Returns the number of bytes that the device wrote into the chain that {@link #collect} collected last.
     *
     * @return the number of bytes, an unsigned 32-bit number; for a chain of an IN_ORDER batch before the last one, its
     *     whole writable length
     */
    public final int usedLength() {
        return usedLength;
    }

    /**
     * Returns the memory of the queue.
     *
     * @return the memory that was passed to the constructor
     */
    public final DriverMemory memory() {
        return memory;
    }

    /**
     * Returns the queue's size.
     *
     * @return number of entries
     */
    public final int size() {
        return size;
    }

    /**
     * Returns the address of the descriptors.
     *
     * @return guest-physical address
     */
    public final long descAddress() {
        return descAddress;
    }

    /**
     * Returns the address of the part that the driver writes: the available ring or the driver event suppression
     * structure.
     *
     * @return guest-physical address
     */
    public final long availAddress() {
        return driverAddress;
    }

    /**
     * Returns the address of the part that the device writes: the used ring or the device event suppression structure.
     *
     * @return guest-physical address
     */
    public final long usedAddress() {
        return deviceAddress;
    }

    /**
     * Returns the address of the indirect table of a chain.
     *
     * @param id ID of the chain, 0 to size - 1
     * @return guest-physical address
     */
    public final long tableAddress(int id) {
        return tablesAddress + tableOffset(id);
    }

    final long tableOffset(int id) {
        return (long) id * indirectCapacity * DESCRIPTOR_BYTES;
    }

    /**
     * Returns the number of free descriptors.
     *
     * @return 0 to size
     */
    public final int freeDescriptors() {
        return free;
    }

    /**
     * Returns the number of chains that were offered and not collected.
     *
     * @return 0 to size
     */
    public final int inFlight() {
        return inFlight;
    }
}
