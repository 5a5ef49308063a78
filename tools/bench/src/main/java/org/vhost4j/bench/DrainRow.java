// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;
import org.vhost4j.bench.result.Statistic;

/**
 * Measures the back-end's time for each frame when a full ring of frames becomes available at once. There are many short rounds, of which
 * the fastest are evaluated.
 */
final class DrainRow implements Row {
    /** The time of the shortest round. */
    static final Figure BEST = Figure.ofRounds("best", Statistic.BEST);
    /** The lower quartile: a quarter of the rounds take no longer. */
    static final Figure LOWER_QUARTILE = Figure.ofRounds("lower quartile", Statistic.LOWER_QUARTILE);
    /** The median: half of the rounds take no longer. */
    static final Figure MEDIAN = Figure.ofRounds("median", Statistic.MEDIAN);

    /** Number of turns: many short ones, so that all contenders are exposed to the same load on the machine. */
    static final int TURNS = 5;

    @Override
    public String name() {
        return "drain";
    }

    @Override
    public String title() {
        return "A full ring at once, time per frame";
    }

    @Override
    public String about() {
        return "This project's driver fills a split ring of "
                + Plan.RING_SIZE
                + " descriptors with frames, makes all of them available with one store of the available index, and "
                + "then only reads a used index until it covers the last frame. The time from before that store "
                + "until that read is divided by the number of frames in the ring. It covers only the back-end's "
                + "work: no kick (back-ends poll; a back-end that requests kicks is rejected), and no filling, "
                + "collecting or posting by the driver. The driver pauses between two reads, so that it rarely takes "
                + "the cache line of the used index from the back-end; the delay of the last read is divided by all "
                + "frames. In cases of sending, vhost4j copies frames (--port null:copy=on), as net_vhost does. In "
                + "cases from guest to guest, frames go from ring to ring into buffers that were posted before, and "
                + "the used index is the receiver's. A frame is in the given number of buffers, with all headers in "
                + "the first. Values are nanoseconds of the back-end's core for each frame, over the rounds of all "
                + "turns (least..most of a turn).";
    }

    @Override
    public List<Case> cases(Bench bench) {
        return DrainCase.all().stream()
                .filter(each -> each.quick() || !bench.plan().quick())
                .map(each -> toCase(bench, each))
                .toList();
    }

    private static Case toCase(Bench bench, DrainCase each) {
        OwnPeer ours = each.through() ? OwnPeer.polling() : OwnPeer.copying().named(OwnPeer.NAME);
        List<Contender> contenders = bench.withDpdk(ours).stream()
                .map(peer -> new Contender(peer.name(), () -> Draining.start(bench, peer, each)))
                .toList();
        return Case.of(
                each.name(),
                List.of(LOWER_QUARTILE, BEST, MEDIAN),
                List.of(Goal.ratioAtMost(LOWER_QUARTILE, OwnPeer.NAME, bench.dpdkNames(), 1.0)),
                contenders,
                TURNS * bench.plan().rounds());
    }
}
