// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.lane;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.HotCalls;

/**
 * What other lanes ask of this one and wait for. A lane that waits serves what is asked of itself meanwhile, so that two lanes can ask each
 * other: nothing that is asked may ask a third.
 */
final class LaneCalls {
    /** Looks for an answer before the waiting thread leaves its core to others. */
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

        @SuppressWarnings("NullAway") // The result is what the task gave.
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

    /** Does what was asked. Called by the lane's thread. */
    void serve() {
        Call<?> next = waiting.poll();
        while (next != null) {
            next.run();
            next = waiting.poll();
        }
    }

    /**
     * Has a lane do something, and waits.
     *
     * @param lane whose calls these are
     * @param own the calls of the lane whose thread this is, or null
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
