// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

/** Which way frames go, in the guest's words. */
enum Direction {
    /** The front-end sends frames, and the back-end drops them. */
    SEND,
    /** The back-end sends, the front-end drops. */
    RECEIVE,
    /** One guest sends, another receives. */
    THROUGH;

    /** Frames that went the measured way, in the front-end's count. */
    long frames(PortStats frontEnd) {
        return this == SEND ? frontEnd.txPackets() : frontEnd.rxPackets();
    }

    /** Frames a second that went the measured way, in the front-end's count. */
    double rate(PortStats frontEnd) {
        return this == SEND ? frontEnd.txRate() : frontEnd.rxRate();
    }
}
