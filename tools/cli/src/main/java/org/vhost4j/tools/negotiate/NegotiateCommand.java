// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.negotiate;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.BackEndProcess;
import org.vhost4j.conformance.ExpectedFailures;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.negotiate.Attempt;
import org.vhost4j.conformance.negotiate.BitNames;
import org.vhost4j.conformance.negotiate.Combination;
import org.vhost4j.conformance.negotiate.Matrix;
import org.vhost4j.conformance.negotiate.MatrixRun;
import org.vhost4j.conformance.negotiate.Negotiation;
import org.vhost4j.conformance.negotiate.Outcome;
import org.vhost4j.conformance.trace.Trace;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.Interruption;
import org.vhost4j.tools.common.Progress;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.probe.CiOptions;
import org.vhost4j.tools.probe.JsonSchema;
import org.vhost4j.tools.probe.SocketOptions;
import org.vhost4j.tools.probe.TraceOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code vhost4j negotiate}: one negotiation, or a matrix of relevant ones. */
@Command(
        name = "negotiate",
        description = "Acknowledges exactly the given features of a vhost-user network back-end and reports the "
                + "result. Status 0 if the result is as expected, 1 otherwise.")
public final class NegotiateCommand implements Callable<Integer> {
    /** Timeout for answers in a matrix, which is short because there are many negotiations. */
    private static final Duration MATRIX_PATIENCE = Duration.ofSeconds(3);

    /** The name of this command in traces. */
    private static final String COMMAND = "negotiate";

    private static final String MATRIX = COMMAND + " --matrix";

    /** Maximum time for a back-end that serves one connection to end after it. */
    private static final Duration ONE_SHOT = Duration.ofMillis(300);

    /** Maximum time for the current combination after an interruption. */
    private static final Duration INTERRUPTED_PATIENCE = Duration.ofSeconds(30);

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help message and exit.")
    @SuppressWarnings("UnusedVariable")
    private boolean help;

    // Without -V, which would match in '--features -VERSION_1'.
    @Option(names = "--version", versionHelp = true, description = "Print version information and exit.")
    @SuppressWarnings("UnusedVariable")
    private boolean version;

    @Mixin
    private SocketOptions where = new SocketOptions();

    @Option(
            names = "--features",
            paramLabel = "BITS",
            preprocessor = SignedBits.class,
            description = "Virtio features: names, BIT_n or 0x and digits, separated by commas. With signs, as in"
                    + " +HOST_USO,-RSS, relative to the offer. Default: the offer, except for LOG_ALL, "
                    + "ACCESS_PLATFORM and other bits that require more of a driver.")
    private @Nullable String features;

    @Option(
            names = "--protocol-features",
            paramLabel = "BITS",
            preprocessor = SignedBits.class,
            description =
                    "Protocol features, in the same form. Default: the offered bits that make no difference to a driver; not CONFIG.")
    private @Nullable String protocolFeatures;

    @Option(
            names = "--expect",
            paramLabel = "accepted|refused",
            description = "The expected result (default: ${DEFAULT-VALUE}).")
    private String expect = "accepted";

    @Option(
            names = "--expect-features",
            paramLabel = "BITS",
            preprocessor = SignedBits.class,
            description = "Virtio features that must be offered (+) or must not (-), such as +HOST_USO,-RSS.")
    private @Nullable String expectFeatures;

    @Option(
            names = "--expect-protocol-features",
            paramLabel = "BITS",
            preprocessor = SignedBits.class,
            description = "Protocol features, in the same form.")
    private @Nullable String expectProtocolFeatures;

    @Option(names = "--traffic", description = "Send frames with the negotiated features; see --loop.")
    private boolean traffic;

    @Option(
            names = "--loop",
            paramLabel = "MODE",
            description = "How the back-end returns frames: echo, macswap, or auto, which detects it; none "
                    + "sends no frames (default: ${DEFAULT-VALUE}).")
    private String loop = LoopMode.AUTO;

    @Option(
            names = "--matrix",
            description =
                    "Try all relevant combinations, each on a new connection, with frames if the back-end returns them.")
    private boolean matrix;

    @Option(
            names = "--limit",
            paramLabel = "SECONDS",
            description = "Time limit of a matrix; the current combination may finish (default: ${DEFAULT-VALUE}).")
    private int limit = 300;

    @Option(
            names = "--exec",
            paramLabel = "COMMAND",
            description = "Start the back-end by this shell command, during a matrix again whenever it ends with "
                    + "its connection; {socket} stands for SOCKET.")
    private @Nullable String exec;

    @Option(
            names = "--seed",
            paramLabel = "NUMBER",
            description = "Seed of the frames' contents (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Mixin
    private TraceOptions traces = new TraceOptions();

    @Mixin
    private CiOptions ci = new CiOptions();

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Option(names = "--schema", help = true, description = "Prints the JSON Schema of --json instead.")
    private boolean schema;

    private JUnitAttempts tests = new JUnitAttempts("", ExpectedFailures.NONE);

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (schema) {
            out.print(schemaText());
            out.flush();
            return 0;
        }
        Outcome wanted = wanted();
        checkNames();
        LoopMode mode = LoopMode.ofOption(loop).orElse(null);
        if (matrix) {
            traces.refuseReplay("--matrix");
        }
        Trace recorded = traces.replayed(COMMAND);
        RecordedNegotiation again = recorded == null ? null : RecordedNegotiation.of(recorded);
        tests = new JUnitAttempts(where.socket().toString(), ci.expected());
        try (Rendezvous rendezvous = where.rendezvous()) {
            ToIntFunction<@Nullable BackEndProcess> what = recorded == null || again == null
                    ? process -> matrix ? matrix(rendezvous, process, mode, out) : once(rendezvous, mode, wanted, out)
                    : process -> replay(rendezvous, recorded, again, out);
            return exec == null ? what.applyAsInt(null) : withProcess(rendezvous, exec, what);
        } catch (FrontEndException | SystemError e) {
            String why = "the back-end does not answer: " + e.getMessage();
            ci.write(() -> tests.unreached(why));
            throw new UnsupportedOption(why);
        } catch (UnsupportedOption e) {
            ci.write(() -> tests.unreached(String.valueOf(e.getMessage())));
            throw e;
        }
    }

    private static int withProcess(
            Rendezvous rendezvous, String command, ToIntFunction<@Nullable BackEndProcess> what) {
        BackEndProcess process = new BackEndProcess(command, rendezvous.path(), !rendezvous.listens());
        process.start();
        try {
            return what.applyAsInt(process);
        } finally {
            process.stop();
        }
    }

    /**
     * Returns a task that restarts a back-end that has ended with its first connection; it does nothing for other
     * back-ends.
     */
    private static Runnable starter(@Nullable BackEndProcess process) {
        if (process == null || !process.endsWithin(ONE_SHOT)) {
            return () -> {};
        }
        return () -> {
            process.stop();
            process.start();
        };
    }

    /** Returns the JSON Schema of {@code --json}. */
    static String schemaText() {
        return JsonSchema.text(NegotiateCommand.class, "negotiate.schema.json");
    }

    /** Checks names of features before waiting for a back-end, so that a misspelt name is reported at once. */
    private void checkNames() {
        if (features != null) {
            BitNames.VIRTIO.word("--features", features, 0);
        }
        if (protocolFeatures != null) {
            BitNames.PROTOCOL.word("--protocol-features", protocolFeatures, 0);
        }
        if (expectFeatures != null) {
            BitNames.VIRTIO.difference("--expect-features", expectFeatures, 0);
        }
        if (expectProtocolFeatures != null) {
            BitNames.PROTOCOL.difference("--expect-protocol-features", expectProtocolFeatures, 0);
        }
    }

    private Outcome wanted() {
        return switch (expect) {
            case "accepted" -> Outcome.ACCEPTED;
            case "refused" -> Outcome.REFUSED;
            default -> throw new UnsupportedOption("--expect=" + expect + ": accepted or refused");
        };
    }

    private int once(Rendezvous rendezvous, @Nullable LoopMode mode, Outcome wanted, PrintWriter out) {
        Report report;
        TraceRecorder recorder = traces.recorder(COMMAND, null, rendezvous.path());
        rendezvous.watch(recorder == null ? null : recorder::connection);
        try (FrontEnd frontEnd = where.connect(rendezvous)) {
            Negotiation negotiation = new Negotiation(frontEnd).seed(seed);
            long offered = negotiation.offeredFeatures();
            long offeredProtocol = negotiation.offeredProtocol();
            long protocol = protocolFeatures == null
                    ? Matrix.defaultProtocol(offeredProtocol)
                    : BitNames.PROTOCOL.word("--protocol-features", protocolFeatures, offeredProtocol);
            long word = features == null
                    ? Matrix.defaultFeatures(offered, protocol)
                    : BitNames.VIRTIO.word("--features", features, offered);
            List<String> unmet = new ArrayList<>();
            expect(unmet, "--expect-features", BitNames.VIRTIO, expectFeatures, offered);
            expect(unmet, "--expect-protocol-features", BitNames.PROTOCOL, expectProtocolFeatures, offeredProtocol);
            Combination combination = new Combination("one", "as given", word, protocol);
            LoopMode sent = traffic ? mode : LoopMode.NONE;
            if (recorder != null) {
                new RecordedNegotiation(combination, sent, seed).writeTo(recorder);
            }
            Attempt attempt = negotiation.acknowledge(combination, sent);
            if (attempt.outcome() != wanted) {
                unmet.add(attempt.outcome().word() + " instead of " + wanted.word());
            }
            if (traffic && attempt.outcome() == Outcome.ACCEPTED && attempt.frames() == 0) {
                unmet.add("no frames were sent: this front-end does not support them with these features");
            }
            report = new Report(rendezvous.path().toString(), offered, offeredProtocol, List.of(attempt), 1, "", unmet);
        }
        if (recorder != null) {
            recorder.end(report.attempts().getFirst().outcome().word());
        }
        tests.add(report.attempts().getFirst().combination(), report.unmet());
        ci.write(() -> tests.text(null, ""));
        out.print(json ? report.json() : report.text());
        out.flush();
        return tests.failed() ? 1 : 0;
    }

    /** Replays a recorded negotiation and compares each message. */
    private int replay(Rendezvous rendezvous, Trace trace, RecordedNegotiation again, PrintWriter out) {
        TraceRecorder now = TraceRecorder.inMemory();
        rendezvous.watch(now::connection);
        Attempt attempt;
        try (FrontEnd frontEnd = TraceOptions.isOf(trace, COMMAND)
                ? where.connect(rendezvous)
                : rendezvous.connectServed(where.patience())) {
            attempt = new Negotiation(frontEnd).seed(again.seed()).acknowledge(again.combination(), again.loop());
        }
        Trace.Comparison comparison =
                trace.compare(now.messages(), attempt.outcome().word());
        tests.add(
                again.combination(),
                comparison.same() ? List.of() : comparison.text().lines().toList());
        ci.write(() -> tests.text(null, ""));
        out.print(comparison.text());
        out.flush();
        return tests.failed() ? 1 : 0;
    }

    private static void expect(
            List<String> unmet, String option, BitNames names, @Nullable String expected, long offered) {
        if (expected != null) {
            String difference = names.difference(option, expected, offered);
            if (!difference.isEmpty()) {
                unmet.add(difference);
            }
        }
    }

    private int matrix(
            Rendezvous rendezvous, @Nullable BackEndProcess process, @Nullable LoopMode mode, PrintWriter out) {
        long offered;
        long offeredProtocol;
        long offeredWithConfig;
        Duration patience = where.patience().compareTo(MATRIX_PATIENCE) < 0 ? where.patience() : MATRIX_PATIENCE;
        try (FrontEnd frontEnd = where.connect(rendezvous)) {
            Negotiation negotiation = new Negotiation(frontEnd);
            offered = negotiation.offeredFeatures();
            offeredProtocol = negotiation.offeredProtocol();
            offeredWithConfig = negotiation.offeredWithConfig();
        }
        List<Combination> combinations = new Matrix(offered, offeredWithConfig, offeredProtocol).combinations();
        MatrixRun run = new MatrixRun(rendezvous, starter(process), patience, Duration.ofSeconds(limit), mode)
                .seed(seed)
                .record((combination, known) -> {
                    TraceRecorder recorder = traces.recorder(MATRIX, combination.name(), rendezvous.path());
                    if (recorder != null) {
                        new RecordedNegotiation(combination, known, seed).writeTo(recorder);
                    }
                    return recorder;
                });
        try (Interruption interruption = Interruption.watch(INTERRUPTED_PATIENCE);
                Progress progress = Progress.on(spec.commandLine().getErr())) {
            progress.step(0, combinations.size(), "combinations");
            ci.write(() -> tests.text(combinations.getFirst(), ""));
            run.run(
                    combinations,
                    attempt -> {
                        int done = run.attempts().size();
                        tests.add(attempt);
                        ci.write(() -> tests.text(done < combinations.size() ? combinations.get(done) : null, ""));
                        progress.step(done, combinations.size(), "combinations");
                    },
                    interruption::requested);
            ci.write(() -> tests.text(null, run.stopped()));
            progress.clear();
            Report report = new Report(
                    rendezvous.path().toString(),
                    offered,
                    offeredProtocol,
                    run.attempts(),
                    combinations.size(),
                    run.stopped(),
                    List.of());
            out.print(json ? report.json() : report.matrix());
            out.flush();
        }
        return run.stopped().isEmpty() && !tests.failed() ? 0 : 1;
    }
}
