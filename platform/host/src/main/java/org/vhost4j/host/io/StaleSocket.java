// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.sys.SystemError;

/** Binds sockets, and replaces the file of a Unix socket whose process has ended. */
public final class StaleSocket {
    private StaleSocket() {}

    /**
     * Calls bind(2). If the path belongs to a socket that no process uses any more, removes that file and calls bind(2) again. A file of
     * another kind is not removed.
     *
     * @param socket socket to bind
     * @param type type of the socket, such as {@link LibC#SOCK_STREAM}
     * @param address the address
     * @param resolved the address for system calls
     * @param failure first words of the exception's message
     * @throws SystemError when the socket cannot be bound, or the file cannot be removed
     */
    public static void bindInPlace(
            Fd socket, int type, SocketAddress address, SocketAddress.Resolved resolved, String failure) {
        int result = resolved.bind(socket);
        Path path = address.path();
        if (result == -Errno.EADDRINUSE && path != null && SocketFile.isSocket(path) && isDead(type, resolved)) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                throw SystemError.explained("cannot remove " + address + ": " + e.getMessage(), Errno.EACCES);
            }
            result = resolved.bind(socket);
        }
        SystemError.check(result, failure);
    }

    private static boolean isDead(int type, SocketAddress.Resolved resolved) {
        try (Fd probe = resolved.socket(type | LibC.SOCK_NONBLOCK)) {
            return resolved.connect(probe) == -Errno.ECONNREFUSED;
        }
    }
}
