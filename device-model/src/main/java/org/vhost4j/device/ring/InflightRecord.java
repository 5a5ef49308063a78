// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Reads and writes the contents of an {@link InflightRegion} for a queue of one layout. If the process dies after any
 * of these stores, {@link #recover} still finds the chains in flight.
 *
 * <p>This object keeps its own copy of the values that it needs while the queue runs, because the front-end may write
 * to the region.
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

    /** Initializes the region, except for its version, for a queue without chains in flight. */
    abstract void begin(int base);

    /**
     * Finds the chains in flight. Completes an update of the region that a process had begun when it died.
     *
     * @throws RingFault when the region contradicts itself or the ring; the message names the contradiction
     */
    abstract void recover();

    /** Returns the ring's queue, at the position after the {@link #found} chains, as if it had popped them. */
    abstract RingVirtqueue ring();

    /** Reads and translates the chain whose index in {@link #found} is {@code which}. */
    abstract void read(int which, Chain chain);

    /** Returns the {@link Chain#id} of the chain whose index in {@link #found} is {@code which}. */
    abstract int id(int which);

    /**
     * Records that a chain was popped: it is in flight when this returns.
     *
     * @param id as in {@link Chain#id}
     * @param index index of the chain's first descriptor in the ring
     * @return the chain's entry
     * @throws RingFault when the chain is already in flight
     */
    abstract int take(int id, int index);

    /** Records that the chain popped last is returned to the ring unused. */
    abstract void release(int entry);

    /** Records that a chain is used by the next publication. */
    abstract void use(int entry);

    /** Records that all used chains were added to the ring and are published next. */
    abstract void publishing();

    /** Records that a used chain was published: it is not in flight any more. */
    abstract void clear(int entry);

    /** Records that all published chains were cleared. */
    abstract void published();

    final RingFault fault(String what) {
        return InflightRegion.fault(name, what);
    }

    /**
     * Orders stores: the front-end and the next process see the stores before this call no later than those after it.
     */
    static void ordered() {
        VarHandle.releaseFence();
    }

    /**
     * Sorts the chains that were found by their sequence numbers into {@link #found}.
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
            throw fault("has a chain with the counter " + Long.toUnsignedString(-1) + ", the highest possible");
        }
    }
}
