// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.capture;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/**
 * A FIFO in the directory of the monitor's socket, through which the back-end sends a capture to this process. Its name is removed once the
 * back-end has opened it. The capture ends when either side closes the FIFO, or this process ends.
 */
final class CapturePipe implements AutoCloseable {
    private static final int BUFFER = 1 << 16;
    private static final int POLLFD_BYTES = 8;

    private final Path path;
    private final Fd fd;

    /**
     * Creates the FIFO, for the user who owns the socket.
     *
     * @param socket socket of the monitor
     * @throws SystemError when it cannot be created there
     */
    CapturePipe(Path socket) {
        path = socket.toAbsolutePath()
                .resolveSibling(socket.getFileName() + ".capture."
                        + ProcessHandle.current().pid());
        int made = LibC.mkfifo(path.toString());
        if (made < 0) {
            throw new SystemError("cannot create FIFO " + path, -made);
        }
        try {
            Object owner = Files.getAttribute(socket, "unix:uid", LinkOption.NOFOLLOW_LINKS);
            if (!owner.equals(Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS))) {
                Files.setAttribute(path, "unix:uid", owner, LinkOption.NOFOLLOW_LINKS);
            }
            fd = Fd.of(
                    LibC.open(path.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_NOFOLLOW | LibC.O_CLOEXEC),
                    "cannot open FIFO " + path);
        } catch (IOException e) {
            forgetName();
            throw SystemError.explained("FIFO " + path + " cannot be given to the back-end's user: " + e, Errno.EPERM);
        } catch (RuntimeException e) {
            forgetName();
            throw e;
        }
    }

    Path path() {
        return path;
    }

    /** Removes the name, because both sides have opened the FIFO. */
    void forgetName() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // The file remains, which is harmless.
        }
    }

    /**
     * Copies everything to standard output, until the capture ends.
     *
     * @return false when standard output accepts no more
     */
    boolean copy() {
        try (Arena arena = Arena.ofConfined();
                OutputStream out = new FileOutputStream(FileDescriptor.out)) {
            MemorySegment buffer = arena.allocate(BUFFER);
            MemorySegment poll = arena.allocate(POLLFD_BYTES, Integer.BYTES);
            byte[] bytes = new byte[BUFFER];
            while (true) {
                int length = LibC.read(fd.number(), buffer.address(), BUFFER);
                if (length == -Errno.EAGAIN || length == -Errno.EINTR) {
                    poll.set(ValueLayout.JAVA_INT, 0, fd.number());
                    poll.set(ValueLayout.JAVA_SHORT, Integer.BYTES, (short) LibC.POLLIN);
                    int unused = LibC.poll(poll.address(), 1, -1);
                } else if (length <= 0) {
                    return true;
                } else {
                    MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, bytes, 0, length);
                    out.write(bytes, 0, length);
                }
            }
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        forgetName();
        fd.close();
    }
}
