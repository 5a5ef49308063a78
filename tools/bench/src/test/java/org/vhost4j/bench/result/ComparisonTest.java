// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTest {
    private static final double LIMIT = 0.03;

    /** Starts whose lower quartiles are the values. */
    private static List<Rounds> starts(double... quartiles) {
        List<Rounds> starts = new ArrayList<>();
        for (double quartile : quartiles) {
            starts.add(Rounds.of(List.of(quartile, quartile, quartile, 10 * quartile)));
        }
        return starts;
    }

    private static List<Rounds> noisy(long seed, double mean, double spread, int count) {
        Random random = new Random(seed);
        return starts(IntStream.range(0, count)
                .mapToDouble(i -> mean * (1 + spread * random.nextGaussian()))
                .toArray());
    }

    @Test
    void theDifferenceIsTheMeanOfTheLogarithmsAndItsIntervalStudents() {
        // Ratios 1.1 and 1 / 1.1: their logarithms have mean 0 and standard deviation 0.1348; t of one degree of
        // freedom is 12.706.
        Comparison.Interval difference = new Comparison("c", starts(10, 11), starts(11, 10), LIMIT).difference();
        assertThat(difference.mean()).isCloseTo(0, within(1e-12));
        double half = 12.706 * 0.0953101798;
        assertThat(difference.least()).isCloseTo(Math.expm1(-half), within(1e-4));
        assertThat(difference.most()).isCloseTo(Math.expm1(half), within(1e-2));
    }

    @ParameterizedTest
    @CsvSource({"1.00, same", "1.02, same", "1.06, slower", "0.94, faster"})
    void whatIsMeasuredWellIsJudged(double factor, String verdict) {
        Comparison comparison = new Comparison("c", noisy(1, 30, 0.01, 20), noisy(2, 30 * factor, 0.01, 20), LIMIT);
        assertThat(comparison.verdict()).hasToString(verdict);
        assertThat(comparison.difference().mean()).isCloseTo(factor - 1, within(0.01));
    }

    @Test
    void whatVariesMoreThanTheLimitIsNotResolved() {
        assertThat(new Comparison("c", noisy(1, 30, 0.2, 6), noisy(2, 30, 0.2, 6), LIMIT).verdict())
                .isEqualTo(Comparison.Verdict.NOT_RESOLVED);
    }

    @Test
    void neighboursThatMeetBothStartsOfAPairCancelOut() {
        double[] drift = {20, 25, 40, 80, 30, 22};
        double[] slower = IntStream.range(0, drift.length)
                .mapToDouble(i -> drift[i] * 1.05)
                .toArray();
        Comparison comparison = new Comparison("c", starts(drift), starts(slower), LIMIT);
        assertThat(comparison.verdict()).isEqualTo(Comparison.Verdict.SLOWER);
        assertThat(comparison.difference().most() - comparison.difference().least())
                .isLessThan(1e-9);
    }

    @Test
    void unequalOrTooFewStartsAreRefused() {
        List<Rounds> two = starts(1, 2);
        assertThatThrownBy(() -> new Comparison("c", two, starts(1), LIMIT))
                .hasMessage("2 starts against 1: two pairs at least");
        assertThatThrownBy(() -> new Comparison("c", starts(1), starts(1), LIMIT))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void allRoundsOfAllStartsCountTogether() {
        assertThat(Comparison.all(starts(4, 2)).count()).isEqualTo(8);
        assertThat(Comparison.all(starts(4, 2)).best()).isEqualTo(2);
    }
}
