// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A back-end with this project's front-end, which makes full rings of frames available and measures the time until the back-end has used
 * all of them. Between turns the back-end is stopped by a signal and the front-end is idle.
 */
final class Drains implements AutoCloseable {
    /** Number of rounds during warm-up after which the clock is read. */
    private static final int WARM_UP_ROUNDS = 50;

    private static final double NANO = 1e-9;

    private final OwnLoad frontEnd;
    private final Child backEnd;
    private final String name;

    private Drains(OwnLoad frontEnd, Child backEnd, String name) {
        this.frontEnd = frontEnd;
        this.backEnd = backEnd;
        this.name = name;
    }

    /** Starts a front-end, which can be attached to several back-ends. */
    static OwnLoad frontEnd(Bench bench, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--ring-size=" + Plan.RING_SIZE, "--mergeable"));
        all.addAll(List.of(options));
        return OwnLoad.start(bench, bench.plan().frontEndCore(), "DRAIN", List.of(), all.toArray(String[]::new));
    }

    /**
     * Attaches a front-end to a back-end.
     *
     * @param frontEnd front-end that {@link #frontEnd} has started
     * @param backEnd back-end that serves the sockets
     * @param sockets the socket of the guest that sends, and optionally one of the guest that receives
     * @throws IOException when it cannot attach
     */
    static Drains attach(OwnLoad frontEnd, Child backEnd, List<Path> sockets) throws IOException {
        String name = sockets.getFirst().getFileName().toString();
        frontEnd.ask(
                "attach %s %s"
                        .formatted(name, sockets.stream().map(Path::toString).collect(Collectors.joining(" "))),
                "attached");
        return new Drains(frontEnd, backEnd, name);
    }

    /**
     * Drains rings of each case for a while, so that the JIT compiler warms up, and then stops both.
     *
     * @param duration processor time for the back-end; time lost to other load is added
     */
    void warmUp(List<DrainCase> cases, Duration duration) throws IOException {
        backEnd.resume();
        long begun = backEnd.cpuMillis();
        do {
            for (DrainCase each : cases) {
                drain(each, WARM_UP_ROUNDS);
            }
        } while (backEnd.cpuMillis() - begun < duration.toMillis());
        backEnd.pause();
    }

    /**
     * Drains rings.
     *
     * @param cases the cases, one after the other
     * @param rounds number of rounds of each case, in addition to a few that are not counted
     * @return for each case the time of a frame in each round, in seconds
     */
    List<List<Double>> turn(List<DrainCase> cases, int rounds) throws IOException {
        backEnd.resume();
        List<List<Double>> results = new ArrayList<>();
        for (DrainCase each : cases) {
            results.add(parse(drain(each, rounds)));
        }
        backEnd.pause();
        return results;
    }

    private String drain(DrainCase each, int rounds) throws IOException {
        return frontEnd.ask("drain %s %d %d %d".formatted(name, each.frameBytes(), each.buffers(), rounds), "drained ");
    }

    /**
     * Parses the answer of the front-end.
     *
     * @param line number of frames in a ring, then nanoseconds of each round
     * @return seconds for each frame
     */
    static List<Double> parse(String line) {
        String[] words = line.split(" ", -1);
        double frames = Double.parseDouble(words[0]);
        List<Double> times = new ArrayList<>();
        for (int i = 1; i < words.length; i++) {
            times.add(Double.parseDouble(words[i]) * NANO / frames);
        }
        return times;
    }

    /**
     * Detaches the front-end normally; the back-end keeps running.
     *
     * @param direction direction of the frames to return
     * @return the number of frames that the front-end has counted
     */
    long detach(Direction direction) throws IOException {
        backEnd.resume();
        String[] words = frontEnd.ask("detach " + name, "detached ").split(" ", -1);
        return Long.parseLong(words[direction == Direction.SEND ? 0 : 1]);
    }

    /** Kills the back-end. */
    @Override
    public void close() {
        backEnd.close();
    }
}
