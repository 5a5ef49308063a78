// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aPassedDescriptorIsClosedByTheCloserAndSoAreItsDuplicates() throws InterruptedException {
        int before = Fd.countOpen();
        try (Closer closer = new Closer("test")) {
            Fd passed = EventFd.create().fd().closedBy(closer);
            Fd duplicate = passed.duplicate();
            passed.close();
            duplicate.close();
            assertThat(passed.isOpen()).isFalse();
            CountDownLatch behind = new CountDownLatch(1);
            closer.execute(behind::countDown);
            assertThat(behind.await(10, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(Fd.countOpen()).isEqualTo(before);
    }
}
