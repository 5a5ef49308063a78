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
 * The socket at which front-end and back-end connect, once or repeatedly: either the back-end listens and the front-end connects for each
 * connection, or the front-end listens and the back-end connects (vhost-user protocol, "Communication").
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
     * Creates an object for a back-end that listens; nothing is connected yet.
     *
     * @param path the path of the back-end's socket
     * @return the object
     */
    public static Rendezvous connecting(Path path) {
        return new Rendezvous(path, null);
    }

    /**
     * Creates a socket on which the front-end listens from now on.
     *
     * @param path the path of the socket, which must not exist yet; {@link #close} removes it
     * @return the object, to which back-ends can connect
     * @throws org.vhost4j.sys.SystemError when the socket cannot be created at this path
     */
    public static Rendezvous listening(Path path) {
        return new Rendezvous(path, FrontEndSocket.listen(path));
    }

    /**
     * Watches every connection that is created from now on.
     *
     * @param each creates a watcher for each connection; null for none
     */
    public void watch(@Nullable Supplier<SocketWatcher> each) {
        watchers = each;
    }

    /**
     * Watches every connection that is created from now on, in addition to {@link #watch}.
     *
     * @param each creates a watcher for each connection; it receives the watcher of {@link #watch} or null, and its watcher must forward
     *     everything to that one
     */
    public void watchAlso(Function<@Nullable SocketWatcher, SocketWatcher> each) {
        others = each;
    }

    /**
     * Waits for a back-end.
     *
     * @param patience the longest time to wait, and the timeout for each later answer
     * @return a new connection
     * @throws FrontEndException.TimedOut when no back-end connected in time
     */
    public FrontEnd connect(Duration patience) {
        FrontEnd frontEnd =
                new FrontEnd(listener == null ? FrontEndSocket.connect(path, patience) : listener.accept(patience));
        frontEnd.patience(patience);
        SocketWatcher watcher = watchers == null ? null : watchers.get();
        frontEnd.socket().watch(others == null ? watcher : others.apply(watcher));
        return frontEnd;
    }

    /**
     * Waits for a back-end that serves the connection. A back-end that serves one front-end at a time may reject connections until it has
     * noticed that the previous one is closed.
     *
     * @param patience the longest time to wait, and the timeout for each later answer
     * @return a connection on which GET_FEATURES has been answered, and nothing else has been sent
     * @throws FrontEndException.TimedOut when there was no back-end in time
     * @throws FrontEndException.Closed when the back-end rejected all connections
     */
    public FrontEnd connectServed(Duration patience) {
        return connectServed(patience, Optional::empty);
    }

    /**
     * Waits for a back-end that serves the connection, and fails early when the caller knows that none will.
     *
     * @param patience the longest time to wait, and the timeout for each later answer
     * @param gone called four times a second while there is no connection; returns the reason why there will be none, such as {@code the
     *     back-end ended with status 1}, or nothing
     * @return a connection on which GET_FEATURES has been answered, and nothing else has been sent
     * @throws FrontEndException.TimedOut when there was no back-end in time
     * @throws FrontEndException.Closed when the back-end rejected all connections
     * @throws FrontEndException when {@code gone} returned a reason, with that reason
     */
    public FrontEnd connectServed(Duration patience, Supplier<Optional<String>> gone) {
        Deadline deadline = Deadline.in(patience);
        while (true) {
            FrontEnd frontEnd = connect(deadline, gone);
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

    private FrontEnd connect(Deadline deadline, Supplier<Optional<String>> gone) {
        while (true) {
            try {
                return connect(deadline.left(ASK));
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
     * Returns the path of the socket.
     *
     * @return the path, as given
     */
    public Path path() {
        return path;
    }

    /**
     * Returns whether the front-end listens.
     *
     * @return true when the front-end listens
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
