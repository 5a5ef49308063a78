// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.bench.result.Figure;

/** Measures the frame rate for different numbers of guests, lanes, queue pairs, ring entries and descriptors. */
final class ScalingRow implements Row {
    private static final int GUEST_RING = 256;
    private static final int GUESTS_ON_LANES = 4;

    @Override
    public String name() {
        return "scaling";
    }

    @Override
    public String title() {
        return "Scaling";
    }

    @Override
    public String about() {
        return "Guests send, and the back-end copies and drops the frames; one core serves all guests. Frames "
                + "have 64 bytes, in cases with several descriptors 1500. The driver is this project's, except in "
                + "cases with several queue pairs, where it is DPDK's. testpmd supports at most "
                + DpdkPeer.MOST_GUESTS
                + " guests. In cases with several lanes "
                + GUESTS_ON_LANES
                + " guests send, or one of two guests sends to the other, so that each frame crosses from lane to "
                + "lane. The lanes share the back-ends' cores, one core unless --back-end-core names more, and all "
                + "guests share the front-ends' core.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        boolean quick = bench.plan().quick();
        List<Case> cases = new ArrayList<>();
        for (int guests : quick ? List.of(1, 16) : List.of(1, 16, 64)) {
            Work work = Work.of(Work.Kind.DROP).guests(guests);
            cases.add(point(
                    bench,
                    "guests",
                    guests,
                    work,
                    (long) guests * GUEST_RING,
                    backEnd -> own(bench, backEnd, "--ring-size=" + GUEST_RING)));
        }
        for (int lanes : List.of(1, 2)) {
            cases.add(lanes(bench, lanes, false));
        }
        for (int lanes : List.of(1, 2)) {
            cases.add(lanes(bench, lanes, true));
        }
        for (int pairs : quick ? List.of(1, 4) : List.of(1, 2, 4)) {
            Work work = Work.of(Work.Kind.DROP).queues(pairs);
            cases.add(point(
                    bench,
                    "queue pairs",
                    pairs,
                    work,
                    (long) pairs * Plan.RING_SIZE,
                    backEnd -> dpdk(bench, backEnd, pairs)));
        }
        for (int size : quick ? List.of(256, 4096) : List.of(64, 1024, 32768)) {
            Work work = Work.of(Work.Kind.DROP);
            cases.add(point(
                    bench, "ring entries", size, work, size, backEnd -> own(bench, backEnd, "--ring-size=" + size)));
        }
        for (int pieces : quick ? List.of(1, 18) : List.of(1, 4, 18)) {
            Work work = Work.of(Work.Kind.DROP);
            cases.add(point(
                    bench,
                    "descriptors of a frame",
                    pieces,
                    work,
                    Plan.RING_SIZE,
                    backEnd -> own(bench, backEnd, "--bytes=1500", "--pieces=" + pieces)));
        }
        return cases;
    }

    /** Returns a case with several lanes, which only this back-end has. */
    private static Case lanes(Bench bench, int lanes, boolean crossing) {
        int cores = bench.plan().backEndCores().size();
        String series = (cores == 1 ? "lanes sharing one core" : "lanes sharing " + cores + " cores")
                + (crossing ? ", guest to guest" : "");
        OwnPeer peer = (crossing ? OwnPeer.polling() : OwnPeer.copying()).onLanes(lanes);
        Work work =
                crossing ? Work.of(Work.Kind.BRIDGE) : Work.of(Work.Kind.DROP).guests(GUESTS_ON_LANES);
        Contender contender = Pair.contender(
                bench,
                peer,
                work,
                crossing ? Direction.THROUGH : Direction.SEND,
                Figure.RATE,
                (long) GUESTS_ON_LANES * Plan.RING_SIZE,
                backEnd -> OwnLoad.start(
                        bench, bench.plan().frontEndCore(), crossing ? "THROUGH" : "SEND", backEnd.sockets()));
        return Case.point(series, lanes, Figure.RATE, List.of(contender), rounds(bench));
    }

    private static int rounds(Bench bench) {
        return Math.max(1, bench.plan().rounds() - 2);
    }

    private static Case point(Bench bench, String series, int x, Work work, long underWay, Pair.Loader loader) {
        List<Peer> peers = new ArrayList<>(List.of(OwnPeer.copying()));
        if (work.guests() <= DpdkPeer.MOST_GUESTS) {
            peers.add(bench.newestDpdk());
        }
        return Case.point(
                series,
                x,
                Figure.RATE,
                peers.stream()
                        .map(peer -> Pair.contender(bench, peer, work, Direction.SEND, Figure.RATE, underWay, loader))
                        .toList(),
                rounds(bench));
    }

    private static Load own(Bench bench, BackEnd backEnd, String... options) throws IOException {
        return OwnLoad.start(bench, bench.plan().frontEndCore(), "SEND", backEnd.sockets(), options);
    }

    private static Load dpdk(Bench bench, BackEnd backEnd, int pairs) throws IOException {
        Testpmd.FrontEnd frontEnd = new Testpmd.FrontEnd(
                backEnd.sockets(), pairs, true, Plan.RING_SIZE, Testpmd.Ring.SPLIT, "txonly", List.of());
        return TestpmdLoad.start(bench, frontEnd, 64, "start");
    }
}
