// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

/**
 * Frames that both sides of a pair have counted over its whole life.
 *
 * @param frontEnd the front-end's count, in the row's direction
 * @param backEnd the back-end's count
 */
record CrossCheck(long frontEnd, long backEnd) {
    /** Whether the counts differ by no more than what can be in the ring when the front-end stops. */
    boolean agrees() {
        return frontEnd > 0 && Math.abs(frontEnd - backEnd) <= Plan.RING_SIZE;
    }
}
