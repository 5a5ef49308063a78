// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * A front-end that reads the dirty log at the worst moments: it fetches and clears each bit as soon as it is set, and
 * copies the page immediately. So a write to a page after its last mark is missing from the copy.
 */
public final class MigratedMemory extends DirtyLog {
    private final List<GuestRegion> regions;
    private final List<MemorySegment> copies;
    private long marks;

    /**
     * Creates a log, and copies the current contents of all memory.
     *
     * @param memory the memory table
     * @param end guest-physical address after the last byte that the log covers
     */
    public MigratedMemory(GuestMemory memory, long end) {
        // This memory is never written.
        super(MemorySegment.ofAddress(Long.BYTES).reinterpret(Math.ceilDiv(end, PAGE * Byte.SIZE)));
        regions = memory.regions();
        copies = regions.stream()
                .map(region -> Arena.ofAuto().allocate(region.size()))
                .toList();
        copyAll();
    }

    /**
     * Copies all memory again. Called after only the guest ran, because a hypervisor tracks the guest's own writes
     * itself.
     */
    public void copyAll() {
        for (int i = 0; i < copies.size(); i++) {
            copies.get(i).copyFrom(regions.get(i).memory());
        }
    }

    /**
     * Runs a step of the guest while writes of the device are not marked yet: only the bytes that the step changes are
     * copied.
     *
     * @param step the step of the guest
     * @return the step's result
     */
    public boolean guestRuns(BooleanSupplier step) {
        List<MemorySegment> before = regions.stream()
                .map(region -> MemorySegment.ofArray(region.memory().toArray(ValueLayout.JAVA_BYTE)))
                .toList();
        boolean result = step.getAsBoolean();
        for (int i = 0; i < before.size(); i++) {
            MemorySegment now = regions.get(i).memory();
            long at = 0;
            while (at < now.byteSize()) {
                long next = before.get(i).asSlice(at).mismatch(now.asSlice(at));
                if (next < 0) {
                    break;
                }
                at += next;
                MemorySegment.copy(now, at, copies.get(i), at, 1);
                at++;
            }
        }
        return result;
    }

    /**
     * Compares the copy with the memory.
     *
     * @return the guest-physical address of the first byte that differs, or -1 when none does
     */
    public long lost() {
        for (int i = 0; i < copies.size(); i++) {
            long at = copies.get(i).mismatch(regions.get(i).memory());
            if (at >= 0) {
                return regions.get(i).guestAddress() + at;
            }
        }
        return -1;
    }

    /**
     * Returns the number of pages that were marked.
     *
     * @return marks since the beginning
     */
    public long marks() {
        return marks;
    }

    @Override
    void mark(long word, long bits) {
        for (long left = bits; left != 0; left &= left - 1) {
            copy((word * Long.SIZE + Long.numberOfTrailingZeros(left)) * PAGE);
            marks++;
        }
    }

    private void copy(long page) {
        for (int i = 0; i < regions.size(); i++) {
            GuestRegion region = regions.get(i);
            long from = Math.max(page, region.guestAddress()) - region.guestAddress();
            long to = Math.min(page + PAGE, region.guestAddress() + region.size()) - region.guestAddress();
            if (from < to) {
                MemorySegment.copy(region.memory(), from, copies.get(i), from, to - from);
            }
        }
    }
}
