// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Optional;

/** A Unix stream socket that the parent process has left open for this process, given by {@code --fd=N}. */
public final class InheritedSocket {
    /** Size of a {@code struct sockaddr_un} in bytes. */
    private static final int ADDRESS_BYTES = 110;

    private static final int FAMILY_BYTES = 2;

    private InheritedSocket() {}

    /**
     * Takes over an inherited descriptor, and sets O_NONBLOCK and close-on-exec.
     *
     * @param number number of the descriptor
     * @return the owner of the descriptor
     * @throws SystemError when it is not open or not a Unix stream socket
     */
    public static Fd adopt(int number) {
        int flags = number < 0 ? -Errno.EBADF : LibC.fcntl(number, LibC.F_GETFD, 0);
        if (flags < 0) {
            throw SystemError.explained(
                    "descriptor " + number + " is not open: nothing was inherited under this number", -flags);
        }
        int domain = option(number, LibC.SO_DOMAIN);
        if (domain != LibC.AF_UNIX || option(number, LibC.SO_TYPE) != LibC.SOCK_STREAM) {
            throw SystemError.explained(
                    "descriptor " + number + " is not a Unix stream socket", domain < 0 ? -domain : Errno.EINVAL);
        }
        SystemError.check(
                LibC.fcntl(number, LibC.F_SETFD, flags | LibC.FD_CLOEXEC), "cannot keep descriptor " + number);
        Fd socket = Fd.of(number, "no descriptor");
        socket.setNonBlocking();
        return socket;
    }

    /**
     * Returns whether a socket is a listening socket and not a connection.
     *
     * @param socket a socket
     * @return true when it listens
     */
    public static boolean listens(Fd socket) {
        return option(socket.number(), LibC.SO_ACCEPTCONN) == 1;
    }

    /**
     * Returns the path to which a socket is bound: its own path for a listening socket, or that of the listening socket that accepted the
     * connection.
     *
     * @param number number of the descriptor
     * @return an absolute path; empty for a socket without one, or for a descriptor that is not a Unix socket
     */
    public static Optional<Path> path(int number) {
        if (option(number, LibC.SO_DOMAIN) != LibC.AF_UNIX) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES + 1, Long.BYTES);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, ADDRESS_BYTES);
            if (LibC.getsockname(number, address.address(), length.address()) < 0
                    || length.get(ValueLayout.JAVA_INT, 0) <= FAMILY_BYTES) {
                return Optional.empty();
            }
            // The kernel's path ends with a zero byte only if there is room for it.
            String path =
                    address.getString(FAMILY_BYTES, Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
            return path.startsWith("/") ? Optional.of(Path.of(path)) : Optional.empty();
        }
    }

    private static int option(int number, int option) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT, 2);
            value.setAtIndex(ValueLayout.JAVA_INT, 1, Integer.BYTES);
            int result = LibC.getsockopt(number, option, value.address(), value.address() + Integer.BYTES);
            return result < 0 ? result : value.get(ValueLayout.JAVA_INT, 0);
        }
    }
}
