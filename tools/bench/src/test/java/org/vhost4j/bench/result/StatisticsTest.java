// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatisticsTest {
    @Test
    void theMedianOfAnEvenNumberIsBetweenTheMiddleTwo() {
        assertThat(Spread.of(4, 1, 3, 2)).isEqualTo(new Spread(1, 2.5, 4));
        assertThat(Spread.of(3, 1, 2)).isEqualTo(new Spread(1, 2, 3));
        assertThat(Spread.of().median()).isNaN();
    }

    @Test
    void disturbedRoundsAreLeftOutWhenThereAreEnoughOthers() {
        Measured measured = measured(new boolean[] {false, false, true, false}, 10, 10, 99, 10);
        assertThat(measured.counted()).hasSize(3);
        assertThat(measured.spread(Figure.RATE).most()).isEqualTo(10);
    }

    @Test
    void disturbedRoundsCountWhenThereIsNothingElse() {
        Measured measured = measured(new boolean[] {false, true, true}, 10, 20, 30);
        assertThat(measured.counted()).hasSize(3);
        assertThat(measured.spread(Figure.RATE)).isEqualTo(new Spread(10, 20, 30));
    }

    @Test
    void aFigureThatWasNotMeasuredHasNoSpread() {
        assertThat(Reports.measured("a", 1).spread(Figure.micros("median")).median())
                .isNaN();
    }

    @Test
    void countsMayDifferByWhatIsUnderWay() {
        assertThat(new CrossCheck(5000, 6024, 1024).agrees()).isTrue();
        assertThat(new CrossCheck(5000, 6025, 1024).agrees()).isFalse();
        assertThat(new CrossCheck(5000, 3975, 1024).agrees()).isFalse();
        assertThat(new CrossCheck(0, 0, 1024).agrees()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"5, 4, 3, 1.25, met", "4, 4, 3, 1.00, met", "3, 4, 2, 0.75, not met", "3, 2, 4, 0.75, not met"})
    void aRatioIsToTheBestOfTheOthers(double ours, double theirs, double newer, String ratio, String verdict) {
        Goal goal = Goal.ratio(Figure.RATE, "ours", List.of("theirs", "newer", "absent"), 1.0);
        CaseResult result = Reports.rates(
                "c",
                List.of(goal),
                Reports.measured("ours", ours),
                Reports.measured("theirs", theirs),
                Reports.measured("newer", newer));
        assertThat(goal.show(result)).isEqualTo(ratio);
        assertThat(goal.judge(result)).hasToString(verdict);
    }

    @Test
    void whereLessIsBetterTheBestIsTheLeast() {
        Figure time = Figure.micros("median");
        Goal goal = Goal.ratioAtMost(time, "ours", List.of("theirs", "newer"), 1.2);
        CaseResult result = new CaseResult(
                "c",
                "",
                java.util.OptionalDouble.empty(),
                List.of(time),
                List.of(time("ours", 3e-6), time("theirs", 9e-6), time("newer", 2e-6)),
                List.of(goal));
        assertThat(goal.show(result)).isEqualTo("1.50");
        assertThat(goal.judge(result)).isEqualTo(Verdict.NOT_MET);
        assertThat(goal).hasToString("<= 1.20");
    }

    @Test
    void aGoalOfOneContenderHasAUnit() {
        Goal goal = Goal.atMost(Figure.micros("median"), "ours", 100e-6);
        CaseResult result = new CaseResult(
                "c",
                "",
                java.util.OptionalDouble.empty(),
                List.of(goal.figure()),
                List.of(time("ours", 40e-6)),
                List.of(goal));
        assertThat(goal).hasToString("<= 100.0 us");
        assertThat(goal.show(result)).isEqualTo("40.0 us");
        assertThat(goal.judge(result)).isEqualTo(Verdict.MET);
    }

    @Test
    void whatIsMissingIsNotMeasured() {
        Goal goal = Goal.ratio(Figure.RATE, "ours", List.of("theirs"), 1.0);
        CaseResult result = Reports.rates("c", List.of(goal), Reports.measured("ours", 1));
        assertThat(goal.judge(result)).isEqualTo(Verdict.NOT_MEASURED);
        assertThat(goal.show(result)).isEqualTo("-");
    }

    private static Measured time(String contender, double seconds) {
        return new Measured(
                contender, List.of(Sample.of(Figure.micros("median"), seconds)), Optional.empty(), Optional.empty());
    }

    private static Measured measured(boolean[] disturbed, double... rates) {
        List<Double> values = DoubleStream.of(rates).boxed().toList();
        List<Sample> samples = new java.util.ArrayList<>();
        for (int i = 0; i < rates.length; i++) {
            samples.add(new Sample(Map.of(Figure.RATE, values.get(i)), disturbed[i], Optional.empty()));
        }
        return new Measured("ours", samples, Optional.empty(), Optional.empty());
    }
}
