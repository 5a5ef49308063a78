// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.vhost4j.bench.result.Comparison;
import org.vhost4j.bench.result.ComparisonReport;
import org.vhost4j.tools.common.Interruption;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j bench compare}: compares two builds of this back-end in alternating turns over many starts. */
@Command(
        name = "compare",
        description = "Compares two builds of this back-end: the time per frame when a full ring becomes available "
                + "at once. Both are started several times and take turns on one core; the front-end is this "
                + "program's. Takes a few minutes. Ends with status 1 when something is slower by more than the "
                + "limit.",
        mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
    private static final int LEAST_ROUNDS = 200;
    private static final int MOST_ROUNDS = 100_000;
    private static final int LEAST_STARTS = 4;
    private static final int MOST_STARTS = 1000;
    private static final double MOST_LIMIT = 100;

    /** Maximum time for the current start and the report after an interruption. */
    private static final Duration INTERRUPTED_PATIENCE = Duration.ofSeconds(60);

    @Parameters(
            index = "0",
            paramLabel = "OLD",
            description =
                    "A checkout with tools/vhost4j, a launcher, or an archive; it may be older than this program.")
    @SuppressWarnings("NullAway.Init")
    private Path older;

    @Parameters(index = "1", paramLabel = "NEW", description = "The other build, in the same forms.")
    @SuppressWarnings("NullAway.Init")
    private Path newer;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Rounds of each build in each case, at least " + LEAST_ROUNDS
                    + ", divided among its starts (default: ${DEFAULT-VALUE}).")
    private int rounds = 4000;

    @Option(
            names = "--starts",
            paramLabel = "N",
            description =
                    "The number of starts of each build: the JIT may compile different code in each start (default: ${DEFAULT-VALUE}).")
    private int starts = 20;

    @Option(
            names = "--minutes",
            paramLabel = "M",
            description = "Use fewer starts, but at least " + LEAST_STARTS
                    + ", if the run would take longer than this; 1 to 1000 (default: " + "${DEFAULT-VALUE}).")
    private int minutes = 5;

    @Option(
            names = "--limit",
            paramLabel = "PERCENT",
            description = "The largest acceptable difference (default: ${DEFAULT-VALUE}).")
    private double limit = 3;

    @Option(
            names = "--cases",
            paramLabel = "TEXT",
            description = "Only cases whose names contain this, such as '64 B, 1 buffer'.")
    private String cases = "";

    @Option(
            names = "--warm-up",
            paramLabel = "S",
            description = "Processor time of a back-end's warm-up, with rings of every case (default: "
                    + "${DEFAULT-VALUE}).")
    private double warmUp = 1.5;

    @Option(
            names = "--front-end-core",
            paramLabel = "CORE",
            description = "The core of the front-ends (default: ${DEFAULT-VALUE}).")
    private int frontEndCore = 0;

    @Option(
            names = "--back-end-core",
            paramLabel = "CORE",
            description = "The core of the back-ends (default: ${DEFAULT-VALUE}).")
    private int backEndCore = 1;

    @Option(names = "--json", description = "Prints JSON; the table goes to standard error.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        List<DrainCase> chosen = chosen();
        Plan plan = plan();
        Build old = Build.find("OLD", older);
        Build young = Build.find("NEW", newer);
        for (String program : List.of("taskset", "setpriv", "kill")) {
            Children.require(program, "it is part of util-linux or procps");
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter people = json ? spec.commandLine().getErr() : out;
        try (Interruption interruption = Interruption.watch(INTERRUPTED_PATIENCE)) {
            ComparisonReport report = run(List.of(old, young), chosen, plan, interruption);
            people.print("\n" + report.text());
            people.flush();
            if (json) {
                out.println(report.json());
                out.flush();
            }
            return report.slower() || interruption.requested() ? 1 : 0;
        }
    }

    private ComparisonReport run(List<Build> builds, List<DrainCase> chosen, Plan plan, Interruption interruption)
            throws IOException {
        long begun = System.nanoTime();
        try (Children children = new Children()) {
            Bench bench = new Bench(children, plan, List.of());
            for (Build build : builds) {
                build.requireRuns(bench);
            }
            Comparing comparing = new Comparing(
                    bench,
                    Drains.frontEnd(bench),
                    builds,
                    chosen,
                    spec.commandLine().getErr());
            int done = start(comparing, begun, interruption);
            if (done < 2) {
                throw new UnsupportedOption("interrupted before each build was measured in two starts");
            }
            List<Comparison> results = comparing.results(limit / 100);
            return new ComparisonReport(facts(plan, done, Duration.ofNanos(System.nanoTime() - begun)), results);
        }
    }

    /** Starts both builds repeatedly; returns the number of starts. */
    private int start(Comparing comparing, long begun, Interruption interruption) throws IOException {
        int share = Math.ceilDiv(rounds, starts);
        int least = Math.max(Math.min(starts, LEAST_STARTS), Math.ceilDiv(LEAST_ROUNDS, share));
        long end = begun + Duration.ofMinutes(minutes).toNanos();
        int done = 0;
        long longest = 0;
        while (done < starts && !interruption.requested() && (done < least || System.nanoTime() + longest - end < 0)) {
            long from = System.nanoTime();
            try {
                comparing.start(done + 1, share);
            } catch (IOException e) {
                // The signal that interrupts this process also ends its children.
                if (interruption.requested()) {
                    return done;
                }
                throw e;
            }
            done++;
            longest = Math.max(longest, System.nanoTime() - from);
        }
        return done;
    }

    private Map<String, String> facts(Plan plan, int done, Duration took) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("OLD", older.toString());
        facts.put("NEW", newer.toString());
        facts.putAll(Facts.ofHost(took));
        facts.put("cores", "front-ends %d, back-ends %d".formatted(plan.frontEndCore(), plan.backEndCore()));
        int share = Math.ceilDiv(rounds, starts);
        facts.put(
                "rounds",
                "%d of each build in each case, %d in each of %d starts%s"
                        .formatted(share * done, share, done, done < starts ? ": ended early" : ""));
        facts.put(
                "difference",
                "mean over the starts, each by the lower quartile of its rounds, with Student's %d %% interval (of logarithms)"
                        .formatted(Comparison.CONFIDENCE));
        return facts;
    }

    private List<DrainCase> chosen() {
        List<DrainCase> chosen = DrainCase.all().stream()
                .filter(each -> each.name().contains(cases))
                .toList();
        if (chosen.isEmpty()) {
            throw new UnsupportedOption("--cases=%s: no name of a case contains that; an example of a name is %s"
                    .formatted(cases, DrainCase.all().getFirst().name()));
        }
        return chosen;
    }

    private Plan plan() {
        require("--rounds", rounds, LEAST_ROUNDS, MOST_ROUNDS);
        require("--starts", starts, 2, Math.min(MOST_STARTS, rounds));
        require("--minutes", minutes, 1, 1000);
        if (!(limit > 0 && limit <= MOST_LIMIT)) {
            throw new UnsupportedOption("--limit=%s: above 0, up to %.0f percent".formatted(limit, MOST_LIMIT));
        }
        if (!(warmUp >= 0 && warmUp <= 60)) {
            throw new UnsupportedOption("--warm-up=%s: from 0 to 60 seconds".formatted(warmUp));
        }
        Cores.require(frontEndCore, List.of(backEndCore));
        return new Plan(
                rounds,
                Duration.ZERO,
                Duration.ofMillis(Math.round(1000 * warmUp)),
                Duration.ZERO,
                Plan.Depth.NORMAL,
                frontEndCore,
                List.of(backEndCore));
    }

    private static void require(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new UnsupportedOption("%s=%d: from %d to %d".formatted(option, value, least, most));
        }
    }
}
