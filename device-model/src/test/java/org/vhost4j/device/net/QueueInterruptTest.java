// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;

/** Tests when the interrupts of a queue are raised. */
class QueueInterruptTest {
    private static final long AGES = 0xffff_ffffL;

    private final QueueStatistics statistics = new QueueStatistics();
    private final Counters counters = new Counters();
    private final ManualClock clock = new ManualClock();
    private int raised;
    private final QueueInterrupt interrupt = new QueueInterrupt(() -> raised++, statistics, counters, clock);

    private void frames(int count) {
        statistics.packets += count;
    }

    @Test
    void withoutCoalescingEachThatIsWantedIsRaisedAtOnce() {
        interrupt.published(true);
        interrupt.published(false);
        interrupt.published(true);
        assertThat(raised).isEqualTo(2);
        assertThat(statistics.interrupts).isEqualTo(2);
        assertThat(counters.get(Counter.INTERRUPTS)).isEqualTo(2);
    }

    @Test
    void enoughFramesRaiseWhatIsHeld() {
        interrupt.moderate(new Moderation(4, AGES));
        frames(3);
        interrupt.published(true);
        assertThat(raised).isZero();
        frames(1);
        interrupt.published(false);
        assertThat(raised).as("the driver was told that it asked once").isEqualTo(1);
        frames(4);
        interrupt.published(false);
        assertThat(raised).as("it did not ask again").isEqualTo(1);
        frames(1);
        interrupt.published(true);
        assertThat(raised).isEqualTo(2);
    }

    @Test
    void enoughTimeRaisesWhatIsHeld() {
        interrupt.moderate(new Moderation(0, AGES));
        frames(1000);
        interrupt.published(true);
        assertThat(raised).isZero();
        interrupt.moderate(new Moderation(0, 1));
        assertThat(raised).as("new limits let go of what is held").isEqualTo(1);
        interrupt.moderate(new Moderation(0, 50));
        interrupt.published(true);
        clock.advance(Duration.ofNanos(49_999));
        interrupt.raiseDue();
        assertThat(raised).isEqualTo(1);
        clock.advance(Duration.ofNanos(1));
        interrupt.raiseDue();
        assertThat(raised).isEqualTo(2);
        interrupt.raiseDue();
        assertThat(raised).isEqualTo(2);
    }

    @Test
    void nothingIsHeldWhenTheLaneGoesToSleep() {
        interrupt.moderate(new Moderation(1000, AGES));
        interrupt.published(true);
        interrupt.raiseHeld();
        interrupt.raiseHeld();
        assertThat(raised).isEqualTo(1);
        interrupt.raiseDue();
        assertThat(raised).isEqualTo(1);
    }

    @Test
    void noLimitOfTimeMeansNoCoalescing() {
        interrupt.moderate(new Moderation(1000, 0));
        interrupt.published(true);
        assertThat(raised).isEqualTo(1);
    }
}
