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
 * Closes descriptors and unmaps memory that another process has passed, one after another in a separate thread. Closing a file of a FUSE
 * daemon waits for that daemon, and freeing a large memory file takes seconds: neither may happen in a lane.
 *
 * <p>Each guest has its own closer, so a guest whose descriptors block on close delays only itself. The owner limits the queue: it accepts
 * nothing more from that guest while {@link #full} is true. Any thread may call the methods.
 */
public final class Closer implements AutoCloseable {
    /** The maximum number of pending calls; a guest with more is disconnected. */
    public static final int MOST = 512;

    private static final long IDLE_SECONDS = 1;
    private static final long LAST_MILLIS = 200;

    private final AtomicInteger waiting = new AtomicInteger();
    private final ThreadPoolExecutor thread;

    /** Calls that wait because no thread could be created; guarded by itself. */
    private final ArrayDeque<Runnable> postponed = new ArrayDeque<>();

    /**
     * Creates a closer. Its thread exists only while calls are pending.
     *
     * @param name name of the thread, after {@code vhost4j-}
     */
    public Closer(String name) {
        this(task -> ControlThread.unstarted("vhost4j-" + name + "-closer", task));
    }

    /** Creates a closer whose thread comes from a factory. */
    Closer(ThreadFactory threads) {
        thread = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), threads);
        thread.allowCoreThreadTimeOut(true);
    }

    /**
     * Queues a call that may block; calls are made in their order.
     *
     * @param call close(2), munmap(2) or a similar call; after {@link #close} each call gets a separate thread
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
     * Passes a call to the thread. Returns false when no thread can be created now: the call is then made together with a later one, or the
     * end of the process has the same effect.
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

    /** Waits briefly for pending calls; the kernel closes the rest when the process ends. */
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
