// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;
import java.util.OptionalDouble;

/**
 * The results of one case: the same work for every contender.
 *
 * @param name the name of the case, unique in its row
 * @param series the series that the case belongs to, for a row with several series of cases that differ in one number only; otherwise empty
 * @param x the number in which the cases of the series differ
 * @param figures the figures to show, the most important first
 * @param measured the results of the contenders, one for each
 * @param goals the goals of the case
 */
public record CaseResult(
        String name, String series, OptionalDouble x, List<Figure> figures, List<Measured> measured, List<Goal> goals) {
    /** Copies the lists. */
    public CaseResult {
        figures = List.copyOf(figures);
        measured = List.copyOf(measured);
        goals = List.copyOf(goals);
    }

    /**
     * Returns the median of one contender's figure.
     *
     * @param contender the name of the contender
     * @param figure the figure
     * @return the median in the base unit, NaN when nothing was measured
     */
    public double median(String contender, Figure figure) {
        return spread(contender, figure).median();
    }

    /**
     * Returns the spread of one contender's figure.
     *
     * @param contender the name of the contender
     * @param figure the figure
     * @return the spread in the base unit, {@link Spread#NONE} when nothing was measured
     */
    public Spread spread(String contender, Figure figure) {
        return measured.stream()
                .filter(each -> each.contender().equals(contender))
                .findFirst()
                .map(each -> each.spread(figure))
                .orElse(Spread.NONE);
    }
}
