// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.bench.result.Curve;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Sample;
import org.vhost4j.bench.result.Spread;

/** Measures the time until a new back-end reaches its full rate. */
final class WarmUpRow implements Row {
    private static final Figure WARM = new Figure("until 90 % of its speed", "s", 1, 2, false);
    private static final Duration STEP = Duration.ofMillis(100);
    private static final double MOST_OF_IT = 0.9;
    private static final int ROUNDS = 3;

    @Override
    public String name() {
        return "warm-up";
    }

    @Override
    public String title() {
        return "Warm-up";
    }

    @Override
    public String about() {
        return "DPDK's driver sends frames of 64 bytes to a back-end that was just started, and the rate is "
                + "measured every 100 ms from the first frame on. The final rate is the median of the last third. "
                + "The just-in-time compiler runs on the back-end's core.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        Duration whole = bench.plan().turn().multipliedBy(16);
        List<Peer> peers = List.of(OwnPeer.copying(), bench.newestDpdk());
        return List.of(Case.of(
                "64 B, split",
                List.of(WARM),
                List.of(),
                peers.stream()
                        .map(peer -> new Contender(peer.name(), () -> () -> measure(bench, peer, whole)))
                        .toList(),
                Math.min(ROUNDS, bench.plan().rounds())));
    }

    private static Sample measure(Bench bench, Peer peer, Duration whole) throws IOException {
        FrameCase frames = new FrameCase(FrameCase.SMALL, false, true, FrameCase.Driver.DPDK);
        try (BackEnd backEnd = peer.start(bench, Work.of(Work.Kind.DROP));
                Load load = frames.load(bench, backEnd, Direction.SEND)) {
            load.start();
            load.stats();
            long start = System.nanoTime();
            List<Curve.Point> points = new ArrayList<>();
            double seconds = 0;
            while (seconds < whole.toMillis() / 1e3) {
                Bench.sleep(STEP);
                PortStats stats = load.stats();
                seconds = (System.nanoTime() - start) / 1e9;
                points.add(new Curve.Point(seconds, stats.txRate() / 1e6));
            }
            load.stop();
            Curve curve = new Curve("seconds", "Mpps", false, points);
            return new Sample(Map.of(WARM, warm(points)), false, Optional.of(curve));
        }
    }

    /** Returns the time at which the rate first reached most of its final value. */
    static double warm(List<Curve.Point> points) {
        double speed = Spread.of(points.subList(points.size() * 2 / 3, points.size()).stream()
                        .mapToDouble(Curve.Point::y)
                        .toArray())
                .median();
        return points.stream()
                .filter(point -> point.y() >= MOST_OF_IT * speed)
                .mapToDouble(Curve.Point::x)
                .findFirst()
                .orElse(Double.NaN);
    }
}
