// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.time.Duration;

/**
 * How thoroughly to measure.
 *
 * @param rounds in each of which every contender has one turn
 * @param turn how long a turn is measured
 * @param warmUp how long frames flow before the first round
 * @param steady how long allocation and pauses are watched
 * @param depth which cases
 * @param frontEndCore where the front-ends run
 * @param backEndCore where the back-ends run
 */
record Plan(
        int rounds, Duration turn, Duration warmUp, Duration steady, Depth depth, int frontEndCore, int backEndCore) {
    /** Descriptors of each ring: the most that QEMU and dpdk-testpmd know. */
    static final int RING_SIZE = 1024;

    /** Which cases are measured. */
    enum Depth {
        /** The most important ones. */
        QUICK,
        /** Those that say something new. */
        NORMAL,
        /** Every combination. */
        FULL
    }

    boolean quick() {
        return depth == Depth.QUICK;
    }

    boolean full() {
        return depth == Depth.FULL;
    }
}
