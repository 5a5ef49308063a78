// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An eventfd: a kernel counter that wakes a waiting thread, used for the kick and the call of a queue. Any thread may call {@link #signal};
 * only the owner calls the other methods.
 */
public final class EventFd implements AutoCloseable {
    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1L);

    private final Fd fd;

    private EventFd(Fd fd) {
        this.fd = fd;
    }

    /**
     * Creates an eventfd with count 0.
     *
     * @return the new eventfd
     * @throws SystemError when there is no descriptor left
     */
    public static EventFd create() {
        return new EventFd(Fd.of(LibC.eventfd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK), "cannot create an eventfd"));
    }

    /**
     * Takes over a descriptor that another process sent, after a check that it is an eventfd, and sets O_NONBLOCK. The sender can clear
     * that flag at any time.
     *
     * @param fd the descriptor; closed when it is refused
     * @param what name for messages, such as {@code the call descriptor of queue 1}
     * @return the eventfd
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
     * Returns the descriptor, to be watched by an event loop or sent to another process. The loop watches it edge-triggered, so nothing
     * needs to read it.
     *
     * @return the descriptor, still owned by this object
     */
    public Fd fd() {
        return fd;
    }

    /**
     * Adds 1 to the count, with one system call and no allocation. A full counter stays as it is; no wake-up is lost, because its reader
     * has not read it yet. Blocks if the counter is full and another process that shares the eventfd has cleared O_NONBLOCK: with an
     * untrusted process use {@code org.vhost4j.host.lane.SharedSignal}.
     */
    public void signal() {
        long result = HotCalls.write(fd.number(), ONE.address(), Long.BYTES);
        assert result == Long.BYTES || result == -1;
    }

    /**
     * Reads the count and resets it to 0; an EFD_SEMAPHORE eventfd only subtracts 1. Never blocks, even if another process has cleared
     * O_NONBLOCK.
     *
     * @return the amount added since the last call; 0 for none
     */
    public long drain() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment call = arena.allocate(ValueLayout.JAVA_LONG, 3);
            call.setAtIndex(ValueLayout.JAVA_LONG, 0, call.address() + 2 * Long.BYTES);
            call.setAtIndex(ValueLayout.JAVA_LONG, 1, Long.BYTES);
            int result = LibC.preadv2(fd.number(), call.address(), 1, -1, LibC.RWF_NOWAIT);
            return result == Long.BYTES ? call.getAtIndex(ValueLayout.JAVA_LONG, 2) : 0;
        }
    }

    /**
     * Returns whether {@link #signal} would block or have no effect, because the count is 2^64 - 2. Signals alone never reach that count.
     *
     * @return true when another process has filled it
     */
    public boolean full() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Long.BYTES, Long.BYTES);
            poll.set(ValueLayout.JAVA_INT, 0, fd.number());
            poll.set(ValueLayout.JAVA_SHORT, Integer.BYTES, (short) LibC.POLLOUT);
            return LibC.poll(poll.address(), 1, 0) == 0;
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
