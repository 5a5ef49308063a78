// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/** A point in time until which a call may wait. */
final class Deadline {
    private static final int POLLFD_BYTES = 8;

    private final Duration patience;
    private final long end;

    private Deadline(Duration patience) {
        this.patience = patience;
        this.end = System.nanoTime() + patience.toNanos();
    }

    static Deadline in(Duration patience) {
        return new Deadline(patience);
    }

    boolean passed() {
        return end - System.nanoTime() <= 0;
    }

    /** Returns the remaining time, at least a nanosecond and at most a limit. */
    Duration left(Duration most) {
        Duration left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
        return left.compareTo(most) < 0 ? left : most;
    }

    /** Returns the remaining time, rounded up to a millisecond; 0 when the deadline has passed. */
    private int millis() {
        return Math.clamp(Math.ceilDiv(end - System.nanoTime(), 1_000_000L), 0, Integer.MAX_VALUE);
    }

    /**
     * Waits for an event.
     *
     * @param events {@code POLL} flags; errors and the end of the stream always end the wait
     * @return false when the deadline passed first
     */
    boolean await(Fd fd, int events) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entry = arena.allocate(POLLFD_BYTES, 4);
            entry.set(ValueLayout.JAVA_INT, 0, fd.number());
            entry.set(ValueLayout.JAVA_SHORT, 4, (short) events);
            while (true) {
                int ready = LibC.poll(entry.address(), 1, millis());
                if (ready == -Errno.EINTR) {
                    continue;
                }
                return SystemError.check(ready, "cannot wait for " + fd) > 0;
            }
        }
    }

    FrontEndException.TimedOut timedOut(String what) {
        return new FrontEndException.TimedOut("no " + what + " within " + patience.toMillis() + " ms");
    }
}
