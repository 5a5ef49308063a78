// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.IoVector;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/** An eventfd with a full counter, on which a write blocks, as a malicious front-end may prepare it. */
final class FullCounter implements AutoCloseable {
    private static final long FULL = 0xffff_ffff_ffff_fffeL;
    private static final int EFD_SEMAPHORE = 1;

    private final EventFd eventFd;
    private final MemorySegment value = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_LONG, FULL);
    private volatile boolean over;
    private List<Thread> refilling = List.of();

    /** A counter at 0 that cannot wait yet. */
    FullCounter(boolean semaphore) {
        int flags = LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK | (semaphore ? EFD_SEMAPHORE : 0);
        eventFd = EventFd.adopt(Fd.of(LibC.eventfd(0, flags), "cannot create an eventfd"), "the counter");
    }

    Fd fd() {
        return eventFd.fd();
    }

    /** Fills the counter and clears O_NONBLOCK. */
    void jam() {
        while (eventFd.drain() != 0) {
            // A semaphore returns 1 at a time.
        }
        clearNonBlocking();
        write();
    }

    /** From now on fills it again whenever it was emptied, by several threads. */
    void refill() {
        refilling = Stream.generate(() -> Thread.ofPlatform().daemon().start(() -> {
                    while (!over) {
                        clearNonBlocking();
                        write();
                    }
                }))
                .limit(3)
                .toList();
    }

    private void clearNonBlocking() {
        int flags = LibC.fcntl(fd().number(), LibC.F_GETFL, 0);
        SystemError.check(LibC.fcntl(fd().number(), LibC.F_SETFL, flags & ~LibC.O_NONBLOCK), "cannot clear O_NONBLOCK");
    }

    private void write() {
        IoVector vector = new IoVector();
        vector.set(0, value.address(), Long.BYTES);
        int unused = vector.write(fd().number(), 1);
    }

    @Override
    public void close() {
        over = true;
        for (Thread thread : refilling) {
            while (thread.isAlive()) {
                long unused = eventFd.drain();
                LockSupport.parkNanos(1_000_000);
            }
        }
        eventFd.close();
    }
}
