// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.io.IOException;
import java.nio.file.Path;

/** dpdk-testpmd with a {@code net_vhost} port, in {@code rxonly} or {@code txonly}. */
record DpdkBackEnd(Testpmd testpmd, Row row) implements BackEnd {
    static DpdkBackEnd start(Children children, int core, Path socket, Row row) throws IOException {
        Testpmd testpmd =
                Testpmd.backEnd(children, core, socket, row.direction().backEndMode());
        if (row.direction() == Direction.RECEIVE) {
            // The size is taken when forwarding starts.
            testpmd.command("stop");
            testpmd.command("set txpkts " + row.frameBytes());
            testpmd.command("start");
        }
        return new DpdkBackEnd(testpmd, row);
    }

    @Override
    public Child child() {
        return testpmd.child();
    }

    @Override
    public long frames() throws IOException {
        PortStats stats = testpmd.stats();
        return row.direction() == Direction.SEND ? stats.rxPackets() : stats.txPackets();
    }

    @Override
    public void close() {
        testpmd.close();
    }
}
