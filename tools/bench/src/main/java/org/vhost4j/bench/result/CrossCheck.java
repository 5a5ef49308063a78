// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

/**
 * Frames that both sides of a pair have counted over its whole life.
 *
 * @param frontEnd the front-end's count, in the measured direction
 * @param backEnd the back-end's count
 * @param underWay how many may be in rings when the front-end stops
 */
public record CrossCheck(long frontEnd, long backEnd, long underWay) {
    /**
     * Whether both have counted the same.
     *
     * @return true when the counts differ by no more than what can be under way, and are no zeroes
     */
    public boolean agrees() {
        return frontEnd > 0 && Math.abs(frontEnd - backEnd) <= underWay;
    }
}
