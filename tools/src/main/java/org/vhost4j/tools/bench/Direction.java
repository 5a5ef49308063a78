// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

/** Which way frames go, in the guest's words. */
enum Direction {
    /** The front-end sends, the back-end drops. */
    SEND("guest sends", "txonly", "rxonly"),
    /** The back-end sends, the front-end drops. */
    RECEIVE("guest receives", "rxonly", "txonly");

    private final String title;
    private final String frontEndMode;
    private final String backEndMode;

    Direction(String title, String frontEndMode, String backEndMode) {
        this.title = title;
        this.frontEndMode = frontEndMode;
        this.backEndMode = backEndMode;
    }

    /** What to call it in a table. */
    String title() {
        return title;
    }

    /** What the front-end's dpdk-testpmd does. */
    String frontEndMode() {
        return frontEndMode;
    }

    /** What a dpdk-testpmd as back-end does. */
    String backEndMode() {
        return backEndMode;
    }

    /** Frames that went the measured way, in the front-end's count. */
    long frames(PortStats frontEnd) {
        return this == SEND ? frontEnd.txPackets() : frontEnd.rxPackets();
    }

    /** Frames a second that went the measured way, in the front-end's count. */
    double rate(PortStats frontEnd) {
        return this == SEND ? frontEnd.txRate() : frontEnd.rxRate();
    }
}
