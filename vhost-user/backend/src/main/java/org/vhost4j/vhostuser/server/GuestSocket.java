// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.file.Path;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.host.io.IoLoop;
import org.vhost4j.host.io.UnixConnector;
import org.vhost4j.host.io.UnixListener;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.InheritedSocket;
import org.vhost4j.sys.PeerProcess;

/** Waits for a guest's front-end: listens on a socket, or connects to one. Used by the guest's lane. */
final class GuestSocket implements AutoCloseable {
    private static final long FIRST_RETRY_MILLIS = 10;
    private static final long LONGEST_RETRY_MILLIS = 1000;
    private static final long AGAIN_AFTER_MILLIS = 100;

    private final GuestPort guest;
    private final IoLoop loop;
    private final Consumer<String> trouble;
    private final Consumer<Path> inherited;
    private @Nullable UnixListener listener;
    private @Nullable UnixConnector connector;

    /**
     * Creates a socket that is not open yet.
     *
     * @param guest guest of the socket
     * @param trouble receives a line while the program waits for the front-end
     * @param inherited receives the path of an inherited listening socket, before a front-end connects
     */
    GuestSocket(GuestPort guest, Consumer<String> trouble, Consumer<Path> inherited) {
        this.guest = guest;
        this.inherited = inherited;
        this.loop = guest.context().lane.loop();
        this.trouble = trouble;
    }

    /** Opens the socket when the back-end starts. */
    void open() {
        Endpoint endpoint = guest.endpoint();
        if (endpoint.path() == null) {
            Fd socket = InheritedSocket.adopt(endpoint.descriptor());
            if (InheritedSocket.listens(socket)) {
                InheritedSocket.path(socket.number()).ifPresent(inherited);
                listener = UnixListener.adopt(loop, socket, guest::connected);
            } else {
                PeerProcess.requestCredentials(socket);
                guest.connected(socket);
            }
        } else if (endpoint.connect()) {
            connect(endpoint.path()).connect();
        } else {
            listener = UnixListener.bind(loop, endpoint.path(), endpoint.access(), guest::connected);
        }
    }

    /**
     * Takes over the socket of another back-end.
     *
     * @param listening the socket on which it listened, or null
     * @param connected whether the front-end is connected
     */
    void takeOver(@Nullable Fd listening, boolean connected) {
        Endpoint endpoint = guest.endpoint();
        if (listening != null) {
            if (endpoint.path() == null) {
                InheritedSocket.path(listening.number()).ifPresent(inherited);
            }
            listener = UnixListener.takeOver(loop, listening, endpoint.path(), guest::connected);
        }
        if (endpoint.path() != null && endpoint.connect()) {
            UnixConnector made = connect(endpoint.path());
            if (!connected) {
                made.connect();
            }
        }
    }

    private UnixConnector connect(Path path) {
        UnixConnector made =
                new UnixConnector(loop, path, FIRST_RETRY_MILLIS, LONGEST_RETRY_MILLIS, new UnixConnector.Handler() {
                    @Override
                    public void connected(Fd connection) {
                        guest.connected(connection);
                    }

                    @Override
                    public void waiting(String reason) {
                        trouble.accept("waiting for the front-end: " + reason);
                    }
                });
        connector = made;
        // Connects again after a delay, so that a front-end that closes every connection cannot keep the lane busy.
        guest.whenDisconnected(() -> {
            Future<?> unused = loop.schedule(made::connect, AGAIN_AFTER_MILLIS, TimeUnit.MILLISECONDS);
        });
        return made;
    }

    /** Returns the listening socket, which this object still owns; null when there is none. */
    @Nullable
    Fd listening() {
        UnixListener now = listener;
        return now == null ? null : now.socket();
    }

    /** Accepts no connection until {@link #thaw}. */
    void freeze() {
        if (listener != null) {
            listener.freeze();
        }
        if (connector != null) {
            connector.freeze();
        }
    }

    /** Continues after {@link #freeze}. */
    void thaw() {
        if (listener != null) {
            listener.thaw();
        }
        if (connector != null) {
            connector.thaw();
        }
    }

    /** Leaves the socket and its file to another back-end. */
    void leave() {
        if (listener != null) {
            listener.leave();
        }
        if (connector != null) {
            connector.close();
        }
    }

    @Override
    public void close() {
        if (listener != null) {
            listener.close();
        }
        if (connector != null) {
            connector.close();
        }
    }
}
