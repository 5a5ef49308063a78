// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.endtoend.TestBackEnd;

/** Tests that the measurement detects disturbances. */
class NeighboursTest {
    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(2);

    @AutoClose
    private final Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1));

    @Test
    void nothingIsLostWhileNothingHappens() {
        Report report = neighbours.quiet(Duration.ofMillis(300));
        assertThat(report.sent()).isGreaterThan(100);
        assertThat(report.lost()).isZero();
        assertThat(report.doubled()).isZero();
        assertThat(report.damaged()).isZero();
        assertThat(report.p99Nanos()).isPositive().isLessThanOrEqualTo(report.worstNanos());
    }

    @Test
    void aRingThatStandsStillIsInTheLatency() {
        Report report = neighbours.during(Duration.ofMillis(300), () -> {
            FrontEndQueue queue = neighbours.two().transmitQueue(0);
            int base = queue.stop(neighbours.two().frontEnd());
            Thread.sleep(100);
            queue.start(neighbours.two().frontEnd(), base);
        });
        assertThat(report.p99Nanos()).isGreaterThan(50_000_000);
        assertThat(report.gapNanos()).isGreaterThan(50_000_000);
        Report quiet = new Report(report.sent(), report.received(), 0, 0, 1_000, 1_000, 1_000);
        assertThatThrownBy(() -> Neighbours.assertUndisturbed(quiet, report, Limit.longerBy(Duration.ofMillis(20))))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void framesThatArriveNowhereAreLost() {
        neighbours.expectLosses();
        Report report = neighbours.during(Duration.ofMillis(300), () -> {
            neighbours.two().frontEnd().setVringEnable(0, false);
            Await.until(
                    "a frame finds no queue",
                    () -> backEnd.backend().counters(1).get(Counter.RX_NOT_READY) > 0);
        });
        assertThat(report.lost()).isPositive();
        assertThatThrownBy(() -> Neighbours.assertUndisturbed(report, report, Limit.longerBy(Duration.ofMillis(20))))
                .hasMessageContaining("lost");
    }
}
