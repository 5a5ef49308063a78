// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What a front-end makes of the log of dirty pages, at the worst moments there are: it fetches and clears each mark as soon as it is
 * set, and copies the page at once. What is written to a page after its last mark is lost.
 */
public final class MigratedMemory extends DirtyLog {
    private final List<GuestRegion> regions;
    private final List<MemorySegment> copies;
    private long marks;

    /**
     * A copy of all memory as it is now.
     *
     * @param memory the memory table
     * @param end the guest-physical address after the last byte that the log is for
     */
    public MigratedMemory(GuestMemory memory, long end) {
        // Nothing is ever written there.
        super(MemorySegment.ofAddress(Long.BYTES).reinterpret(Math.ceilDiv(end, PAGE * Byte.SIZE)));
        regions = memory.regions();
        copies = regions.stream()
                .map(region -> Arena.ofAuto().allocate(region.size()))
                .toList();
        copyAll();
    }

    /** The guest ran, and nothing else: a hypervisor knows itself what a guest writes. */
    public void copyAll() {
        for (int i = 0; i < copies.size(); i++) {
            copies.get(i).copyFrom(regions.get(i).memory());
        }
    }

    /**
     * The guest runs while something of the device is not marked yet: only what changes meanwhile is copied.
     *
     * @param step what the guest does
     * @return what the step gives
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
     * What the copy lacks.
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
     * The number of pages that were marked.
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
