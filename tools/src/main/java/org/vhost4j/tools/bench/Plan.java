// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.time.Duration;
import java.util.List;

/**
 * What is measured.
 *
 * @param rows one after the other
 * @param rounds in each of which every back-end has one turn
 * @param turn how long a turn is measured
 * @param warmUp how long frames flow before the first round
 * @param frontEndCore where the front-ends run
 * @param backEndCore where the back-ends run
 */
record Plan(List<Row> rows, int rounds, Duration turn, Duration warmUp, int frontEndCore, int backEndCore) {
    /** Descriptors of each ring: the most that QEMU and dpdk-testpmd know. */
    static final int RING_SIZE = 1024;
}
