// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.EventFd;

/**
 * Releases a lane that a front-end blocks in write(2) on an eventfd. The front-end shares the open file description: it can clear
 * O_NONBLOCK and fill the counter at any time, also between a check and the write, and an eventfd has no write that never blocks. Therefore
 * a separate thread checks the eventfd to which the lane is writing every {@value #PERIOD_MICROS} µs. When its counter is full, which
 * signals alone never achieve, the thread resets it with a non-blocking read, repeatedly until the lane has returned.
 *
 * <p>The thread sleeps while its lane signals nothing. {@link #enter} and {@link #leave} belong to the lane, and cost two atomic
 * operations in addition to a system call.
 */
final class SignalWatch implements AutoCloseable {
    private static final long PERIOD_MICROS = 2_000;
    /** Number of periods without a signal after which the thread sleeps until there is one. */
    private static final int QUIET_PERIODS = 50;
    /** Maximum number of reads in one period; a front-end that refills the counter in a loop is handled again in the next period. */
    private static final int MOST_READS = 10_000;

    /** State: the lane is not in write(2). */
    private static final int OUTSIDE = 0;
    /** State: the lane is in write(2), or about to enter or to leave it. */
    private static final int INSIDE = 1;
    /** State: as INSIDE, and the eventfd must stay open because the thread uses it. */
    private static final int LOOKING = 2;
    /** State: as INSIDE, and the counter was full. */
    private static final int FREED = 3;

    private final AtomicInteger state = new AtomicInteger();
    private final Thread thread;
    private @Nullable EventFd eventFd;
    private volatile boolean written;
    private volatile boolean dormant;
    private volatile boolean closed;
    /** The number of signals; written only by the lane. */
    private volatile long signals;

    SignalWatch(String lane) {
        thread = ControlThread.start("vhost4j-" + lane + "-watch", this::run);
    }

    /** Records that the lane is about to write. */
    void enter(EventFd to) {
        eventFd = to;
        written = false;
        long count = signals + 1;
        signals = count;
        state.set(INSIDE);
        if (dormant) {
            LockSupport.unpark(thread);
        }
    }

    /** Records that the lane has written; returns true when the lane had to be released, or another process had filled the counter. */
    boolean leave() {
        if (state.compareAndSet(INSIDE, OUTSIDE)) {
            return false;
        }
        // The thread is using the eventfd, with non-blocking calls.
        written = true;
        int now = state.get();
        while (now == LOOKING || !state.compareAndSet(now, OUTSIDE)) {
            Thread.onSpinWait();
            now = state.get();
        }
        return now == FREED;
    }

    private void run() {
        long seen = signals;
        int quiet = 0;
        while (!closed) {
            LockSupport.parkNanos(PERIOD_MICROS * 1_000);
            look();
            long now = signals;
            quiet = now == seen ? quiet + 1 : 0;
            seen = now;
            if (quiet >= QUIET_PERIODS && state.get() == OUTSIDE) {
                dormant = true;
                // A signal that did not notice that the thread sleeps is noticed here.
                while (signals == seen && !closed) {
                    LockSupport.park(this);
                }
                dormant = false;
                quiet = 0;
            }
        }
    }

    private void look() {
        int now = state.get();
        if (now == OUTSIDE || !state.compareAndSet(now, LOOKING)) {
            return;
        }
        // Stored before INSIDE, which the exchange has read; the lane does not change it until the thread has finished.
        EventFd to = eventFd;
        boolean full = false;
        if (to != null && to.full()) {
            full = true;
            for (int i = 0; !written && i < MOST_READS; i++) {
                long unused = to.drain();
            }
        }
        state.set(full ? FREED : now);
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
