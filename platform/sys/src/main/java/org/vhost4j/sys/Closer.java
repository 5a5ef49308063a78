// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.util.ArrayDeque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Closes and unmaps descriptors and memory that another process has passed, in a separate thread and one after the
 * other. Closing a file of a FUSE daemon waits for that daemon, and returning a large memory file takes seconds:
 * neither may happen where frames move.
 *
 * <p>Each guest has its own, so a guest whose descriptors cannot be closed delays only its own. Its owner limits the
 * queue by accepting nothing more from that guest while {@link #full} is true. Any thread may call it.
 */
public final class Closer implements AutoCloseable {
    /** The maximum number of pending calls; a guest's connection ends beyond it. */
    public static final int MOST = 512;

    private static final long IDLE_SECONDS = 1;
    private static final long LAST_MILLIS = 200;

    private final AtomicInteger waiting = new AtomicInteger();
    private final ThreadPoolExecutor thread;

    /** Calls that wait because no thread could be created; guarded by itself. */
    private final ArrayDeque<Runnable> postponed = new ArrayDeque<>();

    /**
     * Creates a closer, which has a thread only while there is something to close.
     *
     * @param name name of the thread, after {@code vhost4j-}
     */
    public Closer(String name) {
        this(task -> ControlThread.unstarted("vhost4j-" + name + "-closer", task));
    }

    /** Creates a closer with a factory for its thread. */
    Closer(ThreadFactory threads) {
        thread = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), threads);
        thread.allowCoreThreadTimeOut(true);
    }

    /**
     * Makes a call that may block, after the calls before it.
     *
     * @param call close(2), munmap(2) or a similar call; when this closer has ended, a separate thread makes it
     */
    public void execute(Runnable call) {
        waiting.incrementAndGet();
        Runnable counted = () -> {
            try {
                call.run();
            } finally {
                int unused = waiting.decrementAndGet();
            }
        };
        synchronized (postponed) {
            postponed.add(counted);
            for (Runnable next = postponed.peek(); next != null && passesOn(next); next = postponed.peek()) {
                postponed.remove();
            }
        }
    }

    /**
     * Passes a call to the thread; returns false when no thread can be created now: the call is made after the next
     * one, or when the process ends.
     */
    private boolean passesOn(Runnable call) {
        try {
            thread.execute(call);
        } catch (RejectedExecutionException e) {
            ControlThread.start("vhost4j-last-closer", call);
        } catch (OutOfMemoryError e) {
            return false;
        }
        return true;
    }

    /**
     * Returns whether too many calls are pending.
     *
     * @return true while more than {@value #MOST} calls have not returned
     */
    public boolean full() {
        return waiting.get() > MOST;
    }

    /** Waits briefly for pending calls; the end of the process closes the rest. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            boolean unused = thread.awaitTermination(LAST_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
