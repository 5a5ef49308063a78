// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ComparisonTest {
    private static final Row ROW = new Row(Direction.SEND, 64, true, false);
    private static final CrossCheck EQUAL = new CrossCheck(5, 5);

    @Test
    void theMedianOfAnEvenNumberIsBetweenTheMiddleTwo() {
        assertThat(Comparison.Spread.of(4, 1, 3, 2)).isEqualTo(new Comparison.Spread(1, 2.5, 4));
        assertThat(Comparison.Spread.of(3, 1, 2)).isEqualTo(new Comparison.Spread(1, 2, 3));
    }

    @Test
    void bothRatiosAreOursOverTheirs() {
        Comparison comparison = comparison(round(10, 5, 1), round(20, 30, 1), round(40, 10, 1));
        assertThat(comparison.ratioOfMedians()).isEqualTo(0.5);
        assertThat(comparison.ratios()).isEqualTo(new Comparison.Spread(0.25, 0.5, 1.5));
    }

    @Test
    void disturbedRoundsAreLeftOutWhenThereAreEnoughOthers() {
        Comparison comparison = comparison(round(10, 10, 1), round(10, 10, 1), round(10, 99, 0.4), round(10, 10, 1));
        assertThat(comparison.counted()).hasSize(3);
        assertThat(comparison.ours().most()).isEqualTo(10);
    }

    @Test
    void disturbedRoundsCountWhenThereIsNothingElse() {
        Comparison comparison = comparison(round(10, 10, 1), round(10, 20, 0.4), round(10, 30, 0.4));
        assertThat(comparison.counted()).hasSize(3);
        assertThat(report(comparison).table()).contains("Other programs took processor time");
    }

    @Test
    void theTableHasALineForEachRow() {
        String table = report(comparison(round(4e6, 3e6, 1), round(4e6, 3e6, 1), round(4e6, 3e6, 1)))
                .table();
        assertThat(table.lines())
                .hasSize(3)
                .last()
                .asString()
                .containsSubsequence(
                        "guest sends", "64", "on", "4.00 (4.00..4.00)", "3.00 (3.00..3.00)", "0.75", "3 of 3");
    }

    @Test
    void countsThatDifferAreSaid() {
        Comparison wrong = new Comparison(ROW, List.of(round(1, 1, 1)), EQUAL, new CrossCheck(100_000, 90_000));
        PeerReport report = report(wrong);
        assertThat(report.agrees()).isFalse();
        assertThat(report.table())
                .contains(
                        "guest sends 64 bytes, mergeable on: the front-end counted 100000 frames but vhost4j 90000\n");
    }

    @Test
    void countsMayDifferByWhatIsInTheRing() {
        assertThat(new CrossCheck(5000, 5000 + Plan.RING_SIZE).agrees()).isTrue();
        assertThat(new CrossCheck(5000, 5001 + Plan.RING_SIZE).agrees()).isFalse();
        assertThat(new CrossCheck(0, 0).agrees()).isFalse();
    }

    @Test
    void jsonHasEveryRound() {
        JsonNode json = JsonMapper.builder()
                .build()
                .readTree(report(comparison(round(4, 3, 1), round(4, 2, 0.5))).json());
        JsonNode row = json.get("rows").get(0);
        assertThat(json.get("peer").asString()).isEqualTo("DPDK 1.2.3");
        assertThat(row.get("direction").asString()).isEqualTo("send");
        assertThat(row.get("ratio-of-medians").asDouble()).isCloseTo(0.625, within(1e-9));
        assertThat(row.get("rounds").size()).isEqualTo(2);
        assertThat(row.get("rounds").get(1).get("disturbed").asBoolean()).isTrue();
        assertThat(row.get("rounds").get(1).get("vhost4j").get("rate").asDouble())
                .isEqualTo(2);
    }

    private static Comparison comparison(Round... rounds) {
        return new Comparison(ROW, List.of(rounds), EQUAL, EQUAL);
    }

    private static PeerReport report(Comparison comparison) {
        Plan plan = new Plan(List.of(ROW), 3, Duration.ofSeconds(1), Duration.ofSeconds(1), 0, 1);
        return new PeerReport("DPDK 1.2.3", plan, List.of(comparison));
    }

    private static Round round(double dpdk, double ours, double ourShare) {
        return new Round(new Turn(dpdk, 1, 1), new Turn(ours, 1, ourShare));
    }
}
