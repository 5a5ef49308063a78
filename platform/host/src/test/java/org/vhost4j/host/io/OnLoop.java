// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;

/** A loop for tests, which records the reported errors. */
final class OnLoop implements AutoCloseable {
    final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    final IoLoop loop = IoLoop.start("test", failures::add);

    /** Runs something on the loop's thread and waits for it. */
    <T> T run(Callable<T> task) {
        try {
            return loop.submit(task).get(60, SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Takes the next element, for which it waits. */
    static <T> T next(BlockingQueue<T> queue) {
        try {
            T element = queue.poll(60, SECONDS);
            if (element == null) {
                throw new AssertionError("nothing came");
            }
            return element;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        loop.close();
    }
}
