// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.load;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/**
 * What guests of one lane get of it while several send at full speed. {@code tools/load} runs it; the figures are in docs/reliability.md.
 */
public final class Fairness implements AutoCloseable {
    /** A turn of a queue: docs/rates.md. */
    private static final long PATIENCE_NANOS = 300_000_000_000L;

    private static final int TURN_FRAMES = 64;

    private static final int TURN_BYTES = 192 << 10;

    private final ChildBackEnd backEnd;
    private final List<FullSpeed> guests = new ArrayList<>();

    /**
     * Starts a back-end with one lane, which copies what guests send.
     *
     * @param directory for sockets
     * @param frameBytes of each guest, 64 to 65,000
     * @throws IOException when it cannot be started
     */
    public Fairness(Path directory, int... frameBytes) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("run", "--lanes=1", "--port=null:copy=on", "--mtu=9000"));
        for (int i = 0; i < frameBytes.length; i++) {
            arguments.add("--socket-path=" + directory.resolve("g" + i));
        }
        backEnd = ChildBackEnd.start(directory, arguments.toArray(String[]::new));
        try {
            backEnd.awaitLine("guest" + (frameBytes.length - 1) + ": waiting for a front-end");
            for (int i = 0; i < frameBytes.length; i++) {
                guests.add(new FullSpeed(directory.resolve("g" + i), frameBytes[i]));
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * What was served.
     *
     * @param frames of each guest that sent
     * @param nanos how long it took
     * @param empty how often a ring was found empty, and the lane had nothing to do for its guest
     */
    record Served(List<Long> frames, long nanos, long empty) {
        double index() {
            return jain(frames);
        }

        double perSecond(int guest) {
            return frames.get(guest) * 1e9 / nanos;
        }
    }

    /**
     * Jain's index of fairness: 1 when all shares are equal, 1/n when one of n has everything.
     *
     * @param shares at least one that is not 0
     * @return above 0, at most 1
     */
    static double jain(List<Long> shares) {
        double sum = shares.stream().mapToDouble(Long::doubleValue).sum();
        double squares =
                shares.stream().mapToDouble(share -> (double) share * share).sum();
        return sum * sum / (shares.size() * squares);
    }

    /**
     * The guests send at full speed.
     *
     * @param which of them; the others send nothing
     * @param frames until all together have sent so many
     * @return what each of them has sent meanwhile
     */
    Served serve(int[] which, long frames) {
        FullSpeed[] senders = IntStream.of(which).mapToObj(guests::get).toArray(FullSpeed[]::new);
        for (FullSpeed sender : senders) {
            sender.refill();
        }
        long[] before = Arrays.stream(senders).mapToLong(FullSpeed::frames).toArray();
        long whole = LongStream.of(before).sum() + frames;
        long begun = System.nanoTime();
        long empty = 0;
        long sum;
        do {
            sum = 0;
            for (FullSpeed sender : senders) {
                empty += sender.wasEmpty() ? 1 : 0;
                sender.refill();
                sum += sender.frames();
            }
            requireProgress(begun);
        } while (sum < whole);
        long nanos = System.nanoTime() - begun;
        List<Long> served = IntStream.range(0, senders.length)
                .mapToObj(i -> senders[i].frames() - before[i])
                .toList();
        while (!Arrays.stream(senders).allMatch(FullSpeed::isDrained)) {
            requireProgress(begun);
            Thread.onSpinWait();
        }
        return new Served(served, nanos, empty);
    }

    /** A back-end that has ended takes no frames. */
    private static void requireProgress(long begun) {
        if (System.nanoTime() - begun > PATIENCE_NANOS) {
            throw new IllegalStateException("the back-end has not taken the frames in time");
        }
    }

    /** All of them. */
    Served serveAll(long frames) {
        return serve(IntStream.range(0, guests.size()).toArray(), frames);
    }

    /** Frames of a turn, when there are enough. */
    private static int turn(int frameBytes) {
        return Math.min(TURN_FRAMES, (TURN_BYTES + frameBytes - 1) / frameBytes);
    }

    /**
     * Guests that are alike.
     *
     * @return whether the index is above 0.95
     */
    private static boolean equals(Path directory, int count, int frameBytes, long frames) throws IOException {
        int[] all = new int[count];
        Arrays.fill(all, frameBytes);
        try (Fairness fairness = new Fairness(directory, all)) {
            fairness.serveAll(frames);
            Served served = fairness.serveAll(frames);
            List<Long> each = served.frames();
            System.out.printf(
                    "| %d guests, frames of %,d bytes | %,d | %.4f | %,d to %,d | %,d |%n",
                    count,
                    frameBytes,
                    each.stream().mapToLong(Long::longValue).sum(),
                    served.index(),
                    Collections.min(each),
                    Collections.max(each),
                    served.empty());
            return served.index() > 0.95;
        }
    }

    /** A guest alone and beside a flood, in turn; the median of each. */
    private static void flood(Path directory, int frameBytes, int floodBytes, int rounds, long frames)
            throws IOException {
        try (Fairness fairness = new Fairness(directory, frameBytes, floodBytes)) {
            fairness.serveAll(frames);
            double[] alone = new double[rounds];
            double[] floodAlone = new double[rounds];
            double[] beside = new double[rounds];
            double[] floodBeside = new double[rounds];
            for (int i = 0; i < rounds; i++) {
                alone[i] = fairness.serve(new int[] {0}, frames).perSecond(0);
                floodAlone[i] = fairness.serve(new int[] {1}, frames * turn(floodBytes) / TURN_FRAMES)
                        .perSecond(0);
                Served both = fairness.serveAll(frames);
                beside[i] = both.perSecond(0);
                floodBeside[i] = both.perSecond(1);
            }
            double turns = turn(frameBytes) / median(alone) + turn(floodBytes) / median(floodAlone);
            double share = turn(frameBytes) / turns;
            System.out.printf(
                    "| %,d bytes beside %,d bytes | %,.0f | %,.0f | %,.0f | %,.0f MB and %,.0f MB |%n",
                    frameBytes,
                    floodBytes,
                    median(alone) / 1000,
                    median(beside) / 1000,
                    share / 1000,
                    median(beside) * frameBytes / 1e6,
                    median(floodBeside) * floodBytes / 1e6);
        }
    }

    private static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    @Override
    public void close() {
        guests.forEach(FullSpeed::close);
        backEnd.close();
    }

    /**
     * Runs all of it, and ends with status 1 when an index is not above 0.95.
     *
     * @param arguments the number of guests that are alike
     * @throws IOException when a back-end cannot be started
     */
    public static void main(String[] arguments) throws IOException {
        int count = Integer.parseInt(arguments[0]);
        boolean fair = true;
        System.out.println("| guests | frames | Jain's index | frames of each guest | rings found empty |");
        System.out.println("|---|---|---|---|---|");
        for (int frameBytes : new int[] {64, 1514, 9014, 65_000}) {
            // Many rings of each guest: while this thread does not run, the back-end empties the rings, and shares are
            // whole rings.
            long frames = Math.max(128_000_000L / (60 + frameBytes), 32L * 1024 * count);
            fair &= equals(WorkingDirectory.make("vhost4j-fair"), count, frameBytes, frames);
        }
        System.out.println();
        System.out.println(
                "| a guest beside a flood | alone, 1000/s | beside it, 1000/s | expected from turns, 1000/s | "
                        + "its bytes, and those of the flood, per second |");
        System.out.println("|---|---|---|---|---|---|");
        for (int[] pair :
                new int[][] {{64, 64}, {1514, 64}, {64, 1514}, {1514, 1514}, {64, 9014}, {64, 65_000}, {1514, 65_000}
                }) {
            flood(WorkingDirectory.make("vhost4j-fair"), pair[0], pair[1], 9, 200_000);
        }
        if (!fair) {
            System.err.println("load: guests that are alike have unequal shares");
            System.exit(1);
        }
    }
}
