// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.util.List;
import java.util.OptionalDouble;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.bench.result.Goal;

/**
 * The same work for several contenders.
 *
 * @param name unique in its row
 * @param series what it belongs to when a row's cases differ in one number only; else empty
 * @param x that number
 * @param figures what is shown, the most important first
 * @param goals the goals that it has to reach
 * @param contenders in the order of their turns
 * @param rounds how often each has a turn
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

    /** A case that stands for itself. */
    static Case of(String name, List<Figure> figures, List<Goal> goals, List<Contender> contenders, int rounds) {
        return new Case(name, "", OptionalDouble.empty(), figures, goals, contenders, rounds);
    }

    /** A case that is one point of a series. */
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
