// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CloserTest {
    @Test
    void callsAreMadeInTheirOrderWithoutTheirCallerWaiting() throws InterruptedException {
        CountDownLatch answer = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(Closer.MOST + 1);
        try (Closer closer = new Closer("test")) {
            closer.execute(() -> {
                try {
                    answer.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            for (int i = 0; i < Closer.MOST + 1; i++) {
                assertThat(closer.full()).isEqualTo(i >= Closer.MOST);
                closer.execute(done::countDown);
            }
            assertThat(done.getCount()).isEqualTo(Closer.MOST + 1);
            answer.countDown();
            assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void callsForWhichThereIsNoThreadWaitForOne() throws InterruptedException {
        AtomicInteger missing = new AtomicInteger(2);
        CountDownLatch done = new CountDownLatch(3);
        List<Integer> order = new CopyOnWriteArrayList<>();
        ThreadFactory threads = task -> {
            if (missing.getAndDecrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            return new Thread(task);
        };
        try (Closer closer = new Closer(threads)) {
            for (int i = 0; i < 3; i++) {
                int number = i;
                closer.execute(() -> {
                    order.add(number);
                    done.countDown();
                });
                if (i < 2) {
                    assertThat(order).isEmpty();
                }
            }
            assertThat(missing.get()).isNegative();
            assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(order).containsExactly(0, 1, 2);
    }

    @Test
    void aPassedDescriptorIsClosedByTheCloserAndSoAreItsDuplicates() throws InterruptedException {
        OpenDescriptors before = OpenDescriptors.now();
        try (Closer closer = new Closer("test")) {
            Fd passed = EventFd.create().fd().closedBy(closer);
            Fd duplicate = passed.duplicate();
            passed.close();
            duplicate.close();
            assertThat(passed.isOpen()).isFalse();
            CountDownLatch behind = new CountDownLatch(1);
            closer.execute(behind::countDown);
            assertThat(behind.await(60, TimeUnit.SECONDS)).isTrue();
        }
        before.awaitNoOthers();
    }
}
