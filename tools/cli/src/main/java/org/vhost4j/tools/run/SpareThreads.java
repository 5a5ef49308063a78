// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Checks that this process can create a few more threads (RLIMIT_NPROC, memory). The JVM creates one for a signal and
 * one for each shutdown hook: without them it ignores SIGTERM.
 */
final class SpareThreads {
    private SpareThreads() {}

    /**
     * Starts a number of threads at once, and ends them.
     *
     * @param wanted the number
     * @throws OutOfMemoryError when they cannot be created
     */
    static void check(int wanted) {
        CountDownLatch end = new CountDownLatch(1);
        List<Thread> spare = new ArrayList<>();
        try {
            for (int i = 0; i < wanted; i++) {
                spare.add(Thread.ofPlatform().daemon().name("vhost4j-spare").start(() -> {
                    try {
                        end.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }));
            }
        } finally {
            end.countDown();
        }
        for (Thread thread : spare) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
