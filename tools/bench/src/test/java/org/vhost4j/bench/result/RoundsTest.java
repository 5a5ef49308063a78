// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RoundsTest {
    private static final Figure BEST = Figure.ofRounds("best", Statistic.BEST);
    private static final Figure QUARTILE = Figure.ofRounds("lower quartile", Statistic.LOWER_QUARTILE);
    private static final Figure MEDIAN = Figure.ofRounds("median", Statistic.MEDIAN);

    @Test
    void bestQuartileAndMedianOfWholePlaces() {
        Rounds rounds = Rounds.of(List.of(50.0, 10.0, 40.0, 20.0, 30.0));
        assertThat(rounds.count()).isEqualTo(5);
        assertThat(rounds.best()).isEqualTo(10);
        assertThat(rounds.lowerQuartile()).isEqualTo(20);
        assertThat(rounds.median()).isEqualTo(30);
        assertThat(rounds.times()).containsExactly(10.0, 20.0, 30.0, 40.0, 50.0);
    }

    @Test
    void betweenTwoRoundsItIsLinear() {
        Rounds rounds = Rounds.of(List.of(4.0, 1.0, 3.0, 2.0));
        assertThat(rounds.lowerQuartile()).isCloseTo(1.75, within(1e-12));
        assertThat(rounds.median()).isCloseTo(2.5, within(1e-12));
    }

    @Test
    void oneRoundIsEverything() {
        Rounds rounds = Rounds.of(List.of(7.0));
        assertThat(List.of(rounds.best(), rounds.lowerQuartile(), rounds.median()))
                .containsOnly(7.0);
    }

    @Test
    void noRoundsHaveNoValue() {
        Rounds none = Rounds.of(List.of());
        assertThat(none.count()).isZero();
        assertThat(List.of(none.best(), none.lowerQuartile(), none.median())).containsOnly(Double.NaN);
    }

    /** Half of the rounds a hundred times as long: the quartile stays where three of every four undisturbed rounds put it. */
    @Test
    void neighboursDoNotMoveTheLowerQuartileOutOfTheUndisturbedRounds() {
        List<Double> times = new ArrayList<>();
        IntStream.range(0, 200).forEach(i -> times.add(30 + i / 100.0));
        IntStream.range(0, 200).forEach(i -> times.add(3000.0 + i));
        Collections.shuffle(times, new Random(1));
        Rounds rounds = Rounds.of(times);
        assertThat(rounds.best()).isEqualTo(30);
        assertThat(rounds.lowerQuartile()).isBetween(30.9, 31.1);
    }

    @Test
    void aFigureOfRoundsIsTakenFromAllTurnsTogether() {
        Measured measured = measured("ours", List.of(4e-9, 5e-9, 6e-9), List.of(1e-9, 2e-9, 3e-9));
        assertThat(measured.rounds().count()).isEqualTo(6);
        assertThat(measured.spread(BEST)).isEqualTo(new Spread(1e-9, 1e-9, 4e-9));
        assertThat(measured.spread(MEDIAN).median()).isCloseTo(3.5e-9, within(1e-15));
        assertThat(measured.spread(QUARTILE).least()).isCloseTo(1.5e-9, within(1e-15));
        assertThat(measured.spread(QUARTILE).median()).isCloseTo(2.25e-9, within(1e-15));
        assertThat(measured.spread(QUARTILE).most()).isCloseTo(4.5e-9, within(1e-15));
    }

    @Test
    void aTurnWithoutRoundsHasNone() {
        Measured whole = Reports.measured("ours", 1e6);
        assertThat(whole.spread(BEST).median()).isNaN();
        assertThat(whole.rounds().count()).isZero();
        assertThatThrownBy(() -> Statistic.MEDIAN_OF_TURNS.of(whole.rounds()))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void everyReportHasThem() {
        RowResult row = new RowResult(
                "drain",
                "A ring",
                "About.",
                List.of(new CaseResult(
                        "64 B",
                        "",
                        OptionalDouble.empty(),
                        List.of(QUARTILE, BEST),
                        List.of(
                                measured("ours", List.of(2e-9, 2e-9), List.of(4e-9, 4e-9)),
                                measured("theirs", List.of(4e-9, 4e-9), List.of(4e-9, 4e-9))),
                        List.of(Goal.ratioAtMost(QUARTILE, "ours", List.of("theirs"), 1)))));
        Report report = Reports.of(row);
        assertThat(ConsoleTable.of(report)).isEqualTo("""
                A ring (drain)
                About.
                CASE  FIGURE              ours               theirs             RESULT  GOAL
                64 B  lower quartile, ns  2.00 (2.00..4.00)  4.00 (4.00..4.00)  0.50    <= 1.00  met
                64 B  best, ns            2.00 (2.00..4.00)  4.00 (4.00..4.00)
                Rounds of each contender in each case: 4.

                """);
        assertThat(HtmlReport.of(report)).contains("<p>Rounds of each contender in each case: 4.</p>");
        JsonNode ours =
                JsonMapper.builder().build().readTree(JsonReport.of(report)).at("/rows/0/cases/0/contenders/0");
        assertThat(ours.get("rounds").asInt()).isEqualTo(4);
        assertThat(ours.at("/lower quartile/value").asDouble()).isEqualTo(2e-9);
        assertThat(ours.at("/samples/1/rounds").size()).isEqualTo(2);
        assertThat(ours.at("/samples/1/rounds/0").asDouble()).isEqualTo(4e-9);
    }

    private static Measured measured(String contender, List<Double> first, List<Double> second) {
        return new Measured(
                contender,
                List.of(Sample.ofRounds(first), Sample.ofRounds(second)),
                Optional.empty(),
                Optional.empty());
    }
}
