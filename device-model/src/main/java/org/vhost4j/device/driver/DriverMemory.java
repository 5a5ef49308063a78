// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A region of guest memory for a driver: a segment, the guest-physical address of the segment's first byte, and an
 * allocator that returns guest-physical addresses in ascending order.
 *
 * <p>Multi-byte accessors are little-endian and need no alignment. After construction no method allocates Java objects,
 * except {@link #read(long, int)}.
 */
public final class DriverMemory {
    private static final ValueLayout.OfShort LE16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment segment;
    private final long guestBase;
    private long used;

    /**
     * Wraps a segment.
     *
     * @param segment native memory; aligned as its rings require, at least 16 bytes
     * @param guestBase guest-physical address of the segment's first byte
     */
    public DriverMemory(MemorySegment segment, long guestBase) {
        this.segment = segment;
        this.guestBase = guestBase;
    }

    /**
     * Returns the memory itself.
     *
     * @return the whole segment
     */
    public MemorySegment segment() {
        return segment;
    }

    /**
     * Returns the start of the region.
     *
     * @return guest-physical address of the region's first byte
     */
    public long guestBase() {
        return guestBase;
    }

    /**
     * Returns the size of the region.
     *
     * @return the size in bytes
     */
    public long size() {
        return segment.byteSize();
    }

    /**
     * Returns the first address that is not allocated yet.
     *
     * @return the guest-physical address, for {@link #rewind}
     */
    public long mark() {
        return guestBase + used;
    }

    /**
     * Frees everything that was allocated since a mark.
     *
     * @param mark the address that {@link #mark} returned
     */
    public void rewind(long mark) {
        used = offset(mark);
    }

    /**
     * Allocates memory. Its contents are undefined.
     *
     * @param bytes number of bytes, at least 0
     * @param alignment alignment of the guest-physical address in bytes, a power of two
     * @return guest-physical address of the first byte
     * @throws IllegalStateException when the region is exhausted
     */
    public long allocate(long bytes, long alignment) {
        long from = (guestBase + used + alignment - 1 & -alignment) - guestBase;
        if (bytes < 0 || bytes > segment.byteSize() - from) {
            throw new IllegalStateException("guest memory exhausted: " + bytes + " bytes requested at offset " + from
                    + " of " + segment.byteSize());
        }
        used = from + bytes;
        return guestBase + from;
    }

    /**
     * Returns whether a range of addresses is in this region.
     *
     * @param address guest-physical address of the first byte
     * @param bytes number of bytes
     * @return true when the whole range is in it
     */
    public boolean contains(long address, long bytes) {
        long offset = address - guestBase;
        return offset >= 0 && bytes >= 0 && offset <= segment.byteSize() && bytes <= segment.byteSize() - offset;
    }

    /**
     * Returns the offset of an address in {@link #segment()}.
     *
     * @param address guest-physical address
     * @return offset in bytes; not checked, because each access is checked
     */
    public long offset(long address) {
        return address - guestBase;
    }

    /**
     * Reads 1 byte.
     *
     * @param address guest-physical
     * @return 0 to 255
     */
    public int get8(long address) {
        return segment.get(ValueLayout.JAVA_BYTE, address - guestBase) & 0xff;
    }

    /**
     * Reads 2 bytes, little-endian.
     *
     * @param address guest-physical
     * @return 0 to 65535
     */
    public int get16(long address) {
        return segment.get(LE16, address - guestBase) & 0xffff;
    }

    /**
     * Reads 4 bytes, little-endian.
     *
     * @param address guest-physical address
     * @return the value
     */
    public int get32(long address) {
        return segment.get(LE32, address - guestBase);
    }

    /**
     * Reads 8 bytes, little-endian.
     *
     * @param address guest-physical address
     * @return the value
     */
    public long get64(long address) {
        return segment.get(LE64, address - guestBase);
    }

    /**
     * Writes 1 byte.
     *
     * @param address guest-physical address
     * @param value the value; the low 8 bits are written
     */
    public void put8(long address, int value) {
        segment.set(ValueLayout.JAVA_BYTE, address - guestBase, (byte) value);
    }

    /**
     * Writes 2 bytes, little-endian.
     *
     * @param address guest-physical address
     * @param value the value; the low 16 bits are written
     */
    public void put16(long address, int value) {
        segment.set(LE16, address - guestBase, (short) value);
    }

    /**
     * Writes 4 bytes, little-endian.
     *
     * @param address guest-physical
     * @param value the bits
     */
    public void put32(long address, int value) {
        segment.set(LE32, address - guestBase, value);
    }

    /**
     * Writes 8 bytes, little-endian.
     *
     * @param address guest-physical
     * @param value the bits
     */
    public void put64(long address, long value) {
        segment.set(LE64, address - guestBase, value);
    }

    /**
     * Copies bytes into guest memory.
     *
     * @param address guest-physical address
     * @param bytes array to copy from
     * @param from index of the first byte
     * @param count number of bytes
     */
    public void write(long address, byte[] bytes, int from, int count) {
        MemorySegment.copy(bytes, from, segment, ValueLayout.JAVA_BYTE, address - guestBase, count);
    }

    /**
     * Copies bytes out of guest memory.
     *
     * @param address guest-physical address
     * @param bytes array to copy to
     * @param to index of the first byte
     * @param count number of bytes
     */
    public void read(long address, byte[] bytes, int to, int count) {
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, address - guestBase, bytes, to, count);
    }

    /**
     * Copies bytes out of guest memory into a new array.
     *
     * @param address guest-physical address
     * @param count number of bytes
     * @return a new array with the bytes
     */
    public byte[] read(long address, int count) {
        byte[] bytes = new byte[count];
        read(address, bytes, 0, count);
        return bytes;
    }

    /**
     * Sets bytes of guest memory to one value.
     *
     * @param address guest-physical address of the first byte
     * @param count number of bytes
     * @param value the value; the low 8 bits are written
     */
    public void fill(long address, long count, int value) {
        segment.asSlice(address - guestBase, count).fill((byte) value);
    }
}
