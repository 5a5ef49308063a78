// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.time.Duration;
import java.util.List;

/**
 * How thoroughly to measure.
 *
 * @param rounds in each of which every contender has one turn
 * @param turn how long a turn is measured
 * @param warmUp how long frames flow before the first round
 * @param steady how long allocation and pauses are watched
 * @param depth which cases
 * @param frontEndCore where the front-ends run
 * @param backEndCores where the back-ends run: on the first of these, or on all of them when they have several lanes
 */
record Plan(
        int rounds,
        Duration turn,
        Duration warmUp,
        Duration steady,
        Depth depth,
        int frontEndCore,
        List<Integer> backEndCores) {
    /** Descriptors of each ring: the most that QEMU and dpdk-testpmd know. */
    static final int RING_SIZE = 1024;

    /** Which cases are measured. */
    enum Depth {
        /** The most important cases. */
        QUICK,
        /** Those that say something new. */
        NORMAL,
        /** Every combination. */
        FULL
    }

    Plan {
        backEndCores = List.copyOf(backEndCores);
    }

    /** Where all back-ends run that have one lane. */
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
