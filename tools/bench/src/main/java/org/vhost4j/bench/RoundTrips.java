// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.bench.result.CrossCheck;
import org.vhost4j.bench.result.Curve;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Sample;

/** Measures round trips: this project's driver sends one frame at a time to a back-end that returns it. */
final class RoundTrips implements Subject {
    /** The median round-trip time. */
    static final Figure MEDIAN = Figure.micros("median");
    /** The 99th percentile of the round-trip times. */
    static final Figure P99 = Figure.micros("99 %");
    /** The 99.9th percentile of the round-trip times. */
    static final Figure P999 = Figure.micros("99.9 %");
    /** The 99.99th percentile of the round-trip times. */
    static final Figure P9999 = Figure.micros("99.99 %");
    /** The longest round-trip time. */
    static final Figure WORST = Figure.micros("worst");

    private static final Map<Double, Figure> PERCENTILES = Map.of(50.0, MEDIAN, 99.0, P99, 99.9, P999, 99.99, P9999);
    /** The interval from which on the driver sleeps between frames. */
    private static final Duration SLEEPS_FROM = Duration.ofMillis(1);

    /** Maximum interval of frames during warm-up; with a longer one the JVM would not compile in time. */
    private static final Duration WARM_UP_INTERVAL = Duration.ofNanos(100_000);

    private static final double NANO = 1e-9;

    private final BackEnd backEnd;
    private final OwnLoad load;
    private final Duration turn;
    private final boolean backEndPolls;
    private final boolean loadPolls;
    /** The smallest share of its core that a polling process had in the last measurement. */
    private double share;

    private RoundTrips(BackEnd backEnd, OwnLoad load, Duration turn, boolean backEndPolls, boolean loadPolls) {
        this.backEnd = backEnd;
        this.load = load;
        this.turn = turn;
        this.backEndPolls = backEndPolls;
        this.loadPolls = loadPolls;
    }

    /**
     * Creates a contender that measures round trips.
     *
     * @param interval interval from the start of one round trip to that of the next
     * @param turn duration of each measurement
     */
    static Contender contender(Bench bench, Peer peer, Duration interval, Duration turn) {
        return new Contender(peer.name(), () -> start(bench, peer, interval, turn));
    }

    private static RoundTrips start(Bench bench, Peer peer, Duration interval, Duration turn) throws IOException {
        BackEnd backEnd = peer.start(bench, Work.of(Work.Kind.ECHO));
        try {
            OwnLoad load = OwnLoad.start(
                    bench,
                    bench.plan().frontEndCore(),
                    "ROUND_TRIP",
                    backEnd.sockets(),
                    "--ring-size=256",
                    "--mergeable",
                    "--interval-us=" + micros(interval.compareTo(WARM_UP_INTERVAL) < 0 ? interval : WARM_UP_INTERVAL));
            RoundTrips trips = new RoundTrips(backEnd, load, turn, peer.polls(), interval.compareTo(SLEEPS_FROM) < 0);
            trips.measure(bench.plan().warmUp());
            load.ask("interval " + micros(interval), "interval");
            return trips;
        } catch (IOException e) {
            backEnd.close();
            throw e;
        }
    }

    private static long micros(Duration duration) {
        return duration.toNanos() / 1000;
    }

    private String measure(Duration duration) throws IOException {
        backEnd.child().resume();
        load.start();
        long start = System.nanoTime();
        long loadCpu = load.child().cpuMillis();
        long backEndCpu = backEnd.child().cpuMillis();
        Bench.sleep(duration);
        double millis = (System.nanoTime() - start) / 1e6;
        share = Math.min(
                loadPolls ? (load.child().cpuMillis() - loadCpu) / millis : 1,
                backEndPolls ? (backEnd.child().cpuMillis() - backEndCpu) / millis : 1);
        load.stop();
        backEnd.child().pause();
        return load.ask("latency", "latency ");
    }

    @Override
    public Sample turn() throws IOException {
        Sample sample = parse(measure(turn));
        return new Sample(sample.values(), share < Pair.UNDISTURBED_SHARE, sample.curve());
    }

    /**
     * Parses the answer of the front-end.
     *
     * @param line number of round trips, number of lost frames, the longest time, and percentiles, each with its time;
     *     times in nanoseconds
     * @throws IOException when frames were not returned
     */
    static Sample parse(String line) throws IOException {
        String[] words = line.split(" ", -1);
        long count = Long.parseLong(words[0]);
        if (!words[1].equals("0") || count == 0) {
            throw new IOException("%s of %d frames were not returned".formatted(words[1], count));
        }
        Map<Figure, Double> values = new LinkedHashMap<>();
        List<Curve.Point> points = new ArrayList<>();
        double previous = 0;
        for (int i = 3; i + 1 < words.length; i += 2) {
            double percentile = Double.parseDouble(words[i]);
            double nanos = Double.parseDouble(words[i + 1]);
            double oneIn = 100 / (100 - percentile);
            Figure figure = PERCENTILES.get(percentile);
            if (figure != null) {
                values.put(figure, nanos * NANO);
            }
            // Beyond the last percentile there is only the maximum.
            if (oneIn <= count && oneIn > previous) {
                points.add(new Curve.Point(oneIn, nanos / 1000));
                previous = oneIn;
            }
        }
        values.put(WORST, Double.parseDouble(words[2]) * NANO);
        Curve curve = new Curve("one round trip in this number takes longer", "us", true, points);
        return new Sample(values, false, Optional.of(curve));
    }

    @Override
    public Optional<CrossCheck> end() throws IOException {
        backEnd.child().resume();
        long sent = load.stats().txPackets();
        load.quit();
        return Optional.of(new CrossCheck(sent, backEnd.frames(Direction.SEND), 1));
    }

    @Override
    public void close() {
        load.close();
        backEnd.close();
    }
}
