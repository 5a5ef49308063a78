// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that sends in both directions at a fixed rate until a given time, and then waits for the frames in flight.
 */
final class Exchange {
    private static final long LOOK_NANOS = 50_000;
    private static final int BURST = 16;

    private final NumberedFrames oneWay;
    private final NumberedFrames back;
    private final long interval;
    private final Duration lastFrames;
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CompletableFuture<Report> report = new CompletableFuture<>();
    private volatile long end = Long.MAX_VALUE;

    /**
     * Begins, and returns when it has.
     *
     * @param interval between two frames of one way, in nanoseconds
     * @param lastFrames how long at most it waits in the end for frames that are on their way
     */
    Exchange(NumberedFrames oneWay, NumberedFrames back, long interval, Duration lastFrames) {
        this.oneWay = oneWay;
        this.back = back;
        this.interval = interval;
        this.lastFrames = lastFrames;
        Thread.ofPlatform().name("neighbours").daemon().start(() -> {
            try {
                report.complete(run());
            } catch (Throwable e) {
                report.completeExceptionally(e);
            }
        });
        try {
            begun.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** No frame is due after this time. */
    void endAfter(long time) {
        end = Math.max(time, System.nanoTime());
    }

    /** Waits for the end. */
    Report report() {
        try {
            return report.join();
        } catch (CompletionException e) {
            throw new AssertionError("the neighbours could not continue: " + e.getCause(), e.getCause());
        }
    }

    private Report run() {
        long due = System.nanoTime();
        oneWay.begin(due);
        back.begin(due);
        begun.countDown();
        while (due < end) {
            long now = System.nanoTime();
            // After a stall many are due; their receivers must not run out of buffers meanwhile.
            for (int i = 0; i < BURST && due <= now && due < end; i++) {
                oneWay.send(due);
                back.send(due);
                due += interval;
            }
            take();
            if (due > now) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
        long patience = System.nanoTime() + lastFrames.toNanos();
        while (!(oneWay.complete() && back.complete()) && System.nanoTime() < patience) {
            take();
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return oneWay.with(back);
    }

    private void take() {
        oneWay.take();
        back.take();
    }
}
