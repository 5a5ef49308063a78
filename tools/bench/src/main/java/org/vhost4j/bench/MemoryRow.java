// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;
import org.vhost4j.bench.result.Sample;

/** Measures the memory of a back-end for different numbers of guests. */
final class MemoryRow implements Row {
    private static final Figure RESIDENT = new Figure("resident", "MB", 1e6, 1, false);
    private static final double MOST_OF_ONE_GUEST = 120e6;
    private static final int ROUNDS = 2;

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String title() {
        return "Memory";
    }

    @Override
    public String about() {
        return "The resident memory of the back-end without guest memory, after all guests have sent for a while. "
                + "testpmd supports at most "
                + DpdkPeer.MOST_GUESTS
                + " guests; its buffers are included.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        List<Case> cases = new ArrayList<>();
        for (int guests : bench.plan().quick() ? List.of(1, 16) : List.of(1, 16, 128)) {
            List<Peer> peers =
                    guests <= DpdkPeer.MOST_GUESTS ? bench.withDpdk(OwnPeer.polling()) : List.of(OwnPeer.polling());
            cases.add(Case.of(
                    guests == 1 ? "1 guest" : guests + " guests",
                    List.of(RESIDENT),
                    guests == 1 ? List.of(Goal.atMost(RESIDENT, OwnPeer.NAME, MOST_OF_ONE_GUEST)) : List.of(),
                    peers.stream()
                            .map(peer -> new Contender(peer.name(), () -> () -> measure(bench, peer, guests)))
                            .toList(),
                    Math.min(ROUNDS, bench.plan().rounds())));
        }
        return cases;
    }

    private static Sample measure(Bench bench, Peer peer, int guests) throws IOException {
        try (BackEnd backEnd = peer.start(bench, Work.of(Work.Kind.DROP).guests(guests));
                Load load = OwnLoad.start(
                        bench, bench.plan().frontEndCore(), "SEND", backEnd.sockets(), "--ring-size=256")) {
            load.start();
            Bench.sleep(bench.plan().warmUp());
            load.stop();
            return Sample.of(RESIDENT, (double) backEnd.child().ownResidentBytes());
        }
    }
}
