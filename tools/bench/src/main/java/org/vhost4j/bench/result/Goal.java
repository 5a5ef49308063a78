// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * A goal of a case: a limit for one contender's median, or for its ratio to the best median of other contenders.
 *
 * @param figure the figure that is judged
 * @param ours the name of the contender whose median is judged
 * @param theirs the names of the contenders to compare with; empty when the median itself is judged
 * @param atLeast whether the limit is a minimum; otherwise it is a maximum
 * @param limit the limit of the ratio, or of the median in the base unit
 * @param aim a stricter limit that is desirable but not required
 */
public record Goal(Figure figure, String ours, List<String> theirs, boolean atLeast, double limit, OptionalDouble aim) {
    /** Copies the list. */
    public Goal {
        theirs = List.copyOf(theirs);
    }

    /**
     * Creates a goal with a minimum for the ratio to other contenders.
     *
     * @param figure the figure that is judged
     * @param ours the name of the contender whose value is judged
     * @param theirs the names of the contenders whose best value is compared
     * @param limit the minimum of the ratio
     * @return a goal with a limit only
     */
    public static Goal ratio(Figure figure, String ours, List<String> theirs, double limit) {
        return new Goal(figure, ours, theirs, true, limit, OptionalDouble.empty());
    }

    /**
     * Creates a goal with a maximum for the ratio to other contenders.
     *
     * @param figure the figure that is judged
     * @param ours the name of the contender whose value is judged
     * @param theirs the names of the contenders whose best value is compared
     * @param limit the maximum of the ratio
     * @return a goal with a limit only
     */
    public static Goal ratioAtMost(Figure figure, String ours, List<String> theirs, double limit) {
        return new Goal(figure, ours, theirs, false, limit, OptionalDouble.empty());
    }

    /**
     * Creates a goal with a maximum for a median.
     *
     * @param figure the figure that is judged
     * @param ours the name of the contender whose value is judged
     * @param limit the maximum of the median, in the base unit
     * @return a goal with a limit only
     */
    public static Goal atMost(Figure figure, String ours, double limit) {
        return new Goal(figure, ours, List.of(), false, limit, OptionalDouble.empty());
    }

    /**
     * Returns this goal with an aim: a value that is stricter than the limit, and is shown beside it.
     *
     * @param better the aim, stricter than the limit
     * @return a copy
     */
    public Goal aimingAt(double better) {
        return new Goal(figure, ours, theirs, atLeast, limit, OptionalDouble.of(better));
    }

    /**
     * Calculates the value that is compared with the limit.
     *
     * @param result the result of the case
     * @return a ratio, or a median in the base unit; NaN when a value was not measured
     */
    public double value(CaseResult result) {
        double own = result.median(ours, figure);
        double best = Double.NaN;
        for (String their : theirs) {
            double median = result.median(their, figure);
            best = Double.isNaN(best) ? median : Double.isNaN(median) ? best : figure.better(best, median);
        }
        return theirs.isEmpty() ? own : own / best;
    }

    /**
     * Compares the measured value with the limit.
     *
     * @param result the result of the case
     * @return whether the goal was reached
     */
    public Verdict judge(CaseResult result) {
        double value = value(result);
        return Double.isNaN(value)
                ? Verdict.NOT_MEASURED
                : (atLeast ? value >= limit : value <= limit) ? Verdict.MET : Verdict.NOT_MET;
    }

    /**
     * Formats the value that is compared with the limit.
     *
     * @param result the result of the case
     * @return a ratio such as {@code 1.07}, or a median with its unit
     */
    public String show(CaseResult result) {
        double value = value(result);
        return Double.isNaN(value) ? "-" : number(value);
    }

    private String number(double value) {
        return theirs.isEmpty() ? figure.show(value) + " " + figure.unit() : String.format(Locale.ROOT, "%.2f", value);
    }

    /** Returns the goal as text, such as {@code >= 1.00 (aim 1.30)}. */
    @Override
    public String toString() {
        return (atLeast ? ">= " : "<= ")
                + number(limit)
                + (aim.isPresent() ? " (aim " + number(aim.getAsDouble()) + ")" : "");
    }
}
