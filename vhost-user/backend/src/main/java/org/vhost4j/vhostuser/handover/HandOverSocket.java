// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.vhost4j.host.io.SocketAccess;
import org.vhost4j.host.io.SocketFile;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnixAddress;

/**
 * The socket on which a back-end waits for another back-end that takes over from it. The socket file is created under another name in the
 * same directory and then renamed. So the path leads to exactly one back-end at any time: to the old one until the new one has taken over
 * everything.
 */
public final class HandOverSocket implements AutoCloseable {
    private static final int BACKLOG = 4;
    private static final int LOOK_MILLIS = 200;

    /** Access for the owner only. It is set before the socket listens, and never on a file with which another user has replaced it. */
    private static final SocketAccess ONLY_OURS = new SocketAccess(0600, null);

    private final Fd socket;
    private final SocketFile file;
    private volatile boolean closed;

    private HandOverSocket(Fd socket, SocketFile file) {
        this.socket = socket;
        this.file = file;
    }

    /**
     * Listens on a path, and replaces a previous listener's file.
     *
     * @param path path of the socket file, which gets mode 0600
     * @return the socket; {@link #close} removes its file unless the file belongs to another back-end by then
     * @throws SystemError when the socket cannot be created
     */
    public static HandOverSocket listen(Path path) {
        Path made = path.resolveSibling(path.getFileName() + ".new");
        Fd socket = UnixAddress.socket();
        try {
            Files.deleteIfExists(made);
            SystemError.check(UnixAddress.of(made).bind(socket), "cannot create socket " + made);
            ONLY_OURS.apply(made);
            SystemError.check(LibC.listen(socket.number(), BACKLOG), "cannot listen on " + made);
            SocketFile file = SocketFile.of(made);
            Files.move(made, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return new HandOverSocket(socket, file.movedTo(path));
        } catch (IOException e) {
            socket.close();
            throw SystemError.explained("cannot listen on " + path + ": " + e.getMessage(), Errno.EPERM);
        } catch (SystemError e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Waits for a back-end to connect.
     *
     * @return a channel to the back-end; empty when this socket was closed
     */
    public Optional<HandOverChannel> accept() {
        return accept((moment, type) -> {});
    }

    /**
     * Waits for a back-end to connect, and observes its messages.
     *
     * @param watch called for each message except refusals
     * @return a channel to the back-end; empty when this socket was closed
     */
    public Optional<HandOverChannel> accept(HandOverChannel.Watch watch) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Long.BYTES, Long.BYTES);
            while (!closed) {
                poll.set(ValueLayout.JAVA_INT, 0, socket.number());
                poll.set(ValueLayout.JAVA_SHORT, Integer.BYTES, (short) LibC.POLLIN);
                if (LibC.poll(poll.address(), 1, LOOK_MILLIS) > 0) {
                    int accepted = LibC.accept(socket.number(), LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC);
                    if (accepted >= 0) {
                        return Optional.of(new HandOverChannel(Fd.of(accepted, "no connection"), watch));
                    }
                }
            }
        } catch (IllegalStateException e) {
            // The socket was closed meanwhile.
        }
        return Optional.empty();
    }

    /** Closes the socket and removes its file, unless the file belongs to another back-end by then. */
    @Override
    public void close() {
        closed = true;
        try {
            file.remove();
        } catch (SystemError e) {
            // The next back-end replaces a file that remains.
        }
        socket.close();
    }
}
