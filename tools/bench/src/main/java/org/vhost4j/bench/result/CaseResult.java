// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;
import java.util.OptionalDouble;

/**
 * The results of one case: the same work for every contender.
 *
 * @param name unique in its row
 * @param series what the case belongs to when a row has several that differ in one number only; else empty
 * @param x that number
 * @param figures what is shown of it, the most important first
 * @param measured one for each contender
 * @param goals the goals that it has to reach
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
     * One contender's figure.
     *
     * @param contender its name
     * @param figure the figure
     * @return the median, NaN when there is none
     */
    public double median(String contender, Figure figure) {
        return spread(contender, figure).median();
    }

    /**
     * One contender's figure.
     *
     * @param contender its name
     * @param figure the figure
     * @return the spread, {@link Spread#NONE} when there is none
     */
    public Spread spread(String contender, Figure figure) {
        return measured.stream()
                .filter(each -> each.contender().equals(contender))
                .findFirst()
                .map(each -> each.spread(figure))
                .orElse(Spread.NONE);
    }
}
