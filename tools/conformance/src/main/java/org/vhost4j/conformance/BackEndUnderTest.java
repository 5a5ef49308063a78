// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.sys.SystemError;

/** The back-end under test: how it is reached, and started again when that is ours to do. */
public final class BackEndUnderTest implements AutoCloseable {
    /** How long a back-end that was just started may take until it is there. */
    private static final Duration START = Duration.ofSeconds(30);

    private static final Duration ONE_SHOT = Duration.ofMillis(500);
    private static final Duration SLICE = Duration.ofMillis(250);
    private static final long RETRY_NANOS = 2_000_000;

    private final Rendezvous rendezvous;
    private final @Nullable BackEndProcess process;
    private final Duration patience;
    /** Whether it ends with each connection. */
    private boolean oneShot;

    private boolean connected;
    private @Nullable String crashed;

    /**
     * Prepares; nothing is connected yet.
     *
     * @param listen whether the back-end connects to us
     * @param process the back-end when it is ours to start
     */
    public BackEndUnderTest(Path socket, boolean listen, @Nullable BackEndProcess process, Duration patience) {
        this.rendezvous = listen ? Rendezvous.listening(socket) : Rendezvous.connecting(socket);
        this.process = process;
        this.patience = patience;
    }

    /** Connects and asks what is offered; starts the back-end first when that is ours to do. */
    Offer begin() {
        if (process == null) {
            return ask(patience);
        }
        process.start();
        Offer offer = ask(START);
        oneShot = process.endsWithin(ONE_SHOT);
        return offer;
    }

    private Offer ask(Duration longest) {
        try (FrontEnd frontEnd = connect(longest)) {
            return Offer.ask(frontEnd);
        }
    }

    /** A fresh connection on which GET_FEATURES was answered. */
    FrontEnd connect() {
        if (process == null || !oneShot) {
            return connect(patience);
        }
        if (connected) {
            // It ends with its connection, or has its eyes on the one that it has.
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

    /** A back-end that serves one front-end at a time may turn us away until it has noticed that the last one is gone. */
    private FrontEnd connect(Duration longest) {
        long end = System.nanoTime() + longest.toNanos();
        while (true) {
            Duration left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
            FrontEnd frontEnd = open(left, end);
            try {
                frontEnd.patience(left);
                frontEnd.getFeatures();
                return frontEnd;
            } catch (FrontEndException.Closed e) {
                frontEnd.close();
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
                LockSupport.parkNanos(RETRY_NANOS);
            } catch (RuntimeException e) {
                frontEnd.close();
                throw e;
            }
        }
    }

    /** Waits for the socket, no longer than the process is there that is to serve it. */
    private FrontEnd open(Duration left, long end) {
        while (true) {
            Duration slice = left.compareTo(SLICE) < 0 ? left : SLICE;
            try {
                return rendezvous.meet(slice);
            } catch (FrontEndException.TimedOut e) {
                String ended = process == null ? null : process.describeEnd();
                if (ended != null) {
                    throw new FrontEndException("the back-end " + ended);
                }
                if (System.nanoTime() - end > 0) {
                    throw new FrontEndException(
                            "nobody " + (rendezvous.listens() ? "connects to " : "listens at ") + rendezvous.path());
                }
            }
        }
    }

    /**
     * Looks whether the back-end is still there after a case, and starts it again when it is not and that is ours to do.
     *
     * @return what happened to it, or null when it serves a fresh connection
     */
    @Nullable
    String trouble() {
        if (process != null && oneShot) {
            String end = crashed == null && connected ? afterwards() : crashed;
            // What this process did is said once.
            process.stop();
            connected = false;
            crashed = null;
            return end;
        }
        String trouble = null;
        try {
            connect().close();
        } catch (FrontEndException | SystemError e) {
            trouble = "afterwards a fresh connection was not served: " + e.getMessage();
        }
        if (trouble != null && process != null) {
            String end = process.describeEnd();
            restart();
            return end == null ? trouble : "the back-end " + end;
        }
        return trouble;
    }

    /** Whether the back-end can be had again after it was lost. */
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
