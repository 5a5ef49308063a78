// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Reads and writes the contents of an {@link InflightRegion} for a queue of one layout. After each store {@link
 * #recover} finds the chains in flight, should the process die then.
 *
 * <p>Values that are needed again while the queue runs are kept in this object, too, because the front-end may write to
 * the region.
 */
abstract sealed class InflightRecord permits SplitInflight, PackedInflight {
    final InflightRegion region;
    final String name;
    final int size;
    final int entries;

    /** The sequence number of the next chain to be popped. */
    long counter;

    /** The entries of the chains that were in flight, in the order in which they were popped. */
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
     * Finds the chains in flight, and completes an update that a process had begun when it died.
     *
     * @throws RingFault when the region contradicts itself or the ring; the message names the contradiction
     */
    abstract void recover();

    /** Returns the queue at the position after the {@link #found} chains, as if it had popped them. */
    abstract RingVirtqueue ring();

    /** Reads and translates a chain that was found. */
    abstract void read(int which, Chain chain);

    /** Returns the {@link Chain#id} of a chain that was found. */
    abstract int id(int which);

    /**
     * Records that a chain was popped: it is in flight when this returns.
     *
     * @param id as in {@link Chain#id}
     * @param index of its first descriptor in the ring
     * @return the chain's entry
     * @throws RingFault when it is in flight already
     */
    abstract int take(int id, int index);

    /** Records that the last popped chain is returned to the ring unused. */
    abstract void release(int entry);

    /** Records that the next publication uses a chain. */
    abstract void use(int entry);

    /** Records that all used chains were added; their publication comes next. */
    abstract void publishing();

    /** Records that a used chain was published: it is not in flight any more. */
    abstract void clear(int entry);

    /** Records that all published chains were cleared. */
    abstract void published();

    final RingFault fault(String what) {
        return InflightRegion.fault(name, what);
    }

    /** Orders stores: the front-end and the next process see earlier stores no later than the ones after this. */
    static void ordered() {
        VarHandle.releaseFence();
    }

    /**
     * Sorts the chains that were found.
     *
     * @param heads their entries in any order
     * @param counters their sequence numbers, unsigned
     * @param count number of chains
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
