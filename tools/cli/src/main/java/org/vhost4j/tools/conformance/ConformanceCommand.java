// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.BackEndProcess;
import org.vhost4j.conformance.BackEndUnderTest;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseResult;
import org.vhost4j.conformance.ExpectedFailures;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.Outcome;
import org.vhost4j.conformance.Suite;
import org.vhost4j.conformance.SuiteReport;
import org.vhost4j.conformance.cases.Catalog;
import org.vhost4j.conformance.report.ConsoleReport;
import org.vhost4j.conformance.trace.MessagePrinter;
import org.vhost4j.tools.common.Interruption;
import org.vhost4j.tools.common.Progress;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.probe.MessageOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vhost4j conformance}: checks a vhost-user-net back-end against the specifications. */
@Command(
        name = "conformance",
        description =
                "Checks a vhost-user-net back-end against the specifications, case by case, each on a new connection. Ends "
                        + "with status 0 when no case failed, 1 when a case failed, 2 when nothing could be tested.",
        mixinStandardHelpOptions = true,
        subcommands = MatrixCommand.class)
public final class ConformanceCommand implements Callable<Integer> {
    /** Maximum time for the current case and the reports after an interruption. */
    private static final Duration INTERRUPTED_PATIENCE = Duration.ofSeconds(60);

    private static final int MOST_RUNS = 100_000;

    @Parameters(index = "0", arity = "0..1", paramLabel = "SOCKET", description = "The back-end's socket.")
    private @Nullable Path socket;

    @Option(names = "--listen", description = "Listen at SOCKET, for a back-end that connects.")
    private boolean listen;

    @Option(
            names = "--exec",
            paramLabel = "COMMAND",
            description =
                    "Start the back-end by this shell command, and restart it after a crash; {socket} stands for SOCKET.")
    private @Nullable String exec;

    @Option(
            names = "--loop",
            paramLabel = "MODE",
            description = "How the back-end returns frames: echo, macswap, none, or auto, which detects it "
                    + "(default: ${DEFAULT-VALUE}).")
    private String loop = LoopMode.AUTO;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            split = ",",
            description = "Only these cases; * stands for anything, as in 'ring.*'.")
    private List<String> only = List.of();

    @Option(names = "--list", description = "Lists the cases and exits.")
    private boolean list;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "The timeout for each reply (default: ${DEFAULT-VALUE}).")
    private double timeout = 2;

    @Option(
            names = "--label",
            paramLabel = "NAME",
            description = "The back-end's name in reports, such as its name and version (default: SOCKET).")
    private @Nullable String label;

    @Mixin
    private ReportFiles reports = new ReportFiles();

    @Option(
            names = "--expected",
            paramLabel = "FILE",
            description = "Known failures, one per line: the case's name, last day (year-month-day), reason. They do "
                    + "not fail the run; a listed case that passes does.")
    private @Nullable Path expected;

    @Option(names = "--seed", paramLabel = "NUMBER", description = "Seed of random cases (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--runs",
            paramLabel = "NUMBER",
            description =
                    "The number of runs, each with the next seed. A case that fails in any run has failed, and the reports "
                            + "show that failure (default: ${DEFAULT-VALUE}).")
    private int runs = 1;

    @Option(
            names = "--record",
            paramLabel = "PLACE",
            description =
                    "Write every message of each case to PLACE/CASE.trace; when there is one case, and PLACE is no"
                            + " directory, to the file PLACE.")
    private @Nullable Path record;

    @Option(
            names = "--replay",
            paramLabel = "FILE",
            description = "Run the case that --record wrote to FILE again, with the same seed, and compare every "
                    + "message. Status 0 if all messages match, 1 otherwise.")
    private @Nullable Path replay;

    @Mixin
    private MessageOptions trace = new MessageOptions();

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** The completed runs, as one report. */
    private @Nullable SuiteReport earlier;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (record != null && replay != null) {
            throw new UnsupportedOption(
                    "--record and --replay: a replay is compared with the recording, and cannot be recorded itself");
        }
        Replay again = replay == null ? null : Replay.of(replay);
        List<Case> cases = Catalog.select(again == null ? only : List.of(again.name()));
        if (list) {
            out.print(ConsoleReport.list(cases));
            out.flush();
            return 0;
        }
        Path at = socket;
        if (at == null) {
            throw new UnsupportedOption("SOCKET is missing: give the path of the back-end's socket");
        }
        if (!(timeout >= 0.1 && timeout <= 600)) {
            throw new UnsupportedOption("--timeout=" + timeout + ": from 0.1 to 600 seconds");
        }
        if (runs < 1 || runs > MOST_RUNS) {
            throw new UnsupportedOption("--runs=" + runs + ": from 1 to " + MOST_RUNS);
        }
        if (runs > 1 && (record != null || replay != null)) {
            throw new UnsupportedOption("--runs: a case is recorded and replayed in one run");
        }
        Duration patience = Duration.ofMillis(Math.round(1000 * timeout));
        LoopMode mode = again == null ? LoopMode.ofOption(loop).orElse(null) : again.loop();
        ExpectedFailures failures = expected == null
                ? ExpectedFailures.NONE
                : ExpectedFailures.read(
                        expected,
                        LocalDate.now(ZoneOffset.UTC),
                        Catalog.select(List.of()).stream().map(Case::name).toList());
        Recording recording = new Recording(record, cases.size());
        Optional<MessagePrinter> printer = trace.printer();
        ConsoleReport console = new ConsoleReport(out);
        BackEndProcess process = exec == null ? null : new BackEndProcess(exec, at, !listen);
        try (Interruption interruption = Interruption.watch(INTERRUPTED_PATIENCE)) {
            SuiteReport report;
            try (BackEndUnderTest backEnd = new BackEndUnderTest(at, listen, process, patience);
                    Progress progress = Progress.on(spec.commandLine().getErr())) {
                printer.ifPresent(backEnd::trace);
                Suite suite = new Suite(backEnd, patience)
                        .seed(again == null ? seed : again.seed())
                        .expect(failures)
                        .snapshots(known -> {
                            recording.known(known);
                            reports.write(joined(known));
                        })
                        .record(again == null ? recording::recorder : again::recorder);
                report = run(
                        suite,
                        again == null ? seed : again.seed(),
                        each -> suite.run(
                                label == null ? at.toString() : label,
                                reached(at),
                                cases,
                                earlier == null ? mode : earlier.loop(),
                                following(cases.size(), each, progress),
                                interruption::requested),
                        console,
                        progress);
            } catch (UnsupportedOption e) {
                reports.unreached(label == null ? at.toString() : label, String.valueOf(e.getMessage()));
                throw e;
            }
            reports.write(report);
            if (again != null) {
                return again.end(report, out) ? 0 : 1;
            }
            console.end(report);
            return report.passed() ? 0 : 1;
        }
    }

    /** Runs the cases as often as requested, or until a run was not completed. */
    private SuiteReport run(
            Suite suite,
            long first,
            Function<Consumer<CaseResult>, SuiteReport> once,
            ConsoleReport console,
            Progress progress) {
        SuiteReport report = once.apply(runs > 1 ? console::exception : console::progress);
        earlier = report;
        SuiteReport last = report;
        for (int run = 1; runs > 1; run++) {
            progress.clear();
            console.run(run, last);
            if (run == runs || last.count(Outcome.NOT_RUN) > 0) {
                break;
            }
            suite.seed(first + run);
            try {
                last = once.apply(console::exception);
            } catch (UnsupportedOption e) {
                if (report.passed()) {
                    throw e;
                }
                // The last case ended the back-end; the report shows that.
                break;
            }
            report = report.joined(last);
            earlier = report;
        }
        return report;
    }

    /** Returns the results of a run, merged with those of the previous runs. */
    private SuiteReport joined(SuiteReport known) {
        return earlier == null ? known : earlier.joined(known);
    }

    /** Prints each result, and the progress of the suite on standard error. */
    private static Consumer<CaseResult> following(int all, Consumer<CaseResult> console, Progress progress) {
        AtomicInteger done = new AtomicInteger();
        return result -> {
            progress.clear();
            console.accept(result);
            progress.step(done.incrementAndGet(), all, "cases");
        };
    }

    /** Returns the command-line arguments that reach the same back-end again. */
    private String reached(Path at) {
        return at
                + (listen ? " --listen" : "")
                + (exec == null ? "" : " --exec '" + exec + "'")
                + (loop.equals(LoopMode.AUTO) ? "" : " --loop " + loop);
    }
}
