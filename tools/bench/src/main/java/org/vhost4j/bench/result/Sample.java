// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The results of one contender in one turn.
 *
 * @param values the values by figure, in base units
 * @param disturbed whether other programs used processor time of the cores during the turn
 * @param curve the values point by point, when the turn measured a curve
 * @param rounds the duration of each short round of the turn, in seconds; empty when the turn was measured as a whole
 */
public record Sample(Map<Figure, Double> values, boolean disturbed, Optional<Curve> curve, List<Double> rounds) {
    /** Copies the map and the list. */
    public Sample {
        values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
        rounds = List.copyOf(rounds);
    }

    /**
     * Creates the sample of a turn with one value for each figure.
     *
     * @param values the values by figure, in base units
     * @param disturbed whether other programs used processor time of the cores during the turn
     * @param curve the values point by point, when the turn measured a curve
     */
    public Sample(Map<Figure, Double> values, boolean disturbed, Optional<Curve> curve) {
        this(values, disturbed, curve, List.of());
    }

    /**
     * Creates the sample of a turn of short rounds.
     *
     * @param rounds the duration of each round, in seconds
     * @return the sample
     */
    public static Sample ofRounds(List<Double> rounds) {
        return new Sample(Map.of(), false, Optional.empty(), rounds);
    }

    /**
     * Returns a figure's value in this turn.
     *
     * @param figure the figure
     * @return the value in the base unit; NaN when it was not measured
     */
    public double value(Figure figure) {
        return figure.statistic() == Statistic.MEDIAN_OF_TURNS
                ? values.getOrDefault(figure, Double.NaN)
                : figure.statistic().of(Rounds.of(rounds));
    }

    /**
     * Creates the sample of an undisturbed turn with one value.
     *
     * @param figure the figure that was measured
     * @param value the value, in the base unit
     * @return the sample
     */
    public static Sample of(Figure figure, double value) {
        return new Sample(Map.of(figure, value), false, Optional.empty());
    }

    /**
     * Creates the sample of an undisturbed turn with several values.
     *
     * @param values the values by figure, in base units
     * @return the sample
     */
    public static Sample of(Map<Figure, Double> values) {
        return new Sample(values, false, Optional.empty());
    }
}
