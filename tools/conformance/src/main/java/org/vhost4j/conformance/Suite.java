// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
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
    /** No case takes longer, as a multiple of the patience with one answer. */
    private static final int CASE_PATIENCE = 10;
    /** What does not come in this part of the patience is taken for not coming at all. */
    private static final int QUIETS_IN_PATIENCE = 20;

    /** Why a case did not run after {@code interrupted}. */
    private static final String INTERRUPTED = "interrupted";

    private final BackEndUnderTest backEnd;
    private final Duration patience;
    private final Duration quiet;
    /** What the last case did. */
    private List<String> notes = List.of();

    public Suite(BackEndUnderTest backEnd, Duration patience) {
        this(backEnd, patience, patience.dividedBy(QUIETS_IN_PATIENCE));
    }

    /**
     * A suite that looks for another time for what is not to come.
     *
     * @param patience how long anything may take
     * @param quiet how long to look before something is taken for not coming at all
     */
    Suite(BackEndUnderTest backEnd, Duration patience, Duration quiet) {
        this.backEnd = backEnd;
        this.patience = patience;
        this.quiet = quiet;
    }

    /**
     * Runs cases.
     *
     * @param label what the back-end is called
     * @param reached the command line's words by which it is reached
     * @param wanted how the back-end returns frames; null to find out
     * @param progress called with each result
     * @throws UnsupportedOption when there is no back-end to begin with
     */
    public SuiteReport run(
            String label, String reached, List<Case> cases, @Nullable LoopMode wanted, Consumer<CaseResult> progress) {
        return run(label, reached, cases, wanted, progress, () -> false);
    }

    /**
     * Runs cases until all have run or no more are wanted.
     *
     * @param label what the back-end is called
     * @param reached the command line's words by which it is reached
     * @param wanted how the back-end returns frames; null to find out
     * @param progress called with each result
     * @param interrupted asked before and after each case; from the first true on, cases are reported as not run, the one at hand as well,
     *     because the signal may have ended its back-end
     * @throws UnsupportedOption when there is no back-end to begin with
     */
    public SuiteReport run(
            String label,
            String reached,
            List<Case> cases,
            @Nullable LoopMode wanted,
            Consumer<CaseResult> progress,
            BooleanSupplier interrupted) {
        Instant began = Instant.now();
        Offer offer;
        LoopMode loop;
        try {
            offer = backEnd.begin();
            loop = wanted == null ? detectLoop(offer) : wanted;
        } catch (FrontEndException | SystemError e) {
            throw new UnsupportedOption("there is no back-end to be tested: " + e.getMessage());
        }
        List<CaseResult> results = new ArrayList<>();
        String gone = null;
        for (Case each : cases) {
            if (gone == null && interrupted.getAsBoolean()) {
                gone = INTERRUPTED;
            }
            CaseResult result = gone == null ? run(each, offer, loop) : skipped(each, Outcome.NOT_RUN, gone);
            if (gone == null && interrupted.getAsBoolean()) {
                gone = INTERRUPTED;
                result = skipped(each, Outcome.NOT_RUN, gone);
            }
            if (gone == null && result.outcome() != Outcome.NOT_OFFERED) {
                String trouble = backEnd.trouble();
                if (trouble != null && result.outcome() != Outcome.NOT_APPLICABLE) {
                    result = lost(result, trouble);
                    gone = backEnd.restarts() ? null : "the back-end was lost in " + each.name();
                }
            }
            results.add(result);
            progress.accept(result);
        }
        return new SuiteReport(label, reached, Version.current(), began, offer, loop, results);
    }

    private static CaseResult skipped(Case tried, Outcome outcome, String reason) {
        return new CaseResult(tried, outcome, reason, null, 0);
    }

    /** A result turned into a failure because the back-end did not survive it. */
    private CaseResult lost(CaseResult result, String trouble) {
        Evidence before = result.evidence();
        Evidence evidence = before == null
                ? new Evidence(notes, trouble, "a back-end serves the next front-end, whatever this one did")
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
        CaseRun run = new CaseRun(tried, new CaseContext(tried, backEnd, offer, loop, patience, quiet));
        Evidence evidence = run.evidence(patience.multipliedBy(CASE_PATIENCE));
        notes = run.notes();
        String skip = run.skipReason();
        long millis = Duration.ofNanos(System.nanoTime() - began).toMillis();
        if (skip != null) {
            return new CaseResult(tried, Outcome.NOT_APPLICABLE, skip, null, millis);
        }
        return new CaseResult(tried, evidence == null ? Outcome.PASS : Outcome.FAIL, "", evidence, millis);
    }

    /** Sends a frame and sees what comes back. */
    private LoopMode detectLoop(Offer offer) {
        Case probe = Case.of("loop.detect", "", "", context -> {});
        LoopMode found = LoopMode.NONE;
        try (CaseContext context = new CaseContext(probe, backEnd, offer, LoopMode.NONE, patience, quiet)) {
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
            // The cases will say what is wrong; without frames that return there are fewer of them.
            found = LoopMode.NONE;
        }
        backEnd.trouble();
        return found;
    }
}
