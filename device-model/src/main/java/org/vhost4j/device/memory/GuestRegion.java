// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import java.lang.foreign.MemorySegment;

/**
 * One region of a front-end's memory table (vhost-user, "Memory region description"), mapped.
 *
 * @param guestAddress guest-physical address of the first byte
 * @param size size in bytes, at least 1
 * @param userAddress address of the first byte in the front-end's own address space, which ring addresses use
 * @param memory the mapping in this process, exactly {@code size} bytes
 */
public record GuestRegion(long guestAddress, long size, long userAddress, MemorySegment memory) {
    /** Checks the values. */
    public GuestRegion {
        if (size <= 0) {
            throw new MemoryFault("memory region at guest address 0x%x has the size %s"
                    .formatted(guestAddress, Long.toUnsignedString(size)));
        }
        if (Long.compareUnsigned(guestAddress + size - 1, guestAddress) < 0) {
            throw new MemoryFault("memory region at guest address 0x%x with 0x%x bytes wraps the address space"
                    .formatted(guestAddress, size));
        }
        if (Long.compareUnsigned(userAddress + size - 1, userAddress) < 0) {
            throw new MemoryFault("memory region at user address 0x%x with 0x%x bytes wraps the address space"
                    .formatted(userAddress, size));
        }
        if (memory.byteSize() != size || !memory.isNative()) {
            throw new MemoryFault("memory region at guest address 0x%x has 0x%x bytes but its mapping has 0x%x"
                    .formatted(guestAddress, size, memory.byteSize()));
        }
    }

    /**
     * Returns whether two regions share a guest-physical address.
     *
     * @param other another region
     * @return true when they overlap
     */
    public boolean overlapsGuest(GuestRegion other) {
        return overlap(guestAddress, size, other.guestAddress, other.size);
    }

    /**
     * Returns whether two regions share an address of the front-end.
     *
     * @param other another region
     * @return true when they overlap
     */
    public boolean overlapsUser(GuestRegion other) {
        return overlap(userAddress, size, other.userAddress, other.size);
    }

    private static boolean overlap(long a, long aSize, long b, long bSize) {
        // Neither range wraps, so one of the two starts inside the other exactly when they overlap.
        return Long.compareUnsigned(b - a, aSize) < 0 || Long.compareUnsigned(a - b, bSize) < 0;
    }
}
