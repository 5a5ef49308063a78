// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The receiving socket of a service manager (NOTIFY_SOCKET), for tests. */
public final class NotifyReceiver implements AutoCloseable {
    private static final int MOST = 4096;

    private final Path path;
    private final Fd socket;

    /** Creates the socket and binds it to a path. */
    public NotifyReceiver(Path path) {
        this.path = path;
        SocketAddress.Resolved address = SocketAddress.unix(path).resolve();
        socket = address.socket(LibC.SOCK_DGRAM);
        SystemError.check(address.bind(socket), "cannot bind " + path);
    }

    /** Returns the value of NOTIFY_SOCKET for a service. */
    public String name() {
        return path.toString();
    }

    /** Waits for the next notification, and returns it. */
    public String next() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Long.BYTES, Long.BYTES);
            poll.set(ValueLayout.JAVA_INT, 0, socket.number());
            poll.set(ValueLayout.JAVA_SHORT, Integer.BYTES, (short) LibC.POLLIN);
            if (LibC.poll(poll.address(), 1, (int) Await.PATIENCE.toMillis()) <= 0) {
                throw new AssertionError("the service tells nothing");
            }
            return read(arena);
        }
    }

    /** Returns whether no notification is pending. */
    public boolean isQuiet() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Long.BYTES, Long.BYTES);
            poll.set(ValueLayout.JAVA_INT, 0, socket.number());
            poll.set(ValueLayout.JAVA_SHORT, Integer.BYTES, (short) LibC.POLLIN);
            return LibC.poll(poll.address(), 1, 0) == 0;
        }
    }

    private String read(Arena arena) {
        MemorySegment bytes = arena.allocate(MOST);
        int count = SystemError.check(LibC.read(socket.number(), bytes.address(), MOST), "cannot read what is told");
        return new String(bytes.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        socket.close();
    }
}
