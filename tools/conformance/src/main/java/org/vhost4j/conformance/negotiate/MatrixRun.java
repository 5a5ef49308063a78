// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.sys.SystemError;

/** Tries combinations one after the other, each on its own connection, until all are tried or the time limit is reached. */
public final class MatrixRun {
    private final Rendezvous rendezvous;
    private final Runnable between;
    private final Duration patience;
    private final long end;
    private final List<Attempt> attempts = new ArrayList<>();
    private long seed = 1;
    private BiFunction<Combination, @Nullable LoopMode, @Nullable TraceRecorder> recorders =
            (combination, mode) -> null;
    private String stopped = "";
    private boolean loopIsKnown;
    private @Nullable LoopMode loop;

    /**
     * Creates a run, which has not begun.
     *
     * @param rendezvous the socket at which front-end and back-end connect
     * @param between runs before each connection, for example to restart a back-end that ends with its connection
     * @param patience the timeout for a connection and for each answer
     * @param limit the time limit for the whole run
     * @param loop how the back-end returns frames, NONE to send none, or null to detect it
     */
    public MatrixRun(
            Rendezvous rendezvous, Runnable between, Duration patience, Duration limit, @Nullable LoopMode loop) {
        this.rendezvous = rendezvous;
        this.between = between;
        this.patience = patience;
        this.end = System.nanoTime() + limit.toNanos();
        this.loop = loop;
        this.loopIsKnown = loop != null;
    }

    /**
     * Sets the seed of the frames' contents; the default is 1.
     *
     * @param value any number
     * @return this
     */
    public MatrixRun seed(long value) {
        seed = value;
        return this;
    }

    /**
     * Records the messages of attempts.
     *
     * @param each returns the recorder for a combination before it is tried, given how the back-end returns frames, or null when that is
     *     not known yet; null records nothing
     * @return this
     */
    public MatrixRun record(BiFunction<Combination, @Nullable LoopMode, @Nullable TraceRecorder> each) {
        recorders = each;
        return this;
    }

    /**
     * Tries combinations.
     *
     * @param combinations the combinations, in order
     * @param tried receives each attempt
     * @param interrupted called before and after each attempt; true ends the run and discards the current attempt, because the signal may
     *     have ended its back-end
     */
    public void run(List<Combination> combinations, Consumer<Attempt> tried, BooleanSupplier interrupted) {
        for (Combination combination : combinations) {
            if (System.nanoTime() - end > 0) {
                stopped = "the time limit was reached";
                return;
            }
            if (isInterrupted(interrupted)) {
                return;
            }
            Attempt attempt;
            between.run();
            TraceRecorder recorder = recorders.apply(combination, loop);
            rendezvous.watch(recorder == null ? null : recorder::connection);
            try (FrontEnd frontEnd = rendezvous.connectServed(patience)) {
                attempt = attempt(frontEnd, combination);
            } catch (FrontEndException | SystemError e) {
                if (isInterrupted(interrupted)) {
                    return;
                }
                // The offer was requested on a separate connection.
                stopped = "after " + (attempts.size() + 1) + " connections the back-end accepts no more ("
                        + e.getMessage()
                        + "): a back-end that ends with its connection must be restarted each time, as by --exec";
                return;
            }
            if (isInterrupted(interrupted)) {
                return;
            }
            if (recorder != null) {
                recorder.end(attempt.outcome().word());
            }
            attempts.add(attempt);
            tried.accept(attempt);
        }
    }

    private boolean isInterrupted(BooleanSupplier interrupted) {
        if (interrupted.getAsBoolean()) {
            stopped = "interrupted";
        }
        return !stopped.isEmpty();
    }

    /** Tries a combination; the first one shows whether frames return at all. */
    private Attempt attempt(FrontEnd frontEnd, Combination combination) {
        Negotiation negotiation = new Negotiation(frontEnd).seed(seed);
        Attempt attempt = negotiation.acknowledge(combination, loop);
        if (!loopIsKnown) {
            loopIsKnown = true;
            if (attempt.outcome() == Outcome.BROKEN && attempt.detail().startsWith("frames: no frame")) {
                loop = LoopMode.NONE;
                return new Attempt(combination, attempt.lawful(), Outcome.ACCEPTED, "", 0);
            }
        }
        return attempt;
    }

    /** Returns the attempts, in order. */
    public List<Attempt> attempts() {
        return List.copyOf(attempts);
    }

    /** Returns the reason why some combinations were not tried; empty when all were. */
    public String stopped() {
        return stopped;
    }

    /** Returns whether frames were sent. */
    boolean sentFrames() {
        return loop != LoopMode.NONE;
    }
}
