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
        return "net_vhost copies each frame into a buffer of its own; so does vhost4j with --port null:copy=on, whose ratio to the "
                + "faster DPDK counts. Plain --port null looks at headers only. EVENT_IDX cases have our own driver, because DPDK's "
                + "does not know it.";
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
