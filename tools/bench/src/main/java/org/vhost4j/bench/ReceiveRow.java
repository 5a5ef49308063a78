// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;

/** Measures frames from the back-end to a guest. */
final class ReceiveRow implements Row {
    @Override
    public String name() {
        return "receives";
    }

    @Override
    public String title() {
        return "Back-end sends, guest receives";
    }

    @Override
    public String about() {
        return "vhost4j always sends the same frame (--port source); DPDK's testpmd writes the headers of each "
                + "frame (txonly). Both copy each frame into the guest's buffers.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        return FrameCase.cases(bench, Direction.RECEIVE, Work::source, bench.withDpdk(OwnPeer.polling()), OwnPeer.NAME);
    }
}
