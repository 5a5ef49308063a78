// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.host.io.SocketFile;
import org.vhost4j.host.io.StaleSocket;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.sys.SystemError;

/**
 * Keeps a {@link StreamPort} connected. Either it connects to a peer that listens, and again when the connection is lost; or it listens,
 * and accepts one peer after another. A separate thread makes all calls that can block; it exists while there is no connection, or while
 * the port listens.
 */
public final class StreamConnector implements AutoCloseable {
    private static final long AGAIN_NANOS = 500_000_000;

    /** Maximum time in seconds for which the kernel tries to reach a host. */
    private static final int CONNECT_SECONDS = 10;

    private static final int SO_REUSEADDR = 2;
    private static final int SO_SNDTIMEO = 21;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;

    private final StreamPort port;
    private final Lane lane;
    private final SocketAddress address;
    private final boolean listens;
    private final Consumer<String> lines;

    /** The file of the listening socket; null without one. Used by the lane. */
    private @Nullable SocketFile file;

    /** The thread's current work; null for none. Used by the lane. */
    private @Nullable Work work;

    /**
     * Creates the connector of a port without a connection. It makes no attempt to connect before {@link #start}.
     *
     * @param port the port, on the lane
     * @param lane lane of the port
     * @param address address on which the peer listens, or on which to listen for it
     * @param listens whether the peer connects to this program
     * @param lines receives a line when a peer is connected, when the connection is lost, and when the reason why there
     *     is no connection changes; called by several threads
     */
    public StreamConnector(StreamPort port, Lane lane, SocketAddress address, boolean listens, Consumer<String> lines) {
        this.port = port;
        this.lane = lane;
        this.address = address;
        this.listens = listens;
        this.lines = lines;
        port.whenLost(this::lost);
    }

    /**
     * Starts to connect, or to listen. Called by the lane's thread.
     *
     * @throws SystemError when it cannot listen on the address
     */
    public void start() {
        if (work == null) {
            begin(new Work(listens ? listen() : null, false));
        }
    }

    private void begin(Work next) {
        work = next;
        // Created by the lane's thread, so that it has the same network namespace.
        ControlThread.start("vhost4j-" + port.name(), next::run);
    }

    /** Closes the connection, and makes no new one until {@link #start}. Called by the lane's thread, or when the lane is closed. */
    public void stop() {
        Work now = work;
        work = null;
        if (now != null) {
            now.end();
        }
        port.disconnect();
    }

    private void lost(String reason) {
        lines.accept(reason + (listens ? "; waiting for the next one" : "; connecting again"));
        if (!listens) {
            begin(new Work(null, true));
        }
    }

    private Fd listen() {
        SocketAddress.Resolved resolved = address.resolve();
        Fd socket = resolved.socket(LibC.SOCK_STREAM);
        try {
            set(socket, LibC.SOL_SOCKET, SO_REUSEADDR, 1);
            StaleSocket.bindInPlace(socket, LibC.SOCK_STREAM, address, resolved, "cannot listen on " + address);
            Path path = address.path();
            file = path == null ? null : SocketFile.of(path);
            SystemError.check(LibC.listen(socket.number(), 1), "cannot listen on " + address);
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static void set(Fd socket, int level, int option, int value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_INT, value);
            SystemError.check(
                    LibC.setsockopt(socket.number(), level, option, memory.address(), Integer.BYTES),
                    "cannot set an option of a socket");
        }
    }

    private static void limitConnect(Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(16, Long.BYTES);
            time.set(ValueLayout.JAVA_LONG, 0, CONNECT_SECONDS);
            SystemError.check(
                    LibC.setsockopt(socket.number(), LibC.SOL_SOCKET, SO_SNDTIMEO, time.address(), 16),
                    "cannot limit the time of a connect");
        }
    }

    /** The work of the thread, until a connection is made or, when listening, until it is stopped. */
    private final class Work {
        private final @Nullable Fd listening;
        private final boolean again;
        private volatile boolean ended;

        /**
         * Creates work that has not begun.
         *
         * @param listening socket on which to accept; null to connect
         * @param again whether there was a connection before: a peer that accepts and closes is not tried again at once
         */
        Work(@Nullable Fd listening, boolean again) {
            this.listening = listening;
            this.again = again;
        }

        void end() {
            ended = true;
            if (listening != null) {
                // Wakes the thread from accept(2); it closes the socket.
                listening.hangUp();
                SocketFile made = file;
                if (made != null) {
                    try {
                        made.remove();
                    } catch (SystemError e) {
                        lines.accept(e.getMessage());
                    }
                }
            }
        }

        void run() {
            if (listening != null) {
                accept(listening);
            } else {
                connect();
            }
        }

        private void accept(Fd from) {
            try (from) {
                while (!ended) {
                    int accepted = LibC.accept(from.number(), LibC.SOCK_CLOEXEC | LibC.SOCK_NONBLOCK);
                    if (accepted >= 0) {
                        boolean unused = give(Fd.of(accepted, "cannot accept a connection"));
                    } else if (!ended) {
                        LockSupport.parkNanos(AGAIN_NANOS);
                    }
                }
            }
        }

        private void connect() {
            String lastReason = "";
            if (again) {
                LockSupport.parkNanos(AGAIN_NANOS);
            }
            while (!ended) {
                try {
                    if (tryOnce()) {
                        return;
                    }
                } catch (SystemError e) {
                    String reason = String.valueOf(e.getMessage());
                    if (!ended && !reason.equals(lastReason)) {
                        lines.accept(reason + "; trying again");
                        lastReason = reason;
                    }
                }
                LockSupport.parkNanos(AGAIN_NANOS);
            }
        }

        private boolean tryOnce() {
            SocketAddress.Resolved resolved = address.resolve();
            Fd socket = resolved.socket(LibC.SOCK_STREAM);
            try {
                limitConnect(socket);
                SystemError.check(resolved.connect(socket), "cannot connect to " + address);
                socket.setNonBlocking();
            } catch (SystemError e) {
                socket.close();
                throw e;
            }
            return give(socket);
        }

        /** Passes a connection to the port; returns false when the port already has one. */
        private boolean give(Fd socket) {
            try {
                if (address.path() == null) {
                    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
                }
                boolean taken = lane.submit(() -> take(socket)).join();
                if (taken) {
                    lines.accept("connected" + (listens ? "" : " to " + address));
                } else if (!ended) {
                    lines.accept("a second peer connected and was rejected");
                }
                return taken;
            } catch (CompletionException | IllegalStateException | SystemError e) {
                socket.close();
                ended |= port.stoppedReason() != null;
                if (!ended) {
                    Throwable cause = e.getCause() == null ? e : e.getCause();
                    lines.accept("cannot use a connection: " + cause.getMessage());
                }
                return false;
            }
        }

        private boolean take(Fd socket) {
            if (ended || port.isConnected()) {
                socket.close();
                return false;
            }
            port.connect(socket);
            return true;
        }
    }

    /** Does the same as {@link #stop}. */
    @Override
    public void close() {
        stop();
    }
}
