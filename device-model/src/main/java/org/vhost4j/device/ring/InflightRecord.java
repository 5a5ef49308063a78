// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * What is written in an {@link InflightRegion} for a queue of one layout. Each store leaves the region so that {@link #recover} finds what
 * is in flight, should the process die after it.
 *
 * <p>All that is needed again while the queue runs is kept here, too, because the region may say anything by then.
 */
abstract sealed class InflightRecord permits SplitInflight, PackedInflight {
    final InflightRegion region;
    final String name;
    final int size;
    final int entries;

    /** The sequence number of the next chain to be taken. */
    long counter;

    /** The entries of the chains that were in flight, in the order in which they were taken. */
    int[] found = new int[0];

    InflightRecord(InflightRegion region, String name, int size) {
        this.region = region;
        this.name = name;
        this.size = size;
        this.entries = region.entries();
        if (size > entries) {
            throw fault("has entries for %d descriptors, less than the %d of the ring".formatted(entries, size));
        }
    }

    /** Initializes the region of a queue in which nothing is in flight, except for its version. */
    abstract void begin(int base);

    /**
     * Finds out what is in flight, and finishes what a process had begun that has died.
     *
     * @throws RingFault with the contradiction
     */
    abstract void recover();

    /** The queue after what was {@link #found}, as if it had popped that. */
    abstract RingVirtqueue ring();

    /** Reads a chain that was found, and translates it. */
    abstract void read(int which, Chain chain);

    /** What names a chain that was found to the queue. */
    abstract int id(int which);

    /**
     * A chain was popped: it is in flight when this returns.
     *
     * @param id as in {@link Chain#id}
     * @param index of its first descriptor in the ring
     * @return its entry
     * @throws RingFault when it is in flight already
     */
    abstract int take(int id, int index);

    /** The chain taken last that is not used goes back into the ring. */
    abstract void release(int entry);

    /** A chain is used by the publication that comes next. */
    abstract void use(int entry);

    /** All of them are; the driver is shown them next. */
    abstract void publishing();

    /** The driver was shown a chain: it is not in flight any more. */
    abstract void clear(int entry);

    /** All of them are cleared. */
    abstract void published();

    final RingFault fault(String what) {
        return InflightRegion.fault(name, what);
    }

    /** The front-end and the next process see what was stored before no later than what is stored after this. */
    static void ordered() {
        VarHandle.releaseFence();
    }

    /**
     * Orders chains that were found.
     *
     * @param heads their entries in any order
     * @param counters what orders them, as unsigned numbers
     * @param count how many there are
     */
    final void order(int[] heads, long[] counters, int count) {
        long[] sorted = new long[count];
        for (int i = 0; i < count; i++) {
            sorted[i] = counters[i] ^ Long.MIN_VALUE;
        }
        Arrays.sort(sorted);
        int[] ordered = new int[count];
        for (int i = 0; i < count; i++) {
            long key = counters[i] ^ Long.MIN_VALUE;
            int at = Arrays.binarySearch(sorted, key);
            if ((at + 1 < count && sorted[at + 1] == key) || (at > 0 && sorted[at - 1] == key)) {
                throw fault("has several chains with the counter " + Long.toUnsignedString(counters[i]));
            }
            ordered[at] = heads[i];
        }
        found = ordered;
        counter = count == 0 ? 0 : (sorted[count - 1] ^ Long.MIN_VALUE) + 1;
        if (count != 0 && counter == 0) {
            throw fault("has a chain with the counter " + Long.toUnsignedString(-1) + ", which no other can follow");
        }
    }
}
