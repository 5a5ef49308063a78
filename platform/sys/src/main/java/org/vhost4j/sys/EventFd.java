// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A counter that wakes whoever waits for it: the kick and the call of a queue. {@link #signal} may be called by any thread, the
 * rest by the owner.
 */
public final class EventFd implements AutoCloseable {
    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1L);

    private final Fd fd;

    private EventFd(Fd fd) {
        this.fd = fd;
    }

    /**
     * Creates a counter at 0.
     *
     * @return its owner
     * @throws SystemError when there is no descriptor left
     */
    public static EventFd create() {
        return new EventFd(Fd.of(LibC.eventfd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK), "cannot create an eventfd"));
    }

    /**
     * Takes over a descriptor that somebody sent. Anything but an eventfd is refused, and it is made non-blocking: a lane that
     * writes to a full pipe would wait for its sender for ever.
     *
     * @param fd the descriptor; closed when it is refused
     * @param what what to call it in a message, such as {@code the call descriptor of queue 1}
     * @return its owner
     * @throws SystemError when it is not an eventfd
     */
    public static EventFd adopt(Fd fd, String what) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd.number()))
                    .toString();
            if (!target.equals("anon_inode:[eventfd]")) {
                throw SystemError.explained(what + " is not an eventfd but " + target, Errno.EINVAL);
            }
            fd.setNonBlocking();
            return new EventFd(fd);
        } catch (IOException e) {
            fd.close();
            throw SystemError.explained(what + " cannot be examined: " + e.getMessage(), Errno.EBADF);
        } catch (SystemError e) {
            fd.close();
            throw e;
        }
    }

    /**
     * The descriptor, for an event loop or for sending it. Reading it is not needed: it is watched by edge.
     *
     * @return still owned by this object
     */
    public Fd fd() {
        return fd;
    }

    /**
     * Adds 1. When the counter is full nothing is added, and nothing is lost: the other side has not looked for long. One system
     * call, no allocation.
     */
    public void signal() {
        long result = HotCalls.write(fd.number(), ONE.address(), Long.BYTES);
        assert result == Long.BYTES || result == -1;
    }

    /**
     * Takes the count and resets it.
     *
     * @return how much was added since the last time; 0 when nothing was
     */
    public long drain() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
            return HotCalls.read(fd.number(), count.address(), Long.BYTES) == Long.BYTES
                    ? count.get(ValueLayout.JAVA_LONG, 0)
                    : 0;
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
