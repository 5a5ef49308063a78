// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A front-end's memory table: from guest-physical addresses to ours. The regions never change; a new table is a new object.
 *
 * <p>Confined to one lane: {@link #translate} keeps the region of the last hit as a hint.
 */
public final class GuestMemory {
    /** A table without a region: no address is valid. */
    public static final GuestMemory EMPTY = new GuestMemory(List.of());

    private final List<GuestRegion> regions;
    private final long[] guestBase;
    private final long[] size;
    private final long[] hostBase;
    private int hint;

    private GuestMemory(List<GuestRegion> regions) {
        this.regions = List.copyOf(regions);
        int n = regions.size();
        guestBase = new long[n];
        size = new long[n];
        hostBase = new long[n];
        for (int i = 0; i < n; i++) {
            GuestRegion region = regions.get(i);
            guestBase[i] = region.guestAddress();
            size[i] = region.size();
            hostBase[i] = region.memory().address();
        }
    }

    /**
     * A table of regions.
     *
     * @param regions in any order
     * @return the table
     * @throws MemoryFault when two regions overlap
     */
    public static GuestMemory of(List<GuestRegion> regions) {
        for (int i = 0; i < regions.size(); i++) {
            for (int j = 0; j < i; j++) {
                GuestRegion a = regions.get(j);
                GuestRegion b = regions.get(i);
                if (a.overlapsGuest(b)) {
                    throw new MemoryFault("memory regions %d and %d overlap: guest addresses 0x%x+0x%x and 0x%x+0x%x"
                            .formatted(j, i, a.guestAddress(), a.size(), b.guestAddress(), b.size()));
                }
                if (a.overlapsUser(b)) {
                    throw new MemoryFault("memory regions %d and %d overlap: user addresses 0x%x+0x%x and 0x%x+0x%x"
                            .formatted(j, i, a.userAddress(), a.size(), b.userAddress(), b.size()));
                }
            }
        }
        return new GuestMemory(regions);
    }

    /**
     * The regions of this table.
     *
     * @return an immutable list
     */
    public List<GuestRegion> regions() {
        return regions;
    }

    /**
     * Where a range of guest-physical memory is mapped.
     *
     * @param guestAddress its first byte
     * @param bytes its length, 0 or more
     * @return the host address, or 0 when the range is not inside one region
     */
    public long translate(long guestAddress, long bytes) {
        int i = hint;
        if (i < size.length) {
            long offset = guestAddress - guestBase[i];
            if (offset >= 0 && bytes <= size[i] - offset) {
                return hostBase[i] + offset;
            }
        }
        return search(guestAddress, bytes);
    }

    private long search(long guestAddress, long bytes) {
        for (int i = 0; i < size.length; i++) {
            long offset = guestAddress - guestBase[i];
            if (offset >= 0 && bytes <= size[i] - offset) {
                hint = i;
                return hostBase[i] + offset;
            }
        }
        return 0;
    }

    /**
     * How many bytes follow a guest-physical address in its region, so that a range which crosses from one region into its
     * neighbour can be taken in parts.
     *
     * @param guestAddress the first byte
     * @return the bytes from there to the region's end, or 0 when the address is in no region
     */
    public long contiguous(long guestAddress) {
        for (int i = 0; i < size.length; i++) {
            long offset = guestAddress - guestBase[i];
            if (offset >= 0 && offset < size[i]) {
                return size[i] - offset;
            }
        }
        return 0;
    }

    /**
     * The memory at an address of the front-end's own address space, as ring addresses are given.
     *
     * @param what what it is for, for the message
     * @param userAddress its first byte
     * @param bytes its length, at least 1
     * @return a segment of that length, alive as long as the region's mapping
     * @throws MemoryFault when the range is not inside one region
     */
    public MemorySegment userSlice(String what, long userAddress, long bytes) {
        for (GuestRegion region : regions) {
            long offset = userAddress - region.userAddress();
            if (offset >= 0 && offset < region.size() && bytes <= region.size() - offset) {
                return region.memory().asSlice(offset, bytes);
            }
        }
        throw new MemoryFault("%s at user address 0x%x with %d bytes is not inside one memory region"
                .formatted(what, userAddress, bytes));
    }
}
