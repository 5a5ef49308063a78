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
        return "Our driver fills a split ring of " + Plan.RING_SIZE
                + " descriptors with frames, shows all of them with one store of the "
                + "available index, and then only reads a used index until it covers the last frame. The clock runs from before "
                + "that store "
                + "to that read and is divided by the frames of the ring. It covers the back-end's work alone: no kick (back-ends poll; "
                + "one that asks for a kick is refused), no filling, collecting or posting. The driver's reads take no line of the used "
                + "ring away for writing, a pause lies between two of them, and what is left, that the last one comes a little late, is "
                + "divided by all frames. sends: vhost4j copies (--port null:copy=on) as net_vhost does; guest to guest: from ring to "
                + "ring, into buffers posted in advance, the used index being the receiver's. A frame lies in so many buffers, all "
                + "headers in the first. Values are nanoseconds of the back-end's core for a frame, over the rounds of all turns "
                + "(least..most of a turn).";
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
