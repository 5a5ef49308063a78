// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The in-flight region of a queue with a split ring (vhost-user protocol, "Inflight I/O tracking"), in the machine's byte order:
 *
 * <pre>
 *   0  u64 features         0
 *   8  u16 version          1; 0: not initialized
 *  10  u16 desc_num
 *  12  u16 last_batch_head
 *  14  u16 used_idx
 *  16  for each descriptor: u8 inflight, u8 padding[5], u16 next, u64 counter
 * </pre>
 */
public final class InflightSplit {
    private static final int HEADER_BYTES = 16;
    private static final int ENTRY_BYTES = 16;

    private final MemorySegment region;
    private final int queueSize;

    InflightSplit(MemorySegment region, int queueSize) {
        this.region = region;
        this.queueSize = queueSize;
    }

    static long bytes(int queueSize) {
        return HEADER_BYTES + (long) ENTRY_BYTES * queueSize;
    }

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
     * Returns the head of the list of the last batch of used descriptors.
     *
     * @return the index of a descriptor
     */
    public int lastBatchHead() {
        return u16(12);
    }

    /**
     * Returns the index of the used ring that the back-end recorded after the last batch.
     *
     * @return the index, 0 to 65535
     */
    public int usedIdx() {
        return u16(14);
    }

    /**
     * Returns the chains that the back-end has popped and not yet used.
     *
     * @return the head descriptors of the chains, in the order in which they were popped
     */
    public List<Integer> inflight() {
        List<Integer> heads = new ArrayList<>();
        for (int i = 0; i < queueSize; i++) {
            if (region.get(ValueLayout.JAVA_BYTE, entry(i)) != 0) {
                heads.add(i);
            }
        }
        heads.sort(Comparator.comparing(this::counter, Long::compareUnsigned));
        return heads;
    }

    /**
     * Returns the counter that defines the order of a chain.
     *
     * @param head the head descriptor of the chain
     * @return the counter, an unsigned 64-bit number
     */
    public long counter(int head) {
        return region.get(ValueLayout.JAVA_LONG_UNALIGNED, entry(head) + 8);
    }

    /**
     * Returns the next descriptor of the last batch.
     *
     * @param head a head descriptor of the batch
     * @return the index of a descriptor
     */
    public int next(int head) {
        return u16(entry(head) + 6);
    }

    private static long entry(int index) {
        return HEADER_BYTES + (long) ENTRY_BYTES * index;
    }

    private int u16(long at) {
        return region.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
    }
}
