// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.device.driver.DeviceViolationException;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.Offer;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.sys.SystemError;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.tools.common.Version;

/** Runs cases against a back-end. */
public final class Suite {
    /** Maximum duration of a case, as a multiple of the timeout for an answer. */
    private static final int CASE_PATIENCE = 40;
    /** Divisor of the timeout: the time after which something is assumed not to arrive. */
    private static final int QUIETS_IN_PATIENCE = 20;

    /** Reason for a case that did not run because of {@code interrupted}. */
    private static final String INTERRUPTED = "interrupted";

    /** Reason that is written for a case before it runs, and stays if the suite is aborted. */
    private static final String UNFINISHED = "the suite was ended while this case ran";

    private final BackEndUnderTest backEnd;
    private final Duration patience;
    private final Duration quiet;
    private long seed = 1;
    private ExpectedFailures expected = ExpectedFailures.NONE;
    private Function<Case, @Nullable TraceRecorder> recorders = tried -> null;
    private Consumer<SuiteReport> snapshots = report -> {};
    /** The recorder of the current case. */
    private @Nullable TraceRecorder recorder;

    /** The steps of the last case. */
    private List<String> notes = List.of();

    public Suite(BackEndUnderTest backEnd, Duration patience) {
        this(backEnd, patience, patience.dividedBy(QUIETS_IN_PATIENCE));
    }

    /**
     * Creates a suite with a given time for concluding that nothing arrives.
     *
     * @param patience maximum time for any answer or frame
     * @param quiet time after which something is assumed not to arrive
     */
    Suite(BackEndUnderTest backEnd, Duration patience, Duration quiet) {
        this.backEnd = backEnd;
        this.patience = patience;
        this.quiet = quiet;
    }

    /**
     * Sets the seed for cases with random values; the default is 1.
     *
     * @param value any number
     * @return this
     */
    public Suite seed(long value) {
        seed = value;
        return this;
    }

    /**
     * Sets the expected failures; by default there are none.
     *
     * @param failures the expected failures from a file
     * @return this
     */
    public Suite expect(ExpectedFailures failures) {
        expected = failures;
        return this;
    }

    /**
     * Records the messages of cases.
     *
     * @param each returns the recorder for a case before the case runs, or null to record nothing
     * @return this
     */
    public Suite record(Function<Case, @Nullable TraceRecorder> each) {
        recorders = each;
        return this;
    }

    /**
     * Reports the results so far before each case, so that they are available if the suite is aborted.
     *
     * @param known receives a report in which the last case is the one about to run, marked as not run
     * @return this
     */
    public Suite snapshots(Consumer<SuiteReport> known) {
        snapshots = known;
        return this;
    }

    /**
     * Runs cases.
     *
     * @param label the name of the back-end for reports
     * @param reached the command-line arguments by which the back-end is reached
     * @param wanted how the back-end returns frames; null to detect it
     * @param progress receives each result
     * @throws UnsupportedOption when the back-end cannot be reached at the beginning
     */
    public SuiteReport run(
            String label, String reached, List<Case> cases, @Nullable LoopMode wanted, Consumer<CaseResult> progress) {
        return run(label, reached, cases, wanted, progress, () -> false);
    }

    /**
     * Runs cases until all have run or the run is interrupted.
     *
     * @param label the name of the back-end for reports
     * @param reached the command-line arguments by which the back-end is reached
     * @param wanted how the back-end returns frames; null to detect it
     * @param progress receives each result
     * @param interrupted called before and after each case; from the first true on, cases are reported as not run, including the current
     *     one, because the signal may have ended its back-end
     * @throws UnsupportedOption when the back-end cannot be reached at the beginning
     */
    public SuiteReport run(
            String label,
            String reached,
            List<Case> cases,
            @Nullable LoopMode wanted,
            Consumer<CaseResult> progress,
            BooleanSupplier interrupted) {
        Instant began = Instant.now();
        Session session = begin(wanted);
        List<CaseResult> results = new ArrayList<>();
        SuiteReport empty = new SuiteReport(
                label, reached, Version.current(), began, session.offer, session.loop, seed, cases.size(), List.of());
        for (Case each : cases) {
            results.add(skipped(each, Outcome.NOT_RUN, UNFINISHED));
            snapshots.accept(empty.with(results));
            results.removeLast();
            CaseResult result = session.run(each, interrupted);
            results.add(result);
            progress.accept(result);
        }
        return empty.with(results);
    }

    /**
     * Connects to the back-end, which is started first when the suite is responsible for that, so that cases can be run one by one.
     *
     * @param wanted how the back-end returns frames; null to detect it
     * @return the session that runs cases
     * @throws UnsupportedOption when the back-end cannot be reached
     */
    public Session begin(@Nullable LoopMode wanted) {
        try {
            Offer offer = backEnd.begin();
            return new Session(offer, wanted == null ? detectLoop(offer) : wanted);
        } catch (FrontEndException | SystemError e) {
            throw new UnsupportedOption("the back-end under test cannot be reached: " + e.getMessage());
        }
    }

    /** A session with a back-end that was reached; runs cases one by one. */
    public final class Session {
        private final Offer offer;
        private final LoopMode loop;
        /** The reason why no further case runs. */
        private @Nullable String gone;

        private Session(Offer offer, LoopMode loop) {
            this.offer = offer;
            this.loop = loop;
        }

        /**
         * Runs a case, and checks afterwards that the back-end still serves connections.
         *
         * @param tried the case
         * @return the result
         */
        public CaseResult run(Case tried) {
            return run(tried, () -> false);
        }

        private CaseResult run(Case tried, BooleanSupplier interrupted) {
            if (gone == null && interrupted.getAsBoolean()) {
                gone = INTERRUPTED;
            }
            CaseResult result =
                    gone == null ? Suite.this.run(tried, offer, loop) : skipped(tried, Outcome.NOT_RUN, gone);
            if (gone == null && interrupted.getAsBoolean()) {
                gone = INTERRUPTED;
                result = skipped(tried, Outcome.NOT_RUN, gone);
            }
            if (gone == null && result.outcome() != Outcome.NOT_OFFERED) {
                String trouble = backEnd.trouble();
                if (trouble != null && result.outcome() != Outcome.NOT_APPLICABLE) {
                    result = lost(result, trouble);
                    gone = backEnd.restarts() ? null : "the back-end was lost in " + tried.name();
                }
            }
            endRecord(result);
            return expected.judged(result);
        }
    }

    private void endRecord(CaseResult result) {
        TraceRecorder last = recorder;
        recorder = null;
        if (last != null) {
            Evidence evidence = result.evidence();
            if (evidence != null) {
                evidence.lines().forEach(last::note);
            }
            last.end(result.outcome().word());
        }
    }

    private static CaseResult skipped(Case tried, Outcome outcome, String reason) {
        return new CaseResult(tried, outcome, reason, null, 0);
    }

    /** Returns the result as a failure, because the back-end did not survive the case. */
    private CaseResult lost(CaseResult result, String trouble) {
        Evidence before = result.evidence();
        Evidence evidence = before == null
                ? new Evidence(
                        notes, trouble, "a back-end serves the next front-end, regardless of what the previous one did")
                : new Evidence(before.sent(), before.came() + "\n" + trouble, before.rule());
        return new CaseResult(result.tried(), Outcome.FAIL, "", evidence, result.millis());
    }

    private CaseResult run(Case tried, Offer offer, LoopMode loop) {
        List<String> missing = tried.missing(offer);
        if (!missing.isEmpty()) {
            return skipped(tried, Outcome.NOT_OFFERED, String.join(", ", missing));
        }
        if (tried.loop() && loop == LoopMode.NONE) {
            return skipped(tried, Outcome.NOT_APPLICABLE, "needs a back-end that returns frames");
        }
        long began = System.nanoTime();
        recorder = recorders.apply(tried);
        backEnd.record(recorder);
        CaseContext context = new CaseContext(tried, backEnd, offer, loop, patience, quiet, seed, recorder);
        CaseRun run = new CaseRun(tried, context);
        Evidence evidence = run.evidence(patience.multipliedBy(CASE_PATIENCE));
        backEnd.record(null);
        notes = run.notes();
        String skip = run.skipReason();
        long millis = Duration.ofNanos(System.nanoTime() - began).toMillis();
        if (skip != null) {
            return new CaseResult(tried, Outcome.NOT_APPLICABLE, skip, null, millis);
        }
        return new CaseResult(tried, evidence == null ? Outcome.PASS : Outcome.FAIL, "", evidence, millis);
    }

    /** Sends a frame, and detects the mode from the returned one. */
    private LoopMode detectLoop(Offer offer) {
        Case probe = Case.of("loop.detect", "", "", context -> {});
        LoopMode found = LoopMode.NONE;
        try (CaseContext context = new CaseContext(probe, backEnd, offer, LoopMode.NONE, patience, quiet, seed, null)) {
            NetDriver driver = context.attach(context.setup());
            byte[] frame = context.datagram(700).complete();
            driver.send(frame, DriverHeader.PLAIN);
            ReceivedFrame came = context.receive(driver, patience.dividedBy(2)).orElse(null);
            if (came != null) {
                for (LoopMode mode : new LoopMode[] {LoopMode.ECHO, LoopMode.MACSWAP}) {
                    if (Arrays.equals(mode.returned(frame), came.bytes())) {
                        found = mode;
                    }
                }
            }
        } catch (FrontEndException | DeviceViolationException e) {
            // The cases will report the error; without returned frames fewer of them apply.
            found = LoopMode.NONE;
        }
        backEnd.trouble();
        return found;
    }
}
