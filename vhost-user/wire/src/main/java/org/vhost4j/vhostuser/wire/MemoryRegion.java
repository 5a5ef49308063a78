// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * A memory region description (vhost-user protocol, "Payload"). All numbers are unsigned.
 *
 * @param guestAddress guest-physical address of the first byte
 * @param size size in bytes
 * @param userAddress address of the first byte in the front-end's own address space
 * @param mmapOffset offset of the region in its file
 */
public record MemoryRegion(long guestAddress, long size, long userAddress, long mmapOffset) {
    /** Size of a description in bytes. */
    public static final int BYTES = 32;

    /**
     * Reads a description.
     *
     * @param payload the payload
     * @param offset offset of the description in the payload
     * @return the region
     */
    public static MemoryRegion read(MemorySegment payload, long offset) {
        return new MemoryRegion(
                payload.get(JAVA_LONG_UNALIGNED, offset),
                payload.get(JAVA_LONG_UNALIGNED, offset + 8),
                payload.get(JAVA_LONG_UNALIGNED, offset + 16),
                payload.get(JAVA_LONG_UNALIGNED, offset + 24));
    }

    /**
     * Writes the description.
     *
     * @param payload the payload
     * @param offset offset of the description in the payload
     */
    public void write(MemorySegment payload, long offset) {
        payload.set(JAVA_LONG_UNALIGNED, offset, guestAddress);
        payload.set(JAVA_LONG_UNALIGNED, offset + 8, size);
        payload.set(JAVA_LONG_UNALIGNED, offset + 16, userAddress);
        payload.set(JAVA_LONG_UNALIGNED, offset + 24, mmapOffset);
    }

    /**
     * Checks the values.
     *
     * @param request request with this payload
     * @throws ProtocolException when the region is empty, larger than 2^63 - 1 bytes, or wraps at the end of guest
     *     addresses, user addresses or file offsets
     */
    public void validate(Request request) throws ProtocolException {
        if (size <= 0) {
            throw new ProtocolException(
                    request.name(),
                    "region at guest address 0x%x has %s bytes".formatted(guestAddress, Long.toUnsignedString(size)),
                    "1 to 2^63-1 are allowed");
        }
        ends(request, "guest address", guestAddress);
        ends(request, "user address", userAddress);
        ends(request, "mmap offset", mmapOffset);
    }

    private void ends(Request request, String what, long start) throws ProtocolException {
        if (Long.compareUnsigned(start + (size - 1), start) < 0) {
            throw new ProtocolException(
                    request.name(),
                    "region at %s 0x%x with 0x%x bytes wraps".formatted(what, start, size),
                    "it must end below 2^64");
        }
    }

    /**
     * Returns whether two regions share a guest or a user address. Neither may wrap.
     *
     * @param other the other region
     * @return true when they overlap
     */
    public boolean overlaps(MemoryRegion other) {
        return overlap(guestAddress, size, other.guestAddress, other.size)
                || overlap(userAddress, size, other.userAddress, other.size);
    }

    private static boolean overlap(long a, long aSize, long b, long bSize) {
        // Ranges that do not wrap overlap exactly when one of them begins inside the other.
        return Long.compareUnsigned(b - a, aSize) < 0 || Long.compareUnsigned(a - b, bSize) < 0;
    }

    /**
     * Returns whether REM_MEM_REG with this description removes the given region. The mmap offset is ignored.
     *
     * @param other the other region
     * @return true when guest address, user address and size are equal
     */
    public boolean matches(MemoryRegion other) {
        return guestAddress == other.guestAddress && userAddress == other.userAddress && size == other.size;
    }

    /**
     * Returns the region as text for an error message.
     *
     * @return its addresses, size and offset
     */
    @Override
    public String toString() {
        return "guest address 0x%x, user address 0x%x, 0x%x bytes, mmap offset 0x%x"
                .formatted(guestAddress, userAddress, size, mmapOffset);
    }
}
