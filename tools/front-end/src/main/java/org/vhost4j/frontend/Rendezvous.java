// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where front-end and back-end meet, once or repeatedly: a socket at which the back-end listens and to which each
 * connection is made again, or one at which the front-end listens and the back-end connects (vhost-user protocol,
 * "Communication").
 */
public final class Rendezvous implements AutoCloseable {
    private static final long RETRY_NANOS = 2_000_000;
    private static final Duration ASK = Duration.ofMillis(250);

    private final Path path;
    private final FrontEndSocket.@Nullable Listener listener;
    private @Nullable Supplier<SocketWatcher> watchers;
    private @Nullable Function<@Nullable SocketWatcher, SocketWatcher> others;

    private Rendezvous(Path path, FrontEndSocket.@Nullable Listener listener) {
        this.path = path;
        this.listener = listener;
    }

    /**
     * The back-end listens.
     *
     * @param path its socket
     * @return a meeting place at which nothing has happened yet
     */
    public static Rendezvous connecting(Path path) {
        return new Rendezvous(path, null);
    }

    /**
     * The front-end listens, from now on.
     *
     * @param path must not exist yet; {@link #close} removes it
     * @return a meeting place to which back-ends can connect
     * @throws org.vhost4j.sys.SystemError when there cannot be a socket at this path
     */
    public static Rendezvous listening(Path path) {
        return new Rendezvous(path, FrontEndSocket.listen(path));
    }

    /**
     * Watches every connection that is made from now on.
     *
     * @param each gives a watcher for each of them; null for none
     */
    public void watch(@Nullable Supplier<SocketWatcher> each) {
        watchers = each;
    }

    /**
     * Watches every connection that is made from now on, whatever {@link #watch} says.
     *
     * @param each gives a watcher for each of them, which tells that of {@link #watch}, null for none, everything as well
     */
    public void watchAlso(Function<@Nullable SocketWatcher, SocketWatcher> each) {
        others = each;
    }

    /**
     * Waits for a back-end.
     *
     * @param patience how long; also how long each answer may take then
     * @return a fresh connection
     * @throws FrontEndException.TimedOut when there was none in time
     */
    public FrontEnd meet(Duration patience) {
        FrontEnd frontEnd =
                new FrontEnd(listener == null ? FrontEndSocket.connect(path, patience) : listener.accept(patience));
        frontEnd.patience(patience);
        SocketWatcher watcher = watchers == null ? null : watchers.get();
        frontEnd.socket().watch(others == null ? watcher : others.apply(watcher));
        return frontEnd;
    }

    /**
     * Waits for a back-end that serves us. One that serves one front-end at a time may turn us away until it has noticed that the
     * last one is gone.
     *
     * @param patience how long; also how long each answer may take then
     * @return a connection on which GET_FEATURES has been answered, and nothing else has been sent
     * @throws FrontEndException.TimedOut when there was no back-end in time
     * @throws FrontEndException.Closed when we were rejected all the time
     */
    public FrontEnd meetServing(Duration patience) {
        return meetServing(patience, Optional::empty);
    }

    /**
     * The same, given up as soon as it is known that no back-end will come.
     *
     * @param patience how long; also how long each answer may take then
     * @param gone asked four times a second while there is no connection: why there will be none, such as {@code the back-end ended
     *     with status 1}, or nothing
     * @return a connection on which GET_FEATURES has been answered, and nothing else has been sent
     * @throws FrontEndException.TimedOut when there was no back-end in time
     * @throws FrontEndException.Closed when we were rejected all the time
     * @throws FrontEndException when it is gone, with what {@code gone} says
     */
    public FrontEnd meetServing(Duration patience, Supplier<Optional<String>> gone) {
        Deadline deadline = Deadline.in(patience);
        while (true) {
            FrontEnd frontEnd = meet(deadline, gone);
            try {
                frontEnd.patience(deadline.left(patience));
                frontEnd.getFeatures();
                frontEnd.patience(patience);
                return frontEnd;
            } catch (FrontEndException.Closed e) {
                frontEnd.close();
                if (deadline.passed()) {
                    throw e;
                }
                LockSupport.parkNanos(RETRY_NANOS);
            } catch (RuntimeException e) {
                frontEnd.close();
                throw e;
            }
        }
    }

    private FrontEnd meet(Deadline deadline, Supplier<Optional<String>> gone) {
        while (true) {
            try {
                return meet(deadline.left(ASK));
            } catch (FrontEndException.TimedOut e) {
                Optional<String> why = gone.get();
                if (why.isPresent()) {
                    throw new FrontEndException(why.get());
                }
                if (deadline.passed()) {
                    throw deadline.timedOut(listens() ? "back-end connecting to " + path : "back-end at " + path);
                }
            }
        }
    }

    /**
     * The socket.
     *
     * @return its path, as given
     */
    public Path path() {
        return path;
    }

    /**
     * Which side listens.
     *
     * @return true when the front-end does
     */
    public boolean listens() {
        return listener != null;
    }

    @Override
    public void close() {
        if (listener != null) {
            listener.close();
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
