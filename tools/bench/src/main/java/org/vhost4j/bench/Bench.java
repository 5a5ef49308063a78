// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The context in which rows create their cases: the plan, the processes, and the other contenders. */
final class Bench {
    private final Children children;
    private final Plan plan;
    private final List<DpdkPeer> dpdk;
    private int sockets;

    Bench(Children children, Plan plan, List<DpdkPeer> dpdk) {
        this.children = children;
        this.plan = plan;
        this.dpdk = List.copyOf(dpdk);
    }

    Children children() {
        return children;
    }

    Plan plan() {
        return plan;
    }

    /** Returns the given contenders of this project, followed by all DPDK back-ends. */
    List<Peer> withDpdk(Peer... ours) {
        List<Peer> peers = new ArrayList<>(List.of(ours));
        peers.addAll(dpdk);
        return peers;
    }

    /** Returns the newest of DPDK's back-ends, for cases where one is enough. */
    DpdkPeer newestDpdk() {
        return dpdk.getLast();
    }

    /** Returns the names of DPDK's back-ends, which are of different versions. */
    List<String> dpdkNames() {
        return dpdk.stream().map(DpdkPeer::name).toList();
    }

    /** Returns paths for new sockets. */
    List<Path> sockets(int count) {
        List<Path> paths = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sockets++;
            paths.add(children.socket(Integer.toString(sockets)));
        }
        return paths;
    }

    /** Sleeps for a duration; an interruption of the thread becomes an IOException. */
    static void sleep(Duration duration) throws IOException {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while measuring", e);
        }
    }
}
