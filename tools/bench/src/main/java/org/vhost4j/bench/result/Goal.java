// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * What a case is to come to: one contender's median, or its ratio to the best median of some others.
 *
 * @param figure which figure
 * @param ours whose median it is
 * @param theirs the others; none when the median itself is meant
 * @param atLeast whether the limit is the least, else it is the most
 * @param limit of the ratio, or of the median in the base unit
 * @param aim a better limit to be striven for
 */
public record Goal(Figure figure, String ours, List<String> theirs, boolean atLeast, double limit, OptionalDouble aim) {
    /** Copies the list. */
    public Goal {
        theirs = List.copyOf(theirs);
    }

    /**
     * A minimum of a ratio.
     *
     * @param figure which figure
     * @param ours the contender whose value is judged
     * @param theirs the best of these
     * @param limit the least
     * @return without an aim
     */
    public static Goal ratio(Figure figure, String ours, List<String> theirs, double limit) {
        return new Goal(figure, ours, theirs, true, limit, OptionalDouble.empty());
    }

    /**
     * A maximum of a ratio.
     *
     * @param figure which figure
     * @param ours the contender whose value is judged
     * @param theirs the best of these
     * @param limit the most
     * @return without an aim
     */
    public static Goal ratioAtMost(Figure figure, String ours, List<String> theirs, double limit) {
        return new Goal(figure, ours, theirs, false, limit, OptionalDouble.empty());
    }

    /**
     * A maximum of a median.
     *
     * @param figure which figure
     * @param ours the contender whose value is judged
     * @param limit the most, in the base unit
     * @return without an aim
     */
    public static Goal atMost(Figure figure, String ours, double limit) {
        return new Goal(figure, ours, List.of(), false, limit, OptionalDouble.empty());
    }

    /**
     * The same with an aim.
     *
     * @param better than the limit
     * @return a copy
     */
    public Goal aimingAt(double better) {
        return new Goal(figure, ours, theirs, atLeast, limit, OptionalDouble.of(better));
    }

    /**
     * What is compared.
     *
     * @param result of the case
     * @return a ratio or a median; NaN when something was not measured
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
     * Compares the goal with what was measured.
     *
     * @param result of the case
     * @return what to say about it
     */
    public Verdict judge(CaseResult result) {
        double value = value(result);
        return Double.isNaN(value)
                ? Verdict.NOT_MEASURED
                : (atLeast ? value >= limit : value <= limit) ? Verdict.MET : Verdict.NOT_MET;
    }

    /**
     * The value as text.
     *
     * @param result of the case
     * @return such as {@code 1.07}, or a median with its unit
     */
    public String show(CaseResult result) {
        double value = value(result);
        return Double.isNaN(value) ? "-" : number(value);
    }

    private String number(double value) {
        return theirs.isEmpty() ? figure.show(value) + " " + figure.unit() : String.format(Locale.ROOT, "%.2f", value);
    }

    /** Such as {@code >= 1.00 (aim 1.30)}. */
    @Override
    public String toString() {
        return (atLeast ? ">= " : "<= ")
                + number(limit)
                + (aim.isPresent() ? " (aim " + number(aim.getAsDouble()) + ")" : "");
    }
}
