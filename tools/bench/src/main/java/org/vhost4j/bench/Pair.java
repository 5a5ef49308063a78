// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.bench.result.CrossCheck;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Sample;

/** A front-end and the back-end that it is attached to. Between turns the front-end is idle and the back-end is stopped by a signal. */
final class Pair implements Subject {
    /** Time for which frames flow before the counters are read for the first time. */
    private static final Duration SETTLE = Duration.ofMillis(150);
    /** The share of its core below which a process counts as disturbed by other programs. */
    static final double UNDISTURBED_SHARE = 0.95;

    private final Plan plan;
    private final Figure figure;
    private final Direction direction;
    private final BackEnd backEnd;
    private final Load load;
    private final long underWay;

    private Pair(Plan plan, Figure figure, Direction direction, BackEnd backEnd, Load load, long underWay) {
        this.plan = plan;
        this.figure = figure;
        this.direction = direction;
        this.backEnd = backEnd;
        this.load = load;
        this.underWay = underWay;
    }

    /** Starts a front-end for a back-end. */
    @FunctionalInterface
    interface Loader {
        /** Starts the front-end and attaches it to the back-end. */
        Load start(BackEnd backEnd) throws IOException;
    }

    /**
     * Creates a contender that starts such a pair.
     *
     * @param figure the figure that the frame rate is recorded as
     * @param underWay the largest number of frames that may be in rings when the front-end stops
     */
    static Contender contender(
            Bench bench, Peer peer, Work work, Direction direction, Figure figure, long underWay, Loader loader) {
        return new Contender(peer.name(), () -> start(bench, peer, work, direction, figure, underWay, loader));
    }

    /** Starts both processes, sends frames until the JIT has compiled the datapath, and then stops the traffic. */
    private static Pair start(
            Bench bench, Peer peer, Work work, Direction direction, Figure figure, long underWay, Loader loader)
            throws IOException {
        BackEnd backEnd = peer.start(bench, work);
        try {
            Pair pair = new Pair(bench.plan(), figure, direction, backEnd, loader.start(backEnd), underWay);
            try {
                pair.load.start();
                Bench.sleep(bench.plan().warmUp());
                pair.rest();
                return pair;
            } catch (IOException e) {
                pair.load.close();
                throw e;
            }
        } catch (IOException e) {
            backEnd.close();
            throw e;
        }
    }

    /** Starts the traffic, measures it once, and stops it. */
    @Override
    public Sample turn() throws IOException {
        backEnd.child().resume();
        load.start();
        Bench.sleep(SETTLE);
        load.stats();
        long start = System.nanoTime();
        long frontEndCpu = load.child().cpuMillis();
        long backEndCpu = backEnd.child().cpuMillis();
        Bench.sleep(plan.turn());
        PortStats stats = load.stats();
        double millis = (System.nanoTime() - start) / 1e6;
        double share =
                Math.min(load.child().cpuMillis() - frontEndCpu, backEnd.child().cpuMillis() - backEndCpu) / millis;
        rest();
        return new Sample(Map.of(figure, direction.rate(stats)), share < UNDISTURBED_SHARE, Optional.empty());
    }

    private void rest() throws IOException {
        load.stop();
        backEnd.child().pause();
    }

    /** Ends both processes normally and compares their frame counts. */
    @Override
    public Optional<CrossCheck> end() throws IOException {
        backEnd.child().resume();
        // Frames that are still in the ring are received now.
        Bench.sleep(SETTLE);
        long frames = direction.frames(load.stats());
        load.quit();
        return Optional.of(new CrossCheck(frames, backEnd.frames(direction), underWay));
    }

    @Override
    public void close() {
        load.close();
        backEnd.close();
    }
}
