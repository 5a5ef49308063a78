// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * One kind of event in several rounds, each beside a quiet measure of the same run. No round may lose, double or damage a frame. Of the
 * latencies, 95 of 100 must be within the limit. A run of one round is repeated nine times at most and allows 200 ms more, because one
 * that a busy machine held up says nothing: what it finds is a lane that stands still.
 *
 * <p>The system property {@code vhost4j.isolation.rounds} is the number of rounds, 1 unless given; {@code vhost4j.isolation.results} a
 * file that a row of a table is appended to. {@code tools/isolation} sets both.
 */
public final class Rounds {
    /** The table's head. */
    static final String HEAD = """
            | event | rounds | lost | duplicated | damaged | 99 % quiet | 99 % during | increase, 95th percentile | largest increase | longest gap | limit |
            |---|---|---|---|---|---|---|---|---|---|---|
            """;

    private static final int REPEATS = 10;
    /** What a run of one round allows more, because it shares the machine with the rest of a build. */
    private static final Duration BUSY_MACHINE = Duration.ofMillis(200);

    private static final Duration LENGTH = Duration.ofMillis(500);

    private final String event;
    private final Limit asked;
    private Limit limit;
    private final List<Report> quiet = new ArrayList<>();
    private final List<Report> during = new ArrayList<>();

    private Rounds(String event, Limit limit) {
        this.event = event;
        this.asked = limit;
        this.limit = limit;
    }

    /**
     * Creates the rounds of an event.
     *
     * @param event short name of the event, for the table's row
     * @param limit limit of the neighbours' latency during the event
     * @return the rounds, to be run
     */
    public static Rounds of(String event, Limit limit) {
        return new Rounds(event, limit);
    }

    /**
     * Runs all rounds, and fails when the neighbours were disturbed.
     *
     * @param neighbours the neighbours, which must not be disturbed
     * @param each the event of each round; it must restore the back-end's state
     */
    public void run(Neighbours neighbours, Neighbours.Event each) {
        int rounds = Integer.getInteger("vhost4j.isolation.rounds", 1);
        int most = rounds == 1 ? REPEATS : rounds;
        limit = rounds == 1 ? asked.andLongerBy(BUSY_MACHINE) : asked;
        for (int i = 0; i < most && !(rounds == 1 && within() > 0); i++) {
            quiet.add(neighbours.quiet(LENGTH));
            during.add(neighbours.during(LENGTH, each));
            Neighbours.assertIntact(quiet.getLast(), "in a quiet measure of '" + event + "'");
            Neighbours.assertIntact(during.getLast(), "during '" + event + "'");
        }
        String row = row();
        System.out.print(row);
        append(row);
        long least = rounds == 1 ? 1 : (95L * rounds + 99) / 100;
        assertThat(within())
                .as("rounds of '%s' within %s; quiet %s; during %s", event, limit, quiet, during)
                .isGreaterThanOrEqualTo(least);
    }

    private long within() {
        long count = 0;
        for (int i = 0; i < during.size(); i++) {
            count += limit.allows(quiet.get(i), during.get(i)) ? 1 : 0;
        }
        return count;
    }

    private String row() {
        List<Long> differences = new ArrayList<>();
        for (int i = 0; i < during.size(); i++) {
            differences.add(during.get(i).p99Nanos() - quiet.get(i).p99Nanos());
        }
        differences.sort(null);
        int count = differences.size();
        return "| %s | %d | %d | %d | %d | %s | %s | %s | %s | %s | %s |%n"
                .formatted(
                        event,
                        count,
                        sum(Report::lost),
                        sum(Report::doubled),
                        sum(Report::damaged),
                        Report.milliseconds(median(quiet)),
                        Report.milliseconds(median(during)),
                        Report.milliseconds(differences.get((95 * count + 99) / 100 - 1)),
                        Report.milliseconds(differences.getLast()),
                        Report.milliseconds(during.stream()
                                .mapToLong(Report::gapNanos)
                                .max()
                                .orElse(0)),
                        limit);
    }

    private long sum(ToLongFunction<Report> what) {
        return during.stream().mapToLong(what).sum();
    }

    private static long median(List<Report> reports) {
        return reports.stream().mapToLong(Report::p99Nanos).sorted().toArray()[reports.size() / 2];
    }

    private static void append(String row) {
        String file = System.getProperty("vhost4j.isolation.results");
        if (file != null) {
            Path path = Path.of(file);
            try {
                if (!Files.exists(path)) {
                    Files.writeString(path, HEAD);
                }
                Files.writeString(path, row, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new AssertionError("the result cannot be written to " + path, e);
            }
        }
    }
}
