// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

/** The direction of frames, from the guest's point of view. */
enum Direction {
    /** The front-end sends frames, and the back-end drops them. */
    SEND,
    /** The back-end sends, the front-end drops. */
    RECEIVE,
    /** One guest sends, another receives. */
    THROUGH;

    /** Returns the number of frames in the measured direction, as counted by the front-end. */
    long frames(PortStats frontEnd) {
        return this == SEND ? frontEnd.txPackets() : frontEnd.rxPackets();
    }

    /** Returns the frames per second in the measured direction, as counted by the front-end. */
    double rate(PortStats frontEnd) {
        return this == SEND ? frontEnd.txRate() : frontEnd.rxRate();
    }
}
