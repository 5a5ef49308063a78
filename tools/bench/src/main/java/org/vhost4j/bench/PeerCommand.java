// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.vhost4j.bench.result.ConsoleTable;
import org.vhost4j.bench.result.HtmlReport;
import org.vhost4j.bench.result.JsonReport;
import org.vhost4j.bench.result.Report;
import org.vhost4j.bench.result.RowResult;
import org.vhost4j.tools.common.Interruption;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code vhost4j bench peer}: measures our back-end and others in alternating turns, with front-ends on one core and
 * back-ends on another.
 */
@Command(
        name = "peer",
        description = "Compares this back-end with others, in turn: front-ends on one core, back-ends on another. "
                + "Takes a quarter of an hour. Ends with status 1 when something could not be measured, or if the "
                + "two ends of a pair counted different numbers of frames.",
        mixinStandardHelpOptions = true)
final class PeerCommand implements Callable<Integer> {
    private static final int ROUNDS = 5;
    private static final int QUICK_ROUNDS = 3;

    /** Maximum time for the current turn and the report after an interruption. */
    private static final Duration INTERRUPTED_PATIENCE = Duration.ofSeconds(30);

    @Option(
            names = "--rows",
            paramLabel = "NAME",
            split = ",",
            description = "The rows to measure (default: all); 'help' prints the list.")
    private List<String> rows = List.of();

    @Option(
            names = "--cases",
            paramLabel = "TEXT",
            description = "Only cases whose names contain this, such as '64 B, split'.")
    private String cases = "";

    @Option(names = "--quick", description = "Only the most important cases, with short turns: a few minutes.")
    private boolean quick;

    @Option(names = "--full", description = "Every combination: about an hour.")
    private boolean full;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Rounds, in each of which each contender has a turn (default: " + ROUNDS + "; quick: "
                    + QUICK_ROUNDS + ").")
    private Optional<Integer> rounds = Optional.empty();

    @Option(names = "--seconds", paramLabel = "S", description = "The duration of a turn (default: 0.4; quick: 0.3).")
    private Optional<Double> seconds = Optional.empty();

    @Option(
            names = "--warm-up",
            paramLabel = "S",
            description = "The warm-up time before the first round, which is not measured (default: ${DEFAULT-VALUE}).")
    private double warmUp = 1;

    @Option(
            names = "--steady",
            paramLabel = "S",
            description = "The time for which allocation and pauses are measured (default: 60; quick: 15).")
    private Optional<Double> steady = Optional.empty();

    @Option(
            names = "--front-end-core",
            paramLabel = "CORE",
            description = "The core of the front-ends (default: ${DEFAULT-VALUE}).")
    private int frontEndCore = 0;

    @Option(
            names = "--back-end-core",
            paramLabel = "CORE",
            split = ",",
            description =
                    "The cores of the back-ends. A back-end with one lane runs on the first; one with several lanes runs on "
                            + "all of them (default: 1).")
    private List<Integer> backEndCores = List.of(1);

    @Option(names = "--json", description = "Prints JSON; the table goes to standard error.")
    private boolean json;

    @Option(names = "--html", paramLabel = "FILE", description = "Also writes a self-contained HTML page with plots.")
    private @Nullable Path html;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (rows.equals(List.of("help"))) {
            Rows.ALL.forEach(row -> out.printf("%-14s %s%n", row.name(), row.title()));
            out.flush();
            return 0;
        }
        List<Row> chosen = rows.isEmpty() ? Rows.ALL : Rows.named(rows);
        Plan plan = plan();
        checkHtml();
        Children.require(Testpmd.PROGRAM, Testpmd.REMEDY);
        for (String program : List.of("taskset", "setpriv", "stdbuf", "kill")) {
            Children.require(program, "it is part of util-linux, coreutils or procps");
        }
        PrintWriter people = json ? spec.commandLine().getErr() : out;
        try (Interruption interruption = Interruption.watch(INTERRUPTED_PATIENCE)) {
            Report report = run(chosen, plan, interruption);
            people.print("\n" + ConsoleTable.of(report));
            people.flush();
            return end(report, out, interruption.requested());
        }
    }

    private int end(Report report, PrintWriter out, boolean interrupted) throws IOException {
        if (json) {
            out.println(JsonReport.of(report));
            out.flush();
        }
        if (html != null) {
            Files.writeString(html, HtmlReport.of(report));
        }
        return report.sound() && !interrupted ? 0 : 1;
    }

    /** Runs the measurements; after an interruption returns a report of the completed cases. */
    private Report run(List<Row> chosen, Plan plan, Interruption interruption) throws IOException {
        List<RowResult> results = new ArrayList<>();
        long start = System.nanoTime();
        try (Children children = new Children()) {
            Bench bench = new Bench(children, plan, Peers.dpdk());
            Runner runner = new Runner(bench, cases, spec.commandLine().getErr(), interruption::requested);
            for (Row row : chosen) {
                RowResult result = runner.run(row);
                if (!result.cases().isEmpty()) {
                    results.add(result);
                }
                if (interruption.requested()) {
                    break;
                }
            }
            if (results.isEmpty() && interruption.requested()) {
                throw new UnsupportedOption("interrupted before a case was measured");
            }
            if (results.isEmpty()) {
                String names = String.join(", ", chosen.stream().map(Row::name).toList());
                throw new UnsupportedOption(
                        cases.isEmpty()
                                ? "--quick leaves out all of " + names
                                : "--cases=%s: no name of a case of %s contains that".formatted(cases, names));
            }
            return new Report(Facts.of(bench, Duration.ofNanos(System.nanoTime() - start)), results);
        }
    }

    /** Checks that the HTML page can be written, before measuring for a quarter of an hour. */
    private void checkHtml() {
        if (html == null) {
            return;
        }
        Path directory = html.toAbsolutePath().getParent();
        if (directory == null || !Files.isWritable(directory) || Files.isDirectory(html)) {
            throw new UnsupportedOption("--html=" + html + ": a file cannot be created there");
        }
    }

    private Plan plan() {
        if (quick && full) {
            throw new UnsupportedOption("--quick and --full cannot be given together");
        }
        int number = rounds.orElse(quick ? QUICK_ROUNDS : ROUNDS);
        if (number < 1 || number > 1000) {
            throw new UnsupportedOption("--rounds=" + number + ": from 1 to 1000");
        }
        Cores.require(frontEndCore, backEndCores);
        return new Plan(
                number,
                duration("--seconds", seconds.orElse(quick ? 0.3 : 0.4), 0.1),
                duration("--warm-up", warmUp, 0),
                duration("--steady", steady.orElse(quick ? 15.0 : 60.0), 1),
                quick ? Plan.Depth.QUICK : full ? Plan.Depth.FULL : Plan.Depth.NORMAL,
                frontEndCore,
                backEndCores);
    }

    private static Duration duration(String option, double seconds, double least) {
        if (!(seconds >= least && seconds <= 3600)) {
            throw new UnsupportedOption("%s=%s: from %s to 3600 seconds".formatted(option, seconds, least));
        }
        return Duration.ofMillis(Math.round(1000 * seconds));
    }
}
