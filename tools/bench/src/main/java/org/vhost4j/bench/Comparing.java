// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vhost4j.bench.result.Comparison;
import org.vhost4j.bench.result.Rounds;

/** Starts two builds repeatedly, makes them process full rings in alternating turns, and stores the results of each start. */
final class Comparing {
    /** Number of turns, in each of which every build drains rings of every case. */
    private static final int TURNS = 10;

    private final Bench bench;
    private final OwnLoad frontEnd;
    private final List<Build> builds;
    private final List<DrainCase> cases;
    private final PrintWriter progress;
    private final Map<Measurement, List<Rounds>> starts = new LinkedHashMap<>();

    /** Key of the results of one build in one case. */
    private record Measurement(DrainCase each, Build build) {}

    /** A running back-end of one build, with the cases of one direction. */
    private record Side(Build build, List<DrainCase> cases, Drains drains) {}

    /**
     * Creates a comparison without results.
     *
     * @param frontEnd front-end that is attached to every back-end, so that its own time is the same for both builds
     * @param builds the two builds
     * @param progress receives a report of each start
     */
    Comparing(Bench bench, OwnLoad frontEnd, List<Build> builds, List<DrainCase> cases, PrintWriter progress) {
        this.bench = bench;
        this.frontEnd = frontEnd;
        this.builds = List.copyOf(builds);
        this.cases = List.copyOf(cases);
        this.progress = progress;
    }

    /**
     * Starts both builds and measures them.
     *
     * @param number number of the start; the builds alternate in being first
     * @param rounds number of rounds of each build in each case
     */
    void start(int number, int rounds) throws IOException {
        long begun = System.nanoTime();
        Map<Measurement, List<Double>> times = new LinkedHashMap<>();
        List<Side> sides = new ArrayList<>();
        try {
            for (Build build : number % 2 == 0 ? builds.reversed() : builds) {
                for (boolean through : List.of(false, true)) {
                    List<DrainCase> some = cases.stream()
                            .filter(each -> each.through() == through)
                            .toList();
                    if (!some.isEmpty()) {
                        sides.add(new Side(build, some, open(build, through)));
                        sides.getLast().drains().warmUp(some, bench.plan().warmUp());
                    }
                }
            }
            int turns = Math.min(TURNS, rounds);
            for (int turn = 0; turn < turns; turn++) {
                int share = rounds * (turn + 1) / turns - rounds * turn / turns;
                for (Side side : turn % 2 == 0 ? sides : sides.reversed()) {
                    turn(side, share, times);
                }
            }
            for (Side side : sides) {
                side.drains().detach(Direction.SEND);
            }
        } finally {
            sides.forEach(side -> side.drains().close());
        }
        times.forEach((measurement, all) ->
                starts.computeIfAbsent(measurement, key -> new ArrayList<>()).add(Rounds.of(all)));
        progress.printf(Locale.ROOT, "start %d: %.1f s%n", number, (System.nanoTime() - begun) / 1e9);
        progress.flush();
    }

    private Drains open(Build build, boolean through) throws IOException {
        List<Path> sockets = bench.sockets(through ? 2 : 1);
        Child backEnd = build.start(bench, through, sockets);
        try {
            return Drains.attach(frontEnd, backEnd, sockets);
        } catch (IOException e) {
            backEnd.close();
            throw e;
        }
    }

    private static void turn(Side side, int rounds, Map<Measurement, List<Double>> times) throws IOException {
        List<List<Double>> results = side.drains().turn(side.cases(), rounds);
        for (int i = 0; i < results.size(); i++) {
            times.computeIfAbsent(new Measurement(side.cases().get(i), side.build()), key -> new ArrayList<>())
                    .addAll(results.get(i));
        }
    }

    /**
     * Returns the results.
     *
     * @param limit maximum acceptable difference, as a share
     * @return one comparison for each case
     */
    List<Comparison> results(double limit) {
        return cases.stream()
                .map(each -> new Comparison(
                        each.name(),
                        starts.getOrDefault(new Measurement(each, builds.getFirst()), List.of()),
                        starts.getOrDefault(new Measurement(each, builds.getLast()), List.of()),
                        limit))
                .toList();
    }
}
