// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.bench.result.CaseResult;
import org.vhost4j.bench.result.CrossCheck;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Measured;
import org.vhost4j.bench.result.RowResult;
import org.vhost4j.bench.result.Sample;

/**
 * Measures rows: in each round of a case every contender has one turn. A contender that fails is excluded from later
 * rounds, which the report shows.
 */
final class Runner {
    private final Bench bench;
    private final String only;
    private final PrintWriter progress;
    private final BooleanSupplier interrupted;

    /**
     * Creates a runner.
     *
     * @param only a string that the names of the measured cases contain
     * @param progress the writer to which the figure of each turn is printed
     * @param interrupted returns true when the run is to end; the case in progress is then left out
     */
    Runner(Bench bench, String only, PrintWriter progress, BooleanSupplier interrupted) {
        this.bench = bench;
        this.only = only;
        this.progress = progress;
        this.interrupted = interrupted;
    }

    RowResult run(Row row) {
        say(row.name() + ": " + row.title());
        List<CaseResult> results = new ArrayList<>();
        for (Case each : row.cases(bench)) {
            if (each.name().contains(only) && !interrupted.getAsBoolean()) {
                say("  " + each.name());
                CaseResult result = run(each);
                if (!interrupted.getAsBoolean()) {
                    results.add(result);
                }
            }
        }
        return new RowResult(row.name(), row.title(), row.about(), results);
    }

    private CaseResult run(Case each) {
        List<Running> running = each.contenders().stream()
                .map(contender -> new Running(contender))
                .toList();
        try {
            running.forEach(one ->
                    one.attempt(() -> one.subject = one.contender.opener().open()));
            for (int round = 1; round <= each.rounds() && !interrupted.getAsBoolean(); round++) {
                StringBuilder line = new StringBuilder("    round %d:".formatted(round));
                for (Running one : running) {
                    one.attempt(() -> one.turn(each.figures().getFirst(), line));
                }
                say(line.toString());
            }
            running.forEach(one -> one.attempt(() -> one.end()));
        } finally {
            running.forEach(Running::close);
        }
        return new CaseResult(
                each.name(),
                each.series(),
                each.x(),
                each.figures(),
                running.stream().map(Running::measured).toList(),
                each.goals());
    }

    private void say(String line) {
        progress.println(line);
        progress.flush();
    }

    /** An operation that can fail for one contender. */
    @FunctionalInterface
    private interface Attempt {
        void make() throws IOException;
    }

    /** A contender and its results so far. */
    private final class Running {
        private final Contender contender;
        private final List<Sample> samples = new ArrayList<>();
        private @Nullable Subject subject;
        private Optional<CrossCheck> check = Optional.empty();
        private Optional<String> failure = Optional.empty();

        Running(Contender contender) {
            this.contender = contender;
        }

        void attempt(Attempt attempt) {
            if (failure.isPresent()) {
                return;
            }
            try {
                attempt.make();
            } catch (IOException | RuntimeException e) {
                failure = Optional.of(
                        String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
                say("    " + contender.name() + ": " + failure.get());
                close();
            }
        }

        void turn(Figure figure, StringBuilder line) throws IOException {
            if (subject == null) {
                return;
            }
            Sample sample = subject.turn();
            samples.add(sample);
            line.append(String.format(
                    Locale.ROOT,
                    "  %s %s %s%s",
                    contender.name(),
                    figure.show(sample.value(figure)),
                    figure.unit(),
                    sample.disturbed() ? " (disturbed)" : ""));
        }

        void end() throws IOException {
            if (subject != null) {
                check = subject.end();
            }
        }

        void close() {
            if (subject != null) {
                subject.close();
                subject = null;
            }
        }

        Measured measured() {
            return new Measured(contender.name(), samples, check, failure);
        }
    }
}
