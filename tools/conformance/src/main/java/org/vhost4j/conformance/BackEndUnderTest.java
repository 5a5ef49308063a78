// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.conformance.trace.MessagePrinter;
import org.vhost4j.conformance.trace.TraceRecorder;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.Offer;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.sys.SystemError;

/** Connects to the back-end under test, and restarts it when the suite is responsible for starting it. */
public final class BackEndUnderTest implements AutoCloseable {
    /** Maximum time for a started back-end to create its socket. */
    private static final Duration START = Duration.ofMinutes(2);

    private static final Duration ONE_SHOT = Duration.ofMillis(500);

    private final Rendezvous rendezvous;
    private final @Nullable BackEndProcess process;
    private final Duration patience;
    /** Whether the back-end ends with each connection. */
    private boolean oneShot;

    private boolean connected;
    private @Nullable String crashed;

    /**
     * Creates the object; no connection is made yet.
     *
     * @param listen whether the suite listens and the back-end connects
     * @param process the process of the back-end, when the suite starts it; otherwise null
     */
    public BackEndUnderTest(Path socket, boolean listen, @Nullable BackEndProcess process, Duration patience) {
        this.rendezvous = listen ? Rendezvous.listening(socket) : Rendezvous.connecting(socket);
        this.process = process;
        this.patience = patience;
    }

    /**
     * Prints every message of all later connections, also between cases.
     *
     * @param by the printer
     */
    public void trace(MessagePrinter by) {
        rendezvous.watchAlso(by::connection);
    }

    /** Records every connection that is made from now on; null for none. */
    void record(@Nullable TraceRecorder recorder) {
        rendezvous.watch(recorder == null ? null : recorder::connection);
    }

    /** Connects and requests the offered features. Starts the back-end first if the suite is responsible for that. */
    Offer begin() {
        if (process == null) {
            return ask(patience);
        }
        if (process.ended()) {
            process.start();
        }
        Offer offer = ask(START);
        oneShot = process.endsWithin(ONE_SHOT);
        return offer;
    }

    private Offer ask(Duration longest) {
        try (FrontEnd frontEnd = connect(longest)) {
            return Offer.ask(frontEnd);
        }
    }

    /**
     * Connects to the back-end.
     *
     * @return a new connection on which GET_FEATURES was answered; the caller closes it
     * @throws FrontEndException when the back-end does not serve the connection in time
     */
    public FrontEnd connect() {
        if (process == null || !oneShot) {
            return connect(patience);
        }
        if (connected) {
            // The back-end ends with its connection, or still serves the previous one.
            crashed = crashed == null ? afterwards() : crashed;
            process.stop();
        }
        if (process.ended()) {
            process.start();
        }
        FrontEnd frontEnd = connect(START);
        connected = true;
        return frontEnd;
    }

    private @Nullable String afterwards() {
        if (process == null) {
            return null;
        }
        process.endsWithin(ONE_SHOT);
        String crash = process.crash();
        return crash == null ? null : "the back-end " + crash;
    }

    private FrontEnd connect(Duration longest) {
        return rendezvous.connectServed(longest, this::end);
    }

    /** Describes the end of the back-end's process; empty while it runs, or when the suite has not started it. */
    private Optional<String> end() {
        return Optional.ofNullable(process)
                .flatMap(each -> Optional.ofNullable(each.describeEnd()))
                .map(end -> "the back-end " + end);
    }

    /**
     * Checks that the back-end still serves connections after a case; otherwise restarts it if the suite is responsible
     * for that.
     *
     * @return description of the problem, or null when it serves a new connection
     */
    @Nullable
    String trouble() {
        if (process != null && oneShot) {
            String end = crashed == null && connected ? afterwards() : crashed;
            // The end of a process is reported once.
            process.stop();
            connected = false;
            crashed = null;
            return end;
        }
        String trouble = null;
        try {
            connect().close();
        } catch (FrontEndException | SystemError e) {
            trouble = "a new connection after the case was not served: " + e.getMessage();
        }
        if (trouble != null && process != null) {
            String end = end().orElse(trouble);
            restart();
            return end;
        }
        return trouble;
    }

    /** Returns whether the back-end can be restarted. */
    boolean restarts() {
        return process != null;
    }

    private void restart() {
        if (process != null) {
            process.stop();
            process.start();
            connect(START).close();
        }
    }

    @Override
    public void close() {
        if (process != null) {
            process.stop();
        }
        rendezvous.close();
    }
}
