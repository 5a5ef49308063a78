// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;
import java.util.OptionalDouble;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;

/**
 * A case: the same work for several contenders.
 *
 * @param name name of the case, unique in its row
 * @param series name of the series that the case belongs to when a row's cases differ in one number only; otherwise empty
 * @param x the number in which the cases of the series differ
 * @param figures figures that are shown, the most important first
 * @param goals goals of the case
 * @param contenders contenders in the order of their turns
 * @param rounds number of turns of each contender
 */
record Case(
        String name,
        String series,
        OptionalDouble x,
        List<Figure> figures,
        List<Goal> goals,
        List<Contender> contenders,
        int rounds) {
    Case {
        figures = List.copyOf(figures);
        goals = List.copyOf(goals);
        contenders = List.copyOf(contenders);
    }

    /** Creates a case that is not part of a series. */
    static Case of(String name, List<Figure> figures, List<Goal> goals, List<Contender> contenders, int rounds) {
        return new Case(name, "", OptionalDouble.empty(), figures, goals, contenders, rounds);
    }

    /** Creates a case that is one point of a series. */
    static Case point(String series, double x, Figure figure, List<Contender> contenders, int rounds) {
        return new Case(
                "%s %.0f".formatted(series, x),
                series,
                OptionalDouble.of(x),
                List.of(figure),
                List.of(),
                contenders,
                rounds);
    }
}
