// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Two Unix stream sockets that are connected to each other, non-blocking and closed by exec.
 *
 * @param first one end
 * @param second the other end
 */
public record SocketPair(Fd first, Fd second) implements AutoCloseable {
    /**
     * Creates a pair.
     *
     * @return the pair, which owns both descriptors
     * @throws SystemError when there is no descriptor left
     */
    public static SocketPair create() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
            SystemError.check(
                    LibC.unixStreamPair(LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, pair.address()),
                    "cannot create a pair of Unix sockets");
            String attempt = "cannot create a pair of Unix sockets";
            return new SocketPair(
                    Fd.of(pair.getAtIndex(ValueLayout.JAVA_INT, 0), attempt),
                    Fd.of(pair.getAtIndex(ValueLayout.JAVA_INT, 1), attempt));
        }
    }

    @Override
    public void close() {
        first.close();
        second.close();
    }
}
