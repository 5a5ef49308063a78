// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Budget;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.PeerProcess;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnixAddress;

/**
 * A listening Unix socket to which front-ends connect. A socket file that an ended process left behind is replaced; one on which a process
 * listens is not. The kernel reports the sender of the data on its connections: see {@link UnixStream#sender}. Belongs to its loop's
 * thread.
 */
public final class UnixListener implements AutoCloseable {
    private static final int BACKLOG = 16;
    /** Maximum number of connections accepted in one slice, before it is another peer's turn. */
    private static final int ACCEPTS_PER_SLICE = 4;

    private static final long SHORTAGE_MILLIS = 100;

    private final IoLoop loop;
    private final Fd socket;
    private final String name;
    private final @Nullable SocketFile file;
    private final Consumer<Fd> accepted;
    private final FdHandle handle;
    private boolean open = true;
    private boolean scheduled;
    private boolean frozen;

    private UnixListener(IoLoop loop, Fd socket, String name, @Nullable SocketFile file, Consumer<Fd> accepted) {
        this.loop = loop;
        this.socket = socket;
        this.name = name;
        this.file = file;
        this.accepted = accepted;
        handle = FdHandle.open(loop, socket, FdHandle.READ, new FdHandle.Handler() {
            @Override
            public void ready(int events) {
                acceptSoon();
            }

            @Override
            public void loopClosed() {
                close();
            }
        });
    }

    /**
     * Listens on a path. Called by the loop's thread.
     *
     * @param loop the loop that will own the socket
     * @param path path of the socket file, which is created now and removed by {@link #close}
     * @param accepted receives and owns each connection, which is non-blocking
     * @return the listening socket
     * @throws SystemError when the path cannot be listened on
     */
    public static UnixListener bind(IoLoop loop, Path path, Consumer<Fd> accepted) {
        return bind(loop, path, SocketAccess.DEFAULT, accepted);
    }

    /**
     * Listens on a path to which certain users may connect. Called by the loop's thread.
     *
     * @param loop the loop that will own the socket
     * @param path path of the socket file, which is created now and removed by {@link #close}
     * @param access users who may connect
     * @param accepted receives and owns each connection, which is non-blocking
     * @return the listening socket
     * @throws SystemError when the path cannot be listened on, or the file cannot be given that access
     */
    public static UnixListener bind(IoLoop loop, Path path, SocketAccess access, Consumer<Fd> accepted) {
        UnixAddress address = UnixAddress.of(path);
        Fd socket = UnixAddress.socket();
        SocketFile file = null;
        try {
            PeerProcess.requestCredentials(socket);
            int result = address.bind(socket);
            if (result == -Errno.EADDRINUSE) {
                removeStale(address);
                result = address.bind(socket);
            }
            SystemError.check(result, "cannot create socket " + path);
            file = SocketFile.of(path);
            access.apply(path);
            SystemError.check(LibC.listen(socket.number(), BACKLOG), "cannot listen on " + path);
            return new UnixListener(loop, socket, path.toString(), file, accepted);
        } catch (RuntimeException e) {
            remove(loop, file);
            socket.close();
            throw e;
        }
    }

    /**
     * Listens on a socket that was inherited. Called by the loop's thread.
     *
     * @param loop the loop that will own the socket
     * @param socket listening and non-blocking; owned by the listener from now on, and closed when this throws
     * @param accepted receives and owns each connection, which is non-blocking
     * @return the listening socket
     * @throws SystemError when the socket cannot be watched
     */
    public static UnixListener adopt(IoLoop loop, Fd socket, Consumer<Fd> accepted) {
        try {
            PeerProcess.requestCredentials(socket);
            return new UnixListener(loop, socket, socket.toString(), null, accepted);
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Listens on a socket that another process has handed over. Called by the loop's thread.
     *
     * @param loop the loop that will own the socket
     * @param socket listening and non-blocking; owned by the listener from now on, and closed when this throws
     * @param path path of the socket file, which {@link #close} removes; null when it was inherited
     * @param accepted receives and owns each connection, which is non-blocking
     * @return the listening socket
     * @throws SystemError when the socket cannot be watched
     */
    public static UnixListener takeOver(IoLoop loop, Fd socket, @Nullable Path path, Consumer<Fd> accepted) {
        try {
            PeerProcess.requestCredentials(socket);
            return path == null
                    ? adopt(loop, socket, accepted)
                    : new UnixListener(loop, socket, path.toString(), SocketFile.of(path), accepted);
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Accepts no connection until {@link #thaw}. */
    public void freeze() {
        frozen = true;
    }

    /** Continues after {@link #freeze}. */
    public void thaw() {
        frozen = false;
        if (open) {
            acceptSoon();
        }
    }

    /**
     * Returns the socket, which may be handed over to another process.
     *
     * @return the socket, still owned by the listener
     */
    public Fd socket() {
        return socket;
    }

    /** Closes the socket in this process, and leaves its file to the other process that also owns the socket. */
    public void leave() {
        loop.assertInLoop();
        if (open) {
            open = false;
            handle.close();
            socket.close();
        }
    }

    /**
     * Throws an exception when a process listens on a path. That process sees a connection that is closed immediately.
     *
     * @param path path of the socket
     * @throws SystemError EADDRINUSE when a process listens there
     */
    public static void requireUnused(Path path) {
        UnixAddress address = UnixAddress.of(path);
        if (!SocketFile.isSocket(path)) {
            // There is no file, or a file that bind() will refuse.
            return;
        }
        int result;
        try (Fd probe = UnixAddress.socket()) {
            result = address.connect(probe);
        }
        if (result == 0 || result == -Errno.EAGAIN) {
            throw inUse(path);
        }
    }

    private static SystemError inUse(Path path) {
        return SystemError.explained(
                "cannot listen on " + path + ": another process listens there already", Errno.EADDRINUSE);
    }

    /**
     * Removes a socket file on which no process listens. A process that does listen sees a connection that is closed immediately. Any other
     * file stays, and symbolic links are not followed.
     */
    private static void removeStale(UnixAddress address) {
        Path path = address.path();
        if (!SocketFile.isSocket(path)) {
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                throw SystemError.explained(
                        "cannot listen on " + path + ": it exists and is not a socket", Errno.EADDRINUSE);
            }
            // Its owner has removed it meanwhile.
            return;
        }
        int result;
        try (Fd probe = UnixAddress.socket()) {
            result = address.connect(probe);
        }
        switch (-result) {
            case 0, Errno.EAGAIN -> throw inUse(path);
            case Errno.ENOENT -> {
                // Its owner has removed it meanwhile.
            }
            case Errno.ECONNREFUSED -> {
                try {
                    Files.deleteIfExists(path);
                } catch (IOException e) {
                    throw SystemError.explained(
                            "cannot remove the stale socket " + path + ": " + e.getMessage(), Errno.EADDRINUSE);
                }
            }
            default ->
                throw new SystemError(
                        "cannot listen on " + path + ", which exists, and cannot find out who owns it", -result);
        }
    }

    private void acceptSoon() {
        if (!scheduled && !frozen) {
            scheduled = true;
            loop.turns().enqueue(this::slice);
        }
    }

    /** Accepts a few connections. The descriptor is level-triggered, so the remaining connections are reported again. */
    private void slice() {
        scheduled = false;
        accept(loop.turns().budget());
    }

    private void accept(Budget budget) {
        for (int i = 0; i < ACCEPTS_PER_SLICE && open && !frozen && budget.remains(); i++) {
            budget.spend(0);
            int result = LibC.accept(socket.number(), LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC);
            if (result >= 0) {
                hand(Fd.of(result, "no connection"));
                continue;
            }
            switch (-result) {
                case Errno.EAGAIN -> {
                    return;
                }
                case Errno.EINTR, Errno.ECONNABORTED -> {
                    // Continue with the next connection.
                }
                default -> {
                    // Out of descriptors or memory. The connection stays in the backlog, and epoll would report it
                    // again at once.
                    handle.interest(FdHandle.QUIET);
                    var _ = loop.schedule(this::resume, SHORTAGE_MILLIS, TimeUnit.MILLISECONDS);
                    throw new SystemError("cannot accept a connection on " + name, -result);
                }
            }
        }
    }

    private void resume() {
        if (open) {
            handle.interest(FdHandle.READ);
        }
    }

    private void hand(Fd connection) {
        boolean done = false;
        try {
            accepted.accept(connection);
            done = true;
        } finally {
            if (!done) {
                connection.close();
            }
        }
    }

    /** Closes the socket and removes its file, unless the path leads to another file by now; later calls do nothing. */
    @Override
    public void close() {
        loop.assertInLoop();
        if (!open) {
            return;
        }
        open = false;
        handle.close();
        remove(loop, file);
        socket.close();
    }

    private static void remove(IoLoop loop, @Nullable SocketFile file) {
        if (file != null) {
            try {
                file.remove();
            } catch (SystemError e) {
                loop.report(e);
            }
        }
    }
}
