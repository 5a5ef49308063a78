// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnixAddress;

/**
 * Where a back-end waits for the one that is to take over from it. It is made under another name in the same directory and then
 * renamed, so that at each moment the path leads to exactly one back-end: the old one until the new one has everything.
 */
public final class HandOverSocket implements AutoCloseable {
    private static final int BACKLOG = 4;
    private static final int LOOK_MILLIS = 200;

    private final Path path;
    private final Fd socket;
    private final @Nullable Object file;
    private volatile boolean closed;

    private HandOverSocket(Path path, Fd socket, @Nullable Object file) {
        this.path = path;
        this.socket = socket;
        this.file = file;
    }

    /**
     * Listens on a path, in place of the previous listener.
     *
     * @param path of the socket file, mode 0600
     * @return the socket; its file is removed by {@link #close} unless another back-end has it by then
     * @throws SystemError when that cannot be done
     */
    public static HandOverSocket listen(Path path) {
        Path made = path.resolveSibling(path.getFileName() + ".new");
        Fd socket = UnixAddress.socket();
        try {
            Files.deleteIfExists(made);
            SystemError.check(UnixAddress.of(made).bind(socket), "cannot create socket " + made);
            Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
            SystemError.check(LibC.listen(socket.number(), BACKLOG), "cannot listen on " + made);
            Object file = identity(made);
            Files.move(made, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return new HandOverSocket(path, socket, file);
        } catch (IOException e) {
            socket.close();
            throw SystemError.explained("cannot listen on " + path + ": " + e.getMessage(), Errno.EPERM);
        } catch (SystemError e) {
            socket.close();
            throw e;
        }
    }

    private static @Nullable Object identity(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (IOException e) {
            return null;
        }
    }

    /**
     * Waits for a back-end.
     *
     * @return a channel to it; nothing when this was closed
     */
    public Optional<HandOverChannel> accept() {
        return accept((moment, type) -> {});
    }

    /**
     * Waits for a back-end, and has messages watched.
     *
     * @param watch sees each message but those that refuse
     * @return a channel to it; nothing when this was closed
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
            // Closed in between.
        }
        return Optional.empty();
    }

    /** Closes the socket and removes its file, unless the path leads to another back-end by now. */
    @Override
    public void close() {
        closed = true;
        if (file != null && file.equals(identity(path))) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                // The next back-end to start replaces it.
            }
        }
        socket.close();
    }
}
