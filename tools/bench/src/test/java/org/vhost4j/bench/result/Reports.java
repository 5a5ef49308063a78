// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** A small example report with all kinds of content. */
final class Reports {
    static final Figure RATE = Figure.RATE;
    static final Figure MEDIAN = Figure.micros("median");

    private Reports() {}

    static Measured measured(String contender, double... rates) {
        return new Measured(
                contender,
                java.util.Arrays.stream(rates)
                        .mapToObj(rate -> Sample.of(RATE, rate))
                        .toList(),
                Optional.of(new CrossCheck(5, 5, 0)),
                Optional.empty());
    }

    static CaseResult rates(String name, List<Goal> goals, Measured... measured) {
        return new CaseResult(name, "", OptionalDouble.empty(), List.of(RATE), List.of(measured), goals);
    }

    static Report of(RowResult... rows) {
        return new Report(Map.of("processor", "slow & <old>"), List.of(rows));
    }

    /** One row of bars, one of a series, and one of curves. */
    static Report whole() {
        Goal goal = Goal.ratio(RATE, "ours", List.of("theirs", "newer"), 1.0).aimingAt(1.3);
        RowResult bars = new RowResult(
                "sends",
                "Guest sends",
                "About.",
                List.of(rates(
                        "64 B",
                        List.of(goal),
                        measured("ours", 4e6, 6e6, 5e6),
                        measured("theirs", 2e6, 2e6, 2e6),
                        measured("newer", 4e6, 4e6, 4e6))));
        RowResult series =
                new RowResult("scaling", "Scaling", "About.", List.of(point(1, 4e6), point(16, 3e6), point(64, 2e6)));
        Curve curve = new Curve("one in so many", "us", true, List.of(new Curve.Point(2, 1), new Curve.Point(100, 30)));
        RowResult curves = new RowResult(
                "round-trip",
                "Round trip",
                "About.",
                List.of(new CaseResult(
                        "64 B",
                        "",
                        OptionalDouble.empty(),
                        List.of(MEDIAN),
                        List.of(new Measured(
                                "ours",
                                List.of(new Sample(Map.of(MEDIAN, 2.5e-6), false, Optional.of(curve))),
                                Optional.empty(),
                                Optional.empty())),
                        List.of(Goal.atMost(MEDIAN, "ours", 1e-6)))));
        return of(bars, series, curves);
    }

    private static CaseResult point(double x, double rate) {
        return new CaseResult(
                "guests %.0f".formatted(x),
                "guests",
                OptionalDouble.of(x),
                List.of(RATE),
                List.of(measured("ours", rate)),
                List.of());
    }
}
