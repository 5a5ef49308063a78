// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

/**
 * The frame counts of both sides of a pair over its whole lifetime.
 *
 * @param frontEnd the number of frames that the front-end counted in the measured direction
 * @param backEnd the number of frames that the back-end counted in the measured direction
 * @param underWay the largest number of frames that may be in rings when the front-end stops
 */
public record CrossCheck(long frontEnd, long backEnd, long underWay) {
    /**
     * Returns whether the counts of both sides agree.
     *
     * @return true when frames were counted and the counts differ by no more than {@code underWay}
     */
    public boolean agrees() {
        return frontEnd > 0 && Math.abs(frontEnd - backEnd) <= underWay;
    }
}
