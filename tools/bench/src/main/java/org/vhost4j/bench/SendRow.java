// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;

/** Measures frames that a guest sends and the back-end drops. */
final class SendRow implements Row {
    @Override
    public String name() {
        return "sends";
    }

    @Override
    public String title() {
        return "Guest sends, back-end drops";
    }

    @Override
    public String about() {
        return "net_vhost copies each frame into its own buffer. vhost4j does the same with --port null:copy=on, "
                + "which is compared with the faster DPDK. Plain --port null reads only the headers. Cases with "
                + "EVENT_IDX use this project's driver, because DPDK's driver does not support it.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        return FrameCase.cases(
                bench,
                Direction.SEND,
                size -> Work.of(Work.Kind.DROP),
                bench.withDpdk(OwnPeer.polling(), OwnPeer.copying()),
                OwnPeer.copying().name());
    }
}
