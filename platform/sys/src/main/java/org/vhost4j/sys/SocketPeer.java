// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The process that created the peer of a connected Unix socket (unix(7), SO_PEERCRED).
 *
 * @param process process ID in the PID namespace of this process, 0 when it is not visible there
 * @param user effective user ID
 */
public record SocketPeer(int process, int user) {
    /**
     * Reads the peer of a socket from the kernel.
     *
     * @param socket a connected Unix socket
     * @return the process that called connect(2), or listen(2) when this process connected
     * @throws SystemError when it is not a connected Unix socket
     */
    public static SocketPeer of(Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            // struct ucred: process, user, group.
            MemorySegment credentials = arena.allocate(ValueLayout.JAVA_INT, 3);
            MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
            length.set(ValueLayout.JAVA_INT, 0, (int) credentials.byteSize());
            SystemError.check(
                    LibC.getsockopt(socket.number(), LibC.SO_PEERCRED, credentials.address(), length.address()),
                    "cannot determine the peer of " + socket + " is");
            return new SocketPeer(
                    credentials.getAtIndex(ValueLayout.JAVA_INT, 0), credentials.getAtIndex(ValueLayout.JAVA_INT, 1));
        }
    }

    /**
     * Returns the user of this process.
     *
     * @return effective user ID
     */
    public static int ownUser() {
        try {
            return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
