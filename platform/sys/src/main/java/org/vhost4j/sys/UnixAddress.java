// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.Charset;
import java.nio.file.Path;

/** A {@code struct sockaddr_un} with a path. Immutable; usable by any thread. */
public final class UnixAddress {
    /** The maximum length of a path in bytes: {@code sun_path} has 108, including the final zero. */
    public static final int MAX_PATH = 107;

    private static final int FAMILY_BYTES = 2;

    private final Path path;
    private final MemorySegment address;

    private UnixAddress(Path path, MemorySegment address) {
        this.path = path;
        this.address = address;
    }

    /**
     * Returns the address of a path.
     *
     * @param path relative to the working directory, or absolute
     * @return the address
     * @throws SystemError when the path is empty or too long for a socket
     */
    public static UnixAddress of(Path path) {
        byte[] bytes = path.toString().getBytes(Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
        if (bytes.length == 0 || bytes.length > MAX_PATH) {
            throw SystemError.explained(
                    "a socket's path must have 1 to " + MAX_PATH + " bytes, but " + path + " has " + bytes.length,
                    Errno.EINVAL);
        }
        MemorySegment address = Arena.ofAuto().allocate(FAMILY_BYTES + MAX_PATH + 1, Long.BYTES);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) LibC.AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, FAMILY_BYTES, bytes.length);
        return new UnixAddress(path, address);
    }

    /**
     * Returns the path.
     *
     * @return the path as given
     */
    public Path path() {
        return path;
    }

    /**
     * Creates a stream socket, non-blocking and closed by exec.
     *
     * @return the owner of the descriptor
     * @throws SystemError when there is no descriptor left
     */
    public static Fd socket() {
        return Fd.of(LibC.unixStreamSocket(LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC), "cannot create a Unix socket");
    }

    /**
     * Calls bind(2).
     *
     * @param socket socket that {@link #socket} returned
     * @return 0 or the negative errno
     */
    public int bind(Fd socket) {
        return LibC.bind(socket.number(), address.address(), (int) address.byteSize());
    }

    /**
     * Calls connect(2), which for a Unix socket is complete when it returns.
     *
     * @param socket socket that {@link #socket} returned
     * @return 0 or the negative errno; {@code -EAGAIN} when too many connections wait to be accepted
     */
    public int connect(Fd socket) {
        return LibC.connect(socket.number(), address.address(), (int) address.byteSize());
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
