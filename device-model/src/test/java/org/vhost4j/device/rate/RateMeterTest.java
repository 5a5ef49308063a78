// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.rate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests the rate of a sender with a clock that the test advances. */
class RateMeterTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int LONGEST = 65_550;

    private final SplittableRandom random = new SplittableRandom(7);
    // The clock, which overflows soon.
    private long now = Long.MAX_VALUE - 5 * SECOND;

    private RateMeter meter(long average, long peak, long burst) {
        return new RateMeter(new RateLimit(average, peak, burst), () -> now);
    }

    /** Sends as much as the meter allows now; returns the number of bytes. */
    private long send(RateMeter meter, int longest) {
        long sent = 0;
        while (meter.allowance() > 0) {
            int bytes = random.nextInt(60, longest + 1);
            meter.spend(bytes);
            sent += bytes;
        }
        return sent;
    }

    @ParameterizedTest
    @CsvSource({
        // KiB a second, peak, burst; longest frame; how long.
        "1, 0, 1, 1514, 4h",
        "7, 0, 2, 65550, 3h",
        "1000, 0, 64, 1514, 60s",
        "125000, 0, 0, 65550, 10s",
        "1000, 3000, 500, 1514, 60s",
        "976563, 2000000, 10000, 65550, 5s",
        "4000000000, 0, 4000000000, 65550, 10ms",
    })
    void theRateIsExactAndTheLaneIsWokenWhenSomethingMayPass(
            long average, long peak, long burst, int longest, String span) {
        RateMeter meter = meter(average, peak, burst);
        long left = span.endsWith("h")
                ? TimeUnit.HOURS.toNanos(Long.parseLong(span.replace("h", "")))
                : span.endsWith("ms")
                        ? TimeUnit.MILLISECONDS.toNanos(Long.parseLong(span.replace("ms", "")))
                        : SECOND * Long.parseLong(span.replace("s", ""));
        long depth = 1024 * new RateLimit(average, peak, burst).depth();
        // The bytes that the earlier pause allows do not count.
        meter.spend(depth);
        long time = left;
        long sent = 0;
        int wakes = 0;
        while (left > 0) {
            assertThat(meter.allowance()).isLessThanOrEqualTo(0);
            long wait = meter.nanosToWait();
            assertThat(wait).isPositive();
            now += wait;
            left -= wait;
            assertThat(meter.allowance()).as("after %d ns", wait).isPositive();
            sent += send(meter, longest);
            wakes++;
        }
        double expected = 1024.0 * average * (time - left) / SECOND;
        // A burst is exceeded by less than a frame.
        assertThat((double) sent).isCloseTo(expected, within(expected / 100 + longest));
        // A lane that waits is woken at most about once in a millisecond, and once for a frame that is longer than
        // that.
        assertThat(wakes).isLessThanOrEqualTo((int) ((time - left) / 900_000) + 2);
    }

    @Test
    void aRateIsExactAlsoWhenTheClockIsReadOften() {
        RateMeter meter = meter(3, 0, 1);
        meter.spend(1024);
        long sent = 0;
        for (int i = 0; i < 1_000_000; i++) {
            now += 1 + i % 1000;
            if (meter.allowance() > 0) {
                meter.spend(1);
                sent++;
            }
        }
        // 499.5 ns on average: fractions of bytes add up.
        assertThat(sent).isBetween(1533L, 1540L);
    }

    @Test
    void aBurstPassesAfterAPauseAndNoMore() {
        RateMeter meter = meter(100, 0, 40);
        for (int i = 0; i < 100; i++) {
            assertThat(send(meter, 1514)).isBetween(40 * 1024L - 1514, 40 * 1024L + 2 * 1514);
            now += SECOND;
        }
    }

    @Test
    void withAPeakABurstPassesAtThatRate() {
        RateMeter meter = meter(100, 400, 1000);
        long sent = send(meter, 1514);
        assertThat(sent).as("at once").isLessThan(16 * 1024L + 1515);
        // A burst of 1000 KiB at 400 KiB a second, to which 100 are added: 3.33 s.
        for (int millis = 0; millis < 3000; millis++) {
            now += 1_000_000;
            sent += send(meter, 1514);
        }
        assertThat((double) sent).isCloseTo(3 * 400 * 1024.0, within(18_000.0));
        for (int millis = 0; millis < 7000; millis++) {
            now += 1_000_000;
            sent += send(meter, 1514);
        }
        assertThat((double) sent).isCloseTo((1000 + 10 * 100) * 1024.0, within(18_000.0));
    }

    @Test
    void aFrameLongerThanTheBurstPassesAndIsPaidForAfterwards() {
        RateMeter meter = meter(64, 0, 1);
        assertThat(meter.allowance()).isEqualTo(1024);
        meter.spend(LONGEST);
        assertThat(meter.allowance()).isEqualTo(1024 - LONGEST);
        now += 984_000_000;
        assertThat(meter.allowance()).isLessThanOrEqualTo(0);
        now += 16_000_000;
        assertThat(meter.allowance()).isPositive();
    }

    @Test
    void noPauseIsTooLong() {
        RateMeter meter = meter(RateLimit.MOST, RateLimit.MOST, RateLimit.MOST);
        long full = 1024 * RateLimit.MOST;
        for (long pause : new long[] {SECOND, 3600 * SECOND, 1_000_000 * SECOND, Long.MAX_VALUE}) {
            meter.spend(full);
            now += pause;
            assertThat(meter.allowance()).isPositive().isLessThanOrEqualTo(full);
        }
        // A clock that does not advance, or goes back a little, restores no budget.
        meter.spend(2 * full);
        long owed = meter.allowance();
        now -= 5;
        assertThat(meter.allowance()).isEqualTo(owed);
    }

    @Test
    void limitsThatMeanNothingAreRefused() {
        assertThatThrownBy(() -> new RateLimit(0, 0, 5)).hasMessage("peak and burst need an average");
        assertThatThrownBy(() -> new RateLimit(100, 50, 0))
                .hasMessage("peak, 50 KiB a second, is below the average of 100");
        assertThatThrownBy(() -> new RateLimit(RateLimit.MOST + 1, 0, 0))
                .hasMessage("average and peak are 0 to 4000000000 KiB a second, burst 0 to 4000000000 KiB");
    }
}
