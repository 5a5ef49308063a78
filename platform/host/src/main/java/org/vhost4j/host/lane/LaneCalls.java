// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.HotCalls;

/**
 * Runs tasks on a lane for other lanes that wait for the results. While a lane waits, it runs the tasks that other lanes have requested
 * from it, so that two lanes can call each other. A task must not call a third lane.
 */
final class LaneCalls {
    /** Number of checks for the result before the waiting thread yields its core. */
    private static final int SPINS = 2_000;

    private static final long PARK_NANOS = 20_000;

    private final Queue<Call<?>> waiting = new ConcurrentLinkedQueue<>();

    private static final class Call<T> {
        private final Supplier<T> task;
        private final Thread caller = Thread.currentThread();
        private @Nullable T result;
        private @Nullable Throwable failure;
        private volatile boolean done;

        private Call(Supplier<T> task) {
            this.task = task;
        }

        private void run() {
            try {
                result = task.get();
                HotCalls.checkpoint();
            } catch (Throwable t) {
                failure = t;
            }
            done = true;
            LockSupport.unpark(caller);
        }

        @SuppressWarnings("NullAway") // The result of the task.
        private T result() {
            Throwable thrown = failure;
            if (thrown instanceof RuntimeException e) {
                throw e;
            }
            if (thrown instanceof Error e) {
                throw e;
            }
            return result;
        }
    }

    /** Runs the requested tasks. Called by the lane's thread. */
    void serve() {
        Call<?> next = waiting.poll();
        while (next != null) {
            next.run();
            next = waiting.poll();
        }
    }

    /**
     * Runs a task on a lane, and waits for its result.
     *
     * @param lane the lane of these calls
     * @param own the calls of the current thread's lane, or null if it is not a lane
     */
    <T> T ask(Lane lane, @Nullable LaneCalls own, Supplier<T> task) {
        Call<T> call = new Call<>(task);
        waiting.add(call);
        lane.execute(this::serve);
        int looks = 0;
        while (!call.done) {
            if (own != null) {
                own.serve();
            }
            if (looks < SPINS) {
                looks++;
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(this, PARK_NANOS);
            }
        }
        return call.result();
    }
}
