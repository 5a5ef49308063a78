// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.util.BitSet;
import org.vhost4j.device.memory.GuestMemory;

/**
 * The in-flight region of a queue with a split ring (vhost-user protocol, "Inflight I/O tracking"), in the machine's byte order:
 *
 * <pre>
 *   0  u64 features; u16 version; u16 desc_num
 *  12  u16 last_batch_head   the chain used last, head of the list of used chains
 *  14  u16 used_idx          index in the used ring up to which entries were cleared
 *  16  for each descriptor, valid for the head of a chain:
 *        u8 inflight; u8 padding[5]; u16 next (in the list of used chains); u64 counter
 * </pre>
 */
final class SplitInflight extends InflightRecord {
    static final int HEADER_BYTES = 16;
    static final int ENTRY_BYTES = 16;

    private static final int LAST_BATCH_HEAD = 12;
    private static final int USED_IDX = 14;
    private static final int NEXT = 6;
    private static final int COUNTER = 8;

    private final RingParts parts;
    private final GuestMemory memory;
    private final RingFeatures features;
    private final SplitChainReader reader;
    private final boolean[] inFlight;
    private int lastBatchHead;
    private int usedIdx;
    private int batch;
    private int nextAvail;

    SplitInflight(
            InflightRegion region, String name, int size, RingParts parts, GuestMemory memory, RingFeatures features) {
        super(region, name, size);
        this.parts = parts;
        this.memory = memory;
        this.features = features;
        this.reader = new SplitChainReader(name, size, parts.descriptors(), memory, features.indirect());
        this.inFlight = new boolean[size];
    }

    private static long entry(int index) {
        return HEADER_BYTES + (long) ENTRY_BYTES * index;
    }

    private int ringUsedIdx() {
        return (short) SplitLayout.SHORT.get(parts.used(), (long) SplitLayout.IDX) & 0xffff;
    }

    @Override
    void begin(int base) {
        for (int i = 0; i < entries; i++) {
            region.putLong(entry(i), 0);
            region.putLong(entry(i) + COUNTER, 0);
        }
        usedIdx = ringUsedIdx();
        nextAvail = base;
        region.put16(LAST_BATCH_HEAD, 0);
        region.put16(USED_IDX, usedIdx);
    }

    @Override
    void recover() {
        int recorded = region.u16(USED_IDX);
        lastBatchHead = region.u16(LAST_BATCH_HEAD);
        usedIdx = ringUsedIdx();
        BitSet marked = marked();
        int shown = usedIdx - recorded & 0xffff;
        // Without chains in flight, the recorded index belongs to an earlier use of the ring.
        if (shown != 0 && !marked.isEmpty()) {
            clearShown(marked, shown, recorded);
        }
        region.put16(USED_IDX, usedIdx);
        int count = marked.cardinality();
        int[] heads = marked.stream().toArray();
        long[] counters = new long[count];
        for (int i = 0; i < count; i++) {
            counters[i] = region.getLong(entry(heads[i]) + COUNTER);
            inFlight[heads[i]] = true;
        }
        order(heads, counters, count);
        int available =
                ((short) SplitLayout.ALIGNED_SHORT.getAcquire(parts.avail(), (long) SplitLayout.IDX) & 0xffff) - usedIdx
                        & 0xffff;
        if (count > available) {
            throw fault("has %d chains in flight, but the driver has made %d available after used index %d"
                    .formatted(count, available, usedIdx));
        }
        nextAvail = usedIdx + count & 0xffff;
    }

    /** Returns the descriptors that are marked as in flight. */
    private BitSet marked() {
        BitSet marked = new BitSet(entries);
        for (int i = 0; i < entries; i++) {
            int inflight = region.u8(entry(i));
            if (inflight > 1) {
                throw fault("has descriptor %d whose inflight is %d, not 0 or 1".formatted(i, inflight));
            }
            if (inflight == 1) {
                if (i >= size) {
                    throw fault("has descriptor %d in flight in a ring of %d".formatted(i, size));
                }
                marked.set(i);
            }
        }
        return marked;
    }

    /** Clears the entries of chains that a process had published but not cleared when it died. */
    private void clearShown(BitSet marked, int shown, int recorded) {
        if (shown > size) {
            throw fault("has used index %d; that of the ring is %d, more than its size %d ahead"
                    .formatted(recorded, usedIdx, size));
        }
        BitSet seen = new BitSet(size);
        int at = lastBatchHead;
        for (int i = 0; i < shown; i++) {
            if (at >= size) {
                throw fault("has descriptor %d of %d in its list of used chains".formatted(at, size));
            }
            if (seen.get(at)) {
                throw fault("has a list of used chains with a loop at descriptor " + at);
            }
            seen.set(at);
            marked.clear(at);
            region.put8(entry(at), 0);
            at = region.u16(entry(at) + NEXT);
        }
        ordered();
    }

    @Override
    RingVirtqueue ring() {
        return new SplitVirtqueue(name, size, parts, memory, nextAvail, features, QueueProgress.temporary());
    }

    @Override
    void read(int which, Chain chain) {
        reader.read(found[which], chain);
    }

    @Override
    int id(int which) {
        return found[which];
    }

    @Override
    int take(int id, int index) {
        if (inFlight[id]) {
            throw new RingFault("%s: descriptor %d is made available while it is in flight".formatted(name, id));
        }
        inFlight[id] = true;
        region.putLong(entry(id) + COUNTER, counter);
        counter++;
        ordered();
        region.put8(entry(id), 1);
        ordered();
        return id;
    }

    @Override
    void release(int entry) {
        clear(entry);
        ordered();
    }

    @Override
    void use(int entry) {
        region.put16(entry(entry) + NEXT, lastBatchHead);
        ordered();
        region.put16(LAST_BATCH_HEAD, entry);
        lastBatchHead = entry;
        batch++;
    }

    @Override
    void publishing() {
        ordered();
    }

    @Override
    void clear(int entry) {
        inFlight[entry] = false;
        region.put8(entry(entry), 0);
    }

    @Override
    void published() {
        usedIdx = usedIdx + batch & 0xffff;
        batch = 0;
        ordered();
        region.put16(USED_IDX, usedIdx);
        ordered();
    }
}
