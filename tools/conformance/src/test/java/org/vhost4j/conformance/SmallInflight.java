// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;

/** Where a {@link SmallBackEnd} records chains that are in flight (vhost-user, Inflight I/O tracking, split rings). */
final class SmallInflight {
    private static final int HEADER = 16;
    private static final int ENTRY = 16;
    private static final int ALIGNMENT = 64;
    private static final int MOST_QUEUES = 256;
    private static final int DESCRIPTION_BYTES = 24;

    private final Fault fault;
    private @Nullable MappedFile area;
    private int queues;
    private int queueSize;

    SmallInflight(Fault fault) {
        this.fault = fault;
    }

    /** Whether the front-end wanted one, which it did not get. */
    boolean wanted() {
        return queues > 0 && area == null;
    }

    void clear() {
        queues = 0;
        if (area != null) {
            area.close();
            area = null;
        }
    }

    private static long bytes(int size) {
        return HEADER + (long) ENTRY * size + ALIGNMENT - 1 & -ALIGNMENT;
    }

    /** What answers GET_INFLIGHT_FD: a file, and where the area is in it. */
    record Offer(ByteBuffer payload, Fd file) {}

    /** The payload of GET_INFLIGHT_FD says for how many queues of which size. */
    Offer offer(ByteBuffer payload) {
        payload.position(payload.position() + 2 * Long.BYTES);
        int count = payload.getShort() & 0xffff;
        int size = payload.getShort() & 0xffff;
        if (count == 0 || count > MOST_QUEUES || size == 0) {
            throw new SmallBackEnd.Broken();
        }
        ByteBuffer answer = ByteBuffer.allocate(DESCRIPTION_BYTES)
                .order(ByteOrder.nativeOrder())
                .putLong(count * bytes(size))
                .putLong(0)
                .putShort((short) count)
                .putShort((short) size);
        return new Offer(answer, MemFd.createSealed("inflight", count * bytes(size)));
    }

    /** Takes an area. */
    void set(ByteBuffer payload, Fd file) {
        long bytes = payload.getLong();
        long offset = payload.getLong();
        clear();
        queues = payload.getShort() & 0xffff;
        queueSize = payload.getShort() & 0xffff;
        if (bytes < queues * bytes(queueSize)) {
            throw new SmallMemory.Outside();
        }
        try {
            area = MappedFile.map(file, offset, bytes, "inflight");
        } catch (RuntimeException e) {
            throw new SmallMemory.Outside();
        }
    }

    /** The region of a queue; null when there is no area. */
    @Nullable
    Region of(int queue, int size) {
        MappedFile all = area;
        if (all == null || queue >= queues || size > queueSize) {
            return null;
        }
        return new Region(all.segment().asSlice(queue * bytes(queueSize), bytes(queueSize)), size, fault);
    }

    /** The region of a queue. */
    static final class Region {
        private final MemorySegment region;
        private final int size;
        private final Fault fault;
        private final List<Integer> batch = new ArrayList<>();
        private long counter;

        private Region(MemorySegment region, int size, Fault fault) {
            this.region = region;
            this.size = size;
            this.fault = fault;
        }

        private long entry(int head) {
            return HEADER + (long) ENTRY * head;
        }

        private void put16(long at, int value) {
            region.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) value);
        }

        private int get16(long at) {
            return region.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
        }

        private long counter(int head) {
            return region.get(ValueLayout.JAVA_LONG_UNALIGNED, entry(head) + 8);
        }

        private void mark(int head, boolean inFlight) {
            region.set(ValueLayout.JAVA_BYTE, entry(head), (byte) (inFlight ? 1 : 0));
        }

        /** What another back-end left in flight, in its order; {@code usedIdx} is the used ring's. */
        List<Integer> begin(int usedIdx) {
            if (get16(8) == 0) {
                put16(8, 1);
                put16(10, fault == Fault.INFLIGHT_DESC_NUM ? size - 1 : size);
                put16(14, usedIdx);
                return List.of();
            }
            if (get16(10) != size) {
                throw new SmallMemory.Outside();
            }
            int last = get16(12);
            for (int more = usedIdx - get16(14) & 0xffff; more > 0; more--) {
                // The last batch was shown to the driver, and not cleared.
                if (last >= size || more > size) {
                    throw new SmallMemory.Outside();
                }
                mark(last, false);
                last = get16(entry(last) + 6);
            }
            put16(14, usedIdx);
            List<Integer> heads = new ArrayList<>();
            for (int head = 0; head < size; head++) {
                if (region.get(ValueLayout.JAVA_BYTE, entry(head)) != 0) {
                    heads.add(head);
                    counter = Math.max(counter, counter(head));
                }
            }
            heads.sort(Comparator.comparing(this::counter, Long::compareUnsigned));
            return heads;
        }

        void take(int head) {
            counter++;
            region.set(ValueLayout.JAVA_LONG_UNALIGNED, entry(head) + 8, counter);
            mark(head, true);
        }

        void release(int head) {
            mark(head, false);
        }

        void use(int head) {
            put16(entry(head) + 6, get16(12));
            put16(12, head);
            batch.add(head);
        }

        void published(int usedIdx) {
            if (fault != Fault.INFLIGHT_KEPT) {
                batch.forEach(head -> mark(head, false));
            }
            batch.clear();
            put16(14, usedIdx);
        }
    }
}
