// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConsoleTableTest {
    @Test
    void everyCaseHasALine() {
        assertThat(ConsoleTable.of(Reports.whole())).isEqualTo("""
                Guest sends (sends)
                About.
                CASE  FIGURE      ours                  theirs                newer                 RESULT  GOAL
                64 B  rate, Mpps  5.000 (4.000..6.000)  2.000 (2.000..2.000)  4.000 (4.000..4.000)  1.25    >= 1.00 (aim 1.30)  met

                Scaling (scaling)
                About.
                CASE       FIGURE      ours                  RESULT  GOAL
                guests 1   rate, Mpps  4.000 (4.000..4.000)
                guests 16  rate, Mpps  3.000 (3.000..3.000)
                guests 64  rate, Mpps  2.000 (2.000..2.000)

                Round trip (round-trip)
                About.
                CASE  FIGURE      ours            RESULT  GOAL
                64 B  median, us  2.5 (2.5..2.5)  2.5 us  <= 1.0 us  not met

                """);
    }

    @Test
    void whatWentWrongIsSaid() {
        Report report = Reports.of(new RowResult(
                "sends",
                "Guest sends",
                "About.",
                List.of(Reports.rates(
                        "64 B",
                        List.of(),
                        new Measured(
                                "ours",
                                List.of(new Sample(Map.of(Figure.RATE, 1e6), true, Optional.empty())),
                                Optional.of(new CrossCheck(100_000, 90_000, 1024)),
                                Optional.empty()),
                        new Measured("theirs", List.of(), Optional.empty(), Optional.of("it would not start"))))));
        assertThat(report.sound()).isFalse();
        assertThat(ConsoleTable.of(report))
                .contains("Other programs used processor time in evaluated rounds")
                .contains("64 B: ours: the front-end counted 100000 frames but the back-end 90000\n")
                .contains("64 B: theirs: it would not start\n");
    }
}
