// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;

/**
 * The counters of one engine. One lane writes them; any thread may read them. A read is never torn, but may be slightly
 * out of date.
 */
@SuppressWarnings(
        "EnumOrdinal") // The enum's ordinals index the slots only within this process: no ordinal is stored or sent.
public final class OffloadCounters {
    private static final VarHandle SLOT =
            MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();

    private final long[] counts = new long[OffloadCounter.COUNT + BadFrame.COUNT];

    /** Creates counters at 0. */
    public OffloadCounters() {}

    /**
     * Returns the sums of several sets of counters. Any thread may call it.
     *
     * @param all the counters, which may continue counting
     * @return a snapshot of the sums
     */
    public static OffloadCounters sum(List<OffloadCounters> all) {
        OffloadCounters sum = new OffloadCounters();
        for (OffloadCounters each : all) {
            for (int slot = 0; slot < sum.counts.length; slot++) {
                sum.counts[slot] += (long) SLOT.getOpaque(each.counts, slot);
            }
        }
        return sum;
    }

    void add(OffloadCounter counter) {
        add(counter.ordinal());
    }

    void add(BadFrame reason) {
        add(OffloadCounter.COUNT + reason.ordinal());
    }

    void add(OffloadCounter counter, int count) {
        int slot = counter.ordinal();
        SLOT.setOpaque(counts, slot, counts[slot] + count);
    }

    private void add(int slot) {
        SLOT.setOpaque(counts, slot, counts[slot] + 1);
    }

    /**
     * Reads one counter. Any thread may call it.
     *
     * @param counter the counter
     * @return the number
     */
    public long get(OffloadCounter counter) {
        return (long) SLOT.getOpaque(counts, counter.ordinal());
    }

    /**
     * Reads the number of frames that were dropped for one reason. Any thread may call it.
     *
     * @param reason the reason
     * @return the number
     */
    public long get(BadFrame reason) {
        return (long) SLOT.getOpaque(counts, OffloadCounter.COUNT + reason.ordinal());
    }

    /**
     * Reads the number of dropped frames. Any thread may call it.
     *
     * @return the sum over all reasons
     */
    public long bad() {
        long sum = 0;
        for (int i = 0; i < BadFrame.COUNT; i++) {
            sum += (long) SLOT.getOpaque(counts, OffloadCounter.COUNT + i);
        }
        return sum;
    }
}
