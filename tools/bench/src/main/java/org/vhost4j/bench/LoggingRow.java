// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.bench.result.Goal;

/** Measures the time of a frame while every write is logged for a migration, compared with the time without a log. */
final class LoggingRow implements Row {
    /** Maximum ratio of the times: a logged guest has to keep nine tenths of its rate. */
    private static final double MOST = 1 / 0.9;

    private static final String LOGGED = ", logged";

    @Override
    public String name() {
        return "logging";
    }

    @Override
    public String title() {
        return "Dirty logging for a migration, time per frame";
    }

    @Override
    public String about() {
        return "Full rings of frames from guest to guest are processed as in row drain. For a logged contender "
                + "the front-end shares a dirty log of both guests (SET_LOG_BASE, LOG_ALL, VHOST_VRING_F_LOG) and "
                + "clears it before each turn, so that the first rounds of a turn set bits and the other rounds find "
                + "most of them set. The goal is that a frame takes at most 1 / 0.9 of the time without a log. "
                + "Values are nanoseconds of the back-end's core for each frame, over the rounds of all turns "
                + "(least..most of a turn).";
    }

    @Override
    public List<Case> cases(Bench bench) {
        return DrainCase.all().stream()
                .filter(each -> each.through() && each.buffers() == 1)
                .map(each -> toCase(bench, each))
                .toList();
    }

    private static Case toCase(Bench bench, DrainCase each) {
        List<Contender> contenders = new ArrayList<>();
        for (Peer peer : bench.withDpdk(OwnPeer.polling())) {
            contenders.add(new Contender(peer.name(), () -> Draining.start(bench, peer, each)));
            contenders.add(new Contender(peer.name() + LOGGED, () -> Draining.start(bench, peer, each, "--logged")));
        }
        return Case.of(
                each.name(),
                List.of(DrainRow.LOWER_QUARTILE, DrainRow.BEST, DrainRow.MEDIAN),
                List.of(Goal.ratioAtMost(DrainRow.LOWER_QUARTILE, OwnPeer.NAME + LOGGED, List.of(OwnPeer.NAME), MOST)),
                contenders,
                DrainRow.TURNS * bench.plan().rounds());
    }
}
