// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The in-flight region of a queue with a packed ring (vhost-user protocol, "Inflight I/O tracking"), in the machine's byte
 * order:
 *
 * <pre>
 *   0  u64 features               0
 *   8  u16 version                1; 0: not initialized
 *  10  u16 desc_num
 *  12  u16 free_head
 *  14  u16 old_free_head
 *  16  u16 used_idx
 *  18  u16 old_used_idx
 *  20  u8  used_wrap_counter
 *  21  u8  old_used_wrap_counter
 *  22  u8  padding[7], and 3 more to the alignment of what follows
 *  32  for each descriptor: u8 inflight, u8 padding, u16 next, u16 last, u16 num, u64 counter, u16 id, u16 flags, u32 len,
 *      u64 addr
 * </pre>
 */
public final class InflightPacked {
    private static final int HEADER_BYTES = 32;
    private static final int ENTRY_BYTES = 32;

    private final MemorySegment region;
    private final int queueSize;

    InflightPacked(MemorySegment region, int queueSize) {
        this.region = region;
        this.queueSize = queueSize;
    }

    static long bytes(int queueSize) {
        return HEADER_BYTES + (long) ENTRY_BYTES * queueSize;
    }

    /**
     * A descriptor as the back-end has copied it into the region.
     *
     * @param id the buffer ID
     * @param flags the flags as in the ring
     * @param length the length in bytes, an unsigned 32-bit number
     * @param address the guest-physical address
     */
    public record Descriptor(int id, int flags, int length, long address) {}

    /**
     * Returns the version of the layout.
     *
     * @return 1, or 0 before the back-end has initialized the region
     */
    public int version() {
        return u16(8);
    }

    /**
     * Returns the number of entries.
     *
     * @return the queue's size, once the region is initialized
     */
    public int descNum() {
        return u16(10);
    }

    /**
     * Returns the head of the list of free entries.
     *
     * @return the index of an entry
     */
    public int freeHead() {
        return u16(12);
    }

    /**
     * Returns the head of the list of free entries before the update in progress.
     *
     * @return the index of an entry
     */
    public int oldFreeHead() {
        return u16(14);
    }

    /**
     * Returns the position at which the device writes the next used descriptor.
     *
     * @return the index, with the wrap counter in bit 15, as in SET_VRING_BASE
     */
    public int used() {
        return u16(16) | u8(20) << 15;
    }

    /**
     * Returns the position of the next used descriptor before the update in progress.
     *
     * @return the index, with the wrap counter in bit 15, as in SET_VRING_BASE
     */
    public int oldUsed() {
        return u16(18) | u8(21) << 15;
    }

    /**
     * Returns the chains that the back-end has popped and not yet used.
     *
     * @return the entries of the chains' heads, in the order in which they were popped
     */
    public List<Integer> inflight() {
        List<Integer> heads = new ArrayList<>();
        for (int i = 0; i < queueSize; i++) {
            if (u8(entry(i)) != 0) {
                heads.add(i);
            }
        }
        heads.sort(Comparator.comparing(
                head -> region.get(ValueLayout.JAVA_LONG_UNALIGNED, entry(head) + 8), Long::compareUnsigned));
        return heads;
    }

    /**
     * Returns the descriptors of a chain.
     *
     * @param head the index of the entry of its head
     * @return the descriptors, at most as many as the queue has, even if the links form a loop
     */
    public List<Descriptor> chain(int head) {
        List<Descriptor> chain = new ArrayList<>();
        int count = Math.min(u16(entry(head) + 6), queueSize);
        int at = head;
        for (int i = 0; i < count && at < queueSize; i++) {
            long entry = entry(at);
            chain.add(new Descriptor(
                    u16(entry + 16),
                    u16(entry + 18),
                    region.get(ValueLayout.JAVA_INT_UNALIGNED, entry + 20),
                    region.get(ValueLayout.JAVA_LONG_UNALIGNED, entry + 24)));
            at = u16(entry + 2);
        }
        return chain;
    }

    private static long entry(int index) {
        return HEADER_BYTES + (long) ENTRY_BYTES * index;
    }

    private int u8(long at) {
        return region.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    private int u16(long at) {
        return region.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
    }
}
