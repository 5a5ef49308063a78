// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WaitBudgetTest {
    private static final long MS = 1_000_000;

    private final WaitBudget budget = new WaitBudget(Duration.ofMillis(50), 1_000);
    private long now = -3 * MS;

    /**
     * Lets a frame wait, trying each millisecond; returns the number of milliseconds until it may not wait any more.
     */
    private long waits(long most) {
        long start = now;
        while (budget.mayWait(now) && now - start < most * MS) {
            now += MS;
        }
        return (now - start) / MS;
    }

    @Test
    void aReceiverThatTakesNothingIsWaitedForOnce() {
        assertThat(waits(1000)).isEqualTo(50);
        now += 3_600_000 * MS;
        assertThat(waits(1000)).isZero();
    }

    @Test
    void waitsAddUpWhateverEndsThem() {
        long waited = 0;
        for (int i = 0; i < 100; i++) {
            waited += waits(30);
            budget.ended(now);
            now += 1000 * MS;
        }
        assertThat(waited).isEqualTo(50);
    }

    @Test
    void aFrameNowAndThenEarnsAlmostNothing() {
        long waited = 0;
        for (int i = 0; i < 1000; i++) {
            waited += waits(40);
            budget.ended(now);
            budget.earn(1, 60);
        }
        // A frame of 60 bytes restores 51.2 us, and each wait is rounded up to a full millisecond.
        assertThat(waited).isBetween(50L, 1_100L);
    }

    @Test
    void takingFramesEarnsAllOfItAndNoMore() {
        waits(1000);
        budget.ended(now);
        budget.earn(500, 0);
        budget.earn(0, 500 * WaitBudget.FRAME_BYTES);
        assertThat(budget.whole()).isTrue();
        budget.earn(1_000_000, 1_000_000_000);
        assertThat(waits(1000)).isEqualTo(50);
    }

    @Test
    void aReceiverThatKeepsTakingFramesIsWaitedForAllTheTime() {
        for (int i = 0; i < 10_000; i++) {
            // 64 frames every 3 ms are 21,000 a second.
            assertThat(waits(3)).isEqualTo(3);
            budget.ended(now);
            budget.earn(64, 64 * 60);
        }
    }

    @Test
    void timeWithoutAFrameThatWaitsCostsNothing() {
        budget.mayWait(now);
        budget.doesNotWait();
        now += 1000 * MS;
        assertThat(budget.whole()).isTrue();
        assertThat(waits(1000)).isEqualTo(50);
    }

    @Test
    void aFrameThatDoesNotWaitChangesNothingForOneThatDoes() {
        assertThat(waits(20)).isEqualTo(20);
        for (int i = 0; i < 30; i++) {
            assertThat(budget.mayWait(now)).isTrue();
            budget.doesNotWait();
            now += MS;
        }
        assertThat(budget.mayWait(now)).isFalse();
    }

    @Test
    void withoutABudgetNoSenderWaits() {
        WaitBudget none = new WaitBudget(Duration.ZERO, 1_000);
        assertThat(none.mayWait(now)).isFalse();
        none.earn(1_000_000, 1_000_000);
        none.ended(now);
        assertThat(none.mayWait(now)).isFalse();
    }
}
