// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;

/** Measures frames from one guest to another. */
final class ThroughRow implements Row {
    /** Number of bursts of 32 frames that circulate in each direction: half of a ring. */
    private static final int BURSTS = 16;

    @Override
    public String name() {
        return "through";
    }

    @Override
    public String title() {
        return "Guest to guest";
    }

    @Override
    public String about() {
        return "Frames go through vhost4j's bridge, or through DPDK's testpmd between two net_vhost ports (io). "
                + "With DPDK's driver "
                + BURSTS * 32
                + " frames circulate in each direction, because received frames are sent again. This project's "
                + "driver sends at one port and receives at the other as fast as possible, which leaves more work to "
                + "the back-end.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        List<Case> cases = new ArrayList<>();
        for (int size : List.of(64, 1500)) {
            for (boolean own : List.of(false, true)) {
                cases.add(toCase(bench, size, own));
            }
        }
        return cases;
    }

    private static Case toCase(Bench bench, int size, boolean own) {
        List<Peer> peers = bench.withDpdk(OwnPeer.polling());
        List<Contender> contenders = peers.stream()
                .map(peer -> Pair.contender(
                        bench,
                        peer,
                        Work.of(Work.Kind.BRIDGE),
                        Direction.THROUGH,
                        Figure.RATE,
                        4 * Plan.RING_SIZE,
                        backEnd -> own ? ownDriver(bench, backEnd, size) : dpdkDriver(bench, backEnd, size)))
                .toList();
        return Case.of(
                size + " B, " + (own ? "our driver" : "DPDK's driver"),
                List.of(Figure.RATE),
                List.of(Goal.ratio(Figure.RATE, OwnPeer.NAME, bench.dpdkNames(), size == 64 ? 1.2 : 1.5)),
                contenders,
                bench.plan().rounds());
    }

    /** Starts DPDK's driver with two ports, between which frames circulate. */
    static Load dpdkDriver(Bench bench, BackEnd backEnd, int size) throws IOException {
        Testpmd.FrontEnd frontEnd =
                new Testpmd.FrontEnd(backEnd.sockets(), 1, true, Plan.RING_SIZE, Testpmd.Ring.SPLIT, "io", List.of());
        return TestpmdLoad.start(bench, frontEnd, size, "start tx_first " + BURSTS);
    }

    private static Load ownDriver(Bench bench, BackEnd backEnd, int size) throws IOException {
        return OwnLoad.start(
                bench,
                bench.plan().frontEndCore(),
                "THROUGH",
                backEnd.sockets(),
                "--bytes=" + size,
                "--ring-size=" + Plan.RING_SIZE,
                "--mergeable");
    }
}
