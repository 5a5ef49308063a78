// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

/**
 * One round: each back-end's turn, one right after the other.
 *
 * @param dpdk DPDK's
 * @param ours ours
 */
record Round(Turn dpdk, Turn ours) {
    /** Who has less of its core than this was held up by other programs. */
    private static final double UNDISTURBED_SHARE = 0.95;

    /** Ours over theirs. */
    double ratio() {
        return ours.rate() / dpdk.rate();
    }

    /** Whether one of the four processes had to share its core with other programs. */
    boolean disturbed() {
        return Math.min(dpdk.share(), ours.share()) < UNDISTURBED_SHARE;
    }
}
