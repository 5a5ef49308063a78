// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A front-end's memory table: translates guest-physical addresses to host addresses. The regions never change; a new
 * table is a new object. Behind an IOMMU it translates I/O virtual addresses instead, and {@link Translations} changes
 * its ranges.
 *
 * <p>Confined to one lane: {@link #translate} caches the region of the last address.
 */
public final class GuestMemory {
    /** A table without regions: no address is valid. */
    public static final GuestMemory EMPTY = new GuestMemory(List.of());

    private final List<GuestRegion> regions;
    private final boolean translated;
    private final GuestMemory writeView;

    /** The first address of each region: in ascending unsigned order behind an IOMMU, otherwise in any order. */
    private long[] guestBase;

    private long[] size;
    private long[] hostBase;
    private int count;
    private int hint;

    private GuestMemory(List<GuestRegion> regions) {
        this.regions = List.copyOf(regions);
        translated = false;
        writeView = this;
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
        count = n;
    }

    /** Creates an empty view behind an IOMMU; creates a second one for writing when {@code other} is null. */
    private GuestMemory(@Nullable GuestMemory other) {
        regions = List.of();
        translated = true;
        guestBase = new long[0];
        size = new long[0];
        hostBase = new long[0];
        writeView = other == null ? new GuestMemory(this) : other;
    }

    /** Creates two empty views behind an IOMMU: the returned one for reading, its writeView for writing. */
    static GuestMemory translated() {
        return new GuestMemory((GuestMemory) null);
    }

    GuestMemory writeView() {
        return writeView;
    }

    /** Replaces the accessible memory by ranges in ascending order. */
    void replaceRanges(long[] bases, long[] sizes, long[] hosts, int ranges) {
        guestBase = bases;
        size = sizes;
        hostBase = hosts;
        count = ranges;
        hint = 0;
    }

    /**
     * Returns the memory that the device may write: this object, or behind an IOMMU the ranges that are mapped for
     * writing.
     *
     * @return a view with the same addresses
     */
    public GuestMemory forWriting() {
        return writeView;
    }

    /**
     * Returns whether addresses are I/O virtual addresses. If so, a failed translation may be an IOTLB miss.
     *
     * @return true behind an IOMMU
     */
    public boolean isTranslated() {
        return translated;
    }

    /**
     * Creates a table of regions.
     *
     * @param regions the regions in any order
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
     * Returns the regions of this table.
     *
     * @return an immutable list
     */
    public List<GuestRegion> regions() {
        return regions;
    }

    /**
     * Translates a range of guest-physical addresses.
     *
     * @param guestAddress guest-physical address of the first byte
     * @param bytes number of bytes, 0 or more
     * @return the host address, or 0 when the range is not inside one region
     */
    public long translate(long guestAddress, long bytes) {
        int i = hint;
        if (i < count) {
            long offset = guestAddress - guestBase[i];
            if (offset >= 0 && bytes <= size[i] - offset) {
                return hostBase[i] + offset;
            }
        }
        return search(guestAddress, bytes);
    }

    private long search(long guestAddress, long bytes) {
        int i = find(guestAddress);
        if (i < 0 || bytes > size[i] - (guestAddress - guestBase[i])) {
            return 0;
        }
        hint = i;
        return hostBase[i] + (guestAddress - guestBase[i]);
    }

    /** Returns the index of the region that contains an address, or -1. */
    private int find(long guestAddress) {
        return translated ? findSorted(guestAddress) : findAny(guestAddress);
    }

    private int findAny(long guestAddress) {
        for (int i = 0; i < count; i++) {
            long offset = guestAddress - guestBase[i];
            if (offset >= 0 && offset < size[i]) {
                return i;
            }
        }
        return -1;
    }

    private int findSorted(long address) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(address, guestBase[middle]) < 0) {
                high = middle - 1;
            } else if (Long.compareUnsigned(address - guestBase[middle], size[middle]) < 0) {
                return middle;
            } else {
                low = middle + 1;
            }
        }
        return -1;
    }

    /**
     * Returns the number of bytes from a guest-physical address to the end of its region, so that a range that crosses
     * the end of its region can be accessed in parts.
     *
     * @param guestAddress guest-physical address of the first byte
     * @return number of bytes to the region's end, or 0 when the address is in no region
     */
    public long contiguous(long guestAddress) {
        int i = find(guestAddress);
        return i < 0 ? 0 : size[i] - (guestAddress - guestBase[i]);
    }

    /**
     * Returns the memory at an address in the front-end's own address space, which ring addresses use.
     *
     * @param what the purpose of the memory, for the message
     * @param userAddress address of the first byte in the front-end's address space
     * @param bytes number of bytes, at least 1
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
