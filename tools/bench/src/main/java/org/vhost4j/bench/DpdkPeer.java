// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * dpdk-testpmd with a {@code net_vhost} port for each guest. It always polls.
 *
 * @param name name in reports
 * @param program path of dpdk-testpmd
 */
record DpdkPeer(String name, String program) implements Peer {
    /** Maximum number of guests: one less than the 32 ports of dpdk-testpmd. */
    static final int MOST_GUESTS = 16;

    @Override
    public boolean polls() {
        return true;
    }

    @Override
    public BackEnd start(Bench bench, Work work, List<Path> sockets) throws IOException {
        Testpmd testpmd = Testpmd.backEnd(
                bench.children(),
                bench.plan().backEndCore(),
                program,
                sockets,
                work.queues(),
                work.kind().forwardMode());
        if (work.kind() == Work.Kind.SOURCE) {
            // testpmd reads the size when forwarding starts.
            testpmd.command("stop");
            testpmd.command("set txpkts " + work.frameBytes());
            testpmd.command("start");
        }
        return new Running(testpmd, sockets);
    }

    private record Running(Testpmd testpmd, List<Path> sockets) implements BackEnd {
        @Override
        public Child child() {
            return testpmd.child();
        }

        @Override
        public long frames(Direction direction) throws IOException {
            PortStats stats = testpmd.stats();
            return direction == Direction.SEND ? stats.rxPackets() : stats.txPackets();
        }
    }
}
