// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.time.Duration;
import java.util.List;
import org.vhost4j.bench.result.Goal;

/** Measures the round-trip time of single frames at low load, with a back-end that returns them. */
final class RoundTripRow implements Row {
    private static final Duration INTERVAL = Duration.ofNanos(100_000);
    /** Number of turns: more than in other rows, because rare delays need more time to be observed. */
    private static final int TURNS = 4;

    private static final double MOST = 1.2;

    @Override
    public String name() {
        return "round-trip";
    }

    @Override
    public String title() {
        return "Round trip at low load";
    }

    @Override
    public String about() {
        return "This project's driver sends a frame of 64 bytes every 100 us, polls until it returns, and "
                + "corrects for coordinated omission (HdrHistogram). vhost4j runs with --port echo, DPDK's testpmd "
                + "with macswap. The back-ends poll, except those with --idle=adaptive (sleep after 50 us without "
                + "work) and event (sleep immediately).";
    }

    @Override
    public List<Case> cases(Bench bench) {
        List<Peer> peers = bench.withDpdk(OwnPeer.polling(), OwnPeer.idling("adaptive"), OwnPeer.idling("event"));
        List<Contender> contenders = peers.stream()
                .map(peer -> RoundTrips.contender(
                        bench, peer, INTERVAL, bench.plan().turn().multipliedBy(TURNS)))
                .toList();
        return List.of(Case.of(
                "64 B",
                List.of(RoundTrips.MEDIAN, RoundTrips.P99, RoundTrips.P999, RoundTrips.P9999, RoundTrips.WORST),
                List.of(Goal.ratioAtMost(RoundTrips.P999, OwnPeer.NAME, bench.dpdkNames(), MOST)),
                contenders,
                bench.plan().rounds()));
    }
}
