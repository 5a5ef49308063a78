// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

/**
 * One back-end's turn in a round.
 *
 * @param rate frames a second
 * @param frontEndShare how much of its core the front-end had, 0 to 1
 * @param backEndShare how much of its core the back-end had, 0 to 1
 */
record Turn(double rate, double frontEndShare, double backEndShare) {
    /** The share of the one that had less. */
    double share() {
        return Math.min(frontEndShare, backEndShare);
    }
}
