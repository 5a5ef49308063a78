// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A Unix stream socket that our parent left open for us, as {@code --fd=N} says. */
public final class InheritedSocket {
    private InheritedSocket() {}

    /**
     * Takes over an inherited descriptor and makes it non-blocking and closed by exec.
     *
     * @param number the descriptor
     * @return its owner
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
     * Whether connections come in on a socket, as opposed to being one.
     *
     * @param socket a socket
     * @return true when it listens
     */
    public static boolean listens(Fd socket) {
        return option(socket.number(), LibC.SO_ACCEPTCONN) == 1;
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
