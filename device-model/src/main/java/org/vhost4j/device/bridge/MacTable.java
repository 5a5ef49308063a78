// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.vhost4j.device.frame.MacAddress;

/**
 * Which port a station is behind: {@value #BUCKETS} buckets of {@value #WAYS} entries. A full bucket forgets its oldest
 * entry, so a guest that invents addresses costs others a flooded frame and never memory.
 *
 * <p>The bridges of several lanes may share one: what one of them hears all of them know. An entry is one word, which is read and
 * replaced as a whole; there is no lock. The reads that each frame costs are plain ones: a lane's turn ends with a native call, behind
 * which nothing of before is kept.
 */
final class MacTable {
    private static final int BUCKETS = 1024;
    private static final int WAYS = 4;

    /** The most stations that are known at a time. */
    static final int CAPACITY = BUCKETS * WAYS;

    private static final int PORT_BITS = 16;
    private static final int PORT_MASK = (1 << PORT_BITS) - 1;

    /** In {@link #entries}: none. */
    private static final long NONE = 0;

    /** In {@link #last}: no station, which has 48 bits. */
    private static final long NOBODY = -1;

    private static final VarHandle SLOT =
            MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();

    /** A station's address above the number of its port, which counts from 1 here. */
    private final long[] entries = new long[CAPACITY];

    private final AtomicIntegerArray oldest = new AtomicIntegerArray(BUCKETS);

    /**
     * The station that was heard last on each port: while the table has an entry for it, there is nothing to be learned. Written by
     * the port's lane, and by the lane that takes the entry away.
     */
    private long[] last = new long[0];

    /** A table without stations and ports. */
    MacTable() {}

    /** Makes room for so many ports. Before frames move. */
    void ports(int count) {
        int before = last.length;
        if (count > PORT_MASK) {
            throw new IllegalArgumentException("a bridge has " + PORT_MASK + " ports at most, not " + count);
        }
        if (count > before) {
            last = Arrays.copyOf(last, count);
            Arrays.fill(last, before, count, NOBODY);
        }
    }

    /** The port of a station, or -1 when it was never heard or is forgotten. */
    int find(long station) {
        int first = bucket(station) * WAYS;
        for (int i = first; i < first + WAYS; i++) {
            long entry = entries[i];
            if (entry >>> PORT_BITS == station && entry != NONE) {
                return port(entry);
            }
        }
        return -1;
    }

    /** A station was heard on a port, by the lane that the port is on. */
    void heard(long station, int onPort) {
        if (last[onPort] != station && !MacAddress.isGroup(station)) {
            // In this order: a lane that takes the entry away looks here afterwards.
            SLOT.setOpaque(last, onPort, station);
            learn(station, onPort);
        }
    }

    private void learn(long station, int onPort) {
        long now = station << PORT_BITS | onPort + 1;
        long before;
        int at;
        do {
            at = slotFor(station);
            before = (long) SLOT.getOpaque(entries, at);
        } while (!SLOT.compareAndSet(entries, at, before, now));
        if (before != NONE && port(before) != onPort) {
            // Should that station be heard there again, it is to be learned again.
            boolean unused = SLOT.compareAndSet(last, port(before), before >>> PORT_BITS, NOBODY);
        }
    }

    /** Where a station is, or else what is to give way to it. */
    private int slotFor(long station) {
        int bucket = bucket(station);
        int first = bucket * WAYS;
        for (int i = first; i < first + WAYS; i++) {
            long entry = (long) SLOT.getOpaque(entries, i);
            if (entry >>> PORT_BITS == station && entry != NONE) {
                return i;
            }
        }
        return first + (oldest.getAndIncrement(bucket) & WAYS - 1);
    }

    private static int port(long entry) {
        return ((int) entry & PORT_MASK) - 1;
    }

    /** Forgets every station behind a port. */
    void forget(int ofPort) {
        for (int i = 0; i < entries.length; i++) {
            long entry = (long) SLOT.getOpaque(entries, i);
            if (port(entry) == ofPort) {
                boolean unused = SLOT.compareAndSet(entries, i, entry, NONE);
            }
        }
        SLOT.setOpaque(last, ofPort, NOBODY);
    }

    private static int bucket(long station) {
        return (int) ((station * 0x9e3779b97f4a7c15L) >>> 54);
    }
}
