// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.time.Duration;
import java.util.List;

/**
 * The extent of the measurements.
 *
 * @param rounds number of rounds, in each of which every contender has one turn
 * @param turn duration of a turn
 * @param warmUp time for which frames flow before the first round
 * @param steady time for which allocation and pauses are observed
 * @param depth the cases to measure
 * @param frontEndCore core of the front-ends
 * @param backEndCores cores of the back-ends: those with one lane run on the first of these, those with several lanes
 *     on all
 */
record Plan(
        int rounds,
        Duration turn,
        Duration warmUp,
        Duration steady,
        Depth depth,
        int frontEndCore,
        List<Integer> backEndCores) {
    /** Number of descriptors of each ring: the maximum of QEMU and dpdk-testpmd. */
    static final int RING_SIZE = 1024;

    /** The selection of cases. */
    enum Depth {
        /** The most important cases. */
        QUICK,
        /** Cases that differ in a relevant way. */
        NORMAL,
        /** Every combination. */
        FULL
    }

    Plan {
        backEndCores = List.copyOf(backEndCores);
    }

    /** Returns the core of back-ends with one lane. */
    int backEndCore() {
        return backEndCores.getFirst();
    }

    boolean quick() {
        return depth == Depth.QUICK;
    }

    boolean full() {
        return depth == Depth.FULL;
    }
}
