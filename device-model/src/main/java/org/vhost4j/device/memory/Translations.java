// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import java.util.Map;
import java.util.TreeMap;

/**
 * The memory that the platform's IOMMU makes accessible to a device (ACCESS_PLATFORM, virtio 1.4 section 6.1): ranges
 * of I/O virtual addresses, their host addresses, and whether the device may read and write them. It is a cache: an
 * access to an address outside its ranges causes an {@link IotlbMiss}.
 *
 * <p>Confined to one lane, like {@link GuestMemory}. Rings use the two views, one for reading and one for writing;
 * changes take effect in both immediately.
 */
public final class Translations {
    /** The maximum number of ranges; adding one more removes the oldest. */
    public static final int MAX_RANGES = 4096;

    /** The ranges, ordered by their first address as an unsigned number. */
    private final TreeMap<Long, Range> ranges = new TreeMap<>(Long::compareUnsigned);

    private final GuestMemory readable = GuestMemory.translated();
    private final GuestMemory writable = readable.writeView();
    private long added;

    /** A range; {@code order} is higher than that of all ranges added before. */
    private record Range(long start, long size, long host, boolean read, boolean write, long order) {}

    /** Creates an empty set of translations. */
    public Translations() {}

    /**
     * Returns the accessible memory.
     *
     * @return the view for reading; {@link GuestMemory#forWriting} is the one for writing
     */
    public GuestMemory memory() {
        return readable;
    }

    /**
     * Adds a range and removes all ranges that overlap it.
     *
     * @param start first I/O virtual address of the range
     * @param size size in bytes, at least 1; the range does not wrap
     * @param host host address of the first byte
     * @param read whether the device may read the range
     * @param write whether the device may write the range
     */
    public void update(long start, long size, long host, boolean read, boolean write) {
        removeOverlapping(start, size);
        if (ranges.size() == MAX_RANGES) {
            Range oldest = null;
            for (Range range : ranges.values()) {
                if (oldest == null || range.order < oldest.order) {
                    oldest = range;
                }
            }
            if (oldest != null) {
                ranges.remove(oldest.start);
            }
        }
        ranges.put(start, new Range(start, size, host, read, write, added++));
        publish();
    }

    /**
     * Removes every range that overlaps the given one. When this returns, none of them is used any more.
     *
     * @param start first I/O virtual address
     * @param size size in bytes, at least 1; the range does not wrap
     */
    public void invalidate(long start, long size) {
        if (removeOverlapping(start, size)) {
            publish();
        }
    }

    /** Removes all ranges. */
    public void clear() {
        ranges.clear();
        publish();
    }

    /**
     * Returns the number of ranges.
     *
     * @return 0 to {@link #MAX_RANGES}
     */
    public int size() {
        return ranges.size();
    }

    private boolean removeOverlapping(long start, long size) {
        boolean removed = false;
        // The whole address space is represented without its last byte, because its size would not fit in 64 bits.
        long last = size == -1 ? -1 : start + (size - 1);
        Map.Entry<Long, Range> before = ranges.floorEntry(last);
        while (before != null) {
            Range range = before.getValue();
            if (Long.compareUnsigned(range.start + (range.size - 1), start) < 0) {
                break;
            }
            ranges.remove(before.getKey());
            removed = true;
            before = ranges.floorEntry(last);
        }
        return removed;
    }

    private void publish() {
        publish(readable, true);
        publish(writable, false);
    }

    /**
     * Updates a view. Merges adjacent ranges whose host addresses are adjacent, too, so that a ring may cross from one
     * to the next.
     */
    private void publish(GuestMemory view, boolean reading) {
        long[] base = new long[ranges.size()];
        long[] size = new long[base.length];
        long[] host = new long[base.length];
        int n = 0;
        for (Range range : ranges.values()) {
            if (!(reading ? range.read : range.write)) {
                continue;
            }
            if (n > 0
                    && base[n - 1] + size[n - 1] == range.start
                    && host[n - 1] + size[n - 1] == range.host
                    && range.start != 0) {
                size[n - 1] += range.size;
            } else {
                base[n] = range.start;
                size[n] = range.size;
                host[n++] = range.host;
            }
        }
        view.replaceRanges(base, size, host, n);
    }
}
