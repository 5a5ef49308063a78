// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one contender has come to in one turn.
 *
 * @param values by figure, in base units
 * @param disturbed whether other programs took processor time meanwhile
 * @param curve the values point by point, if it measured any
 * @param rounds what each short round of the turn took, in seconds; empty when the turn was measured as a whole
 */
public record Sample(Map<Figure, Double> values, boolean disturbed, Optional<Curve> curve, List<Double> rounds) {
    /** Copies map and list. */
    public Sample {
        values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
        rounds = List.copyOf(rounds);
    }

    /**
     * A turn with one value for each figure.
     *
     * @param values by figure, in base units
     * @param disturbed whether other programs took processor time meanwhile
     * @param curve the values point by point, if it measured any
     */
    public Sample(Map<Figure, Double> values, boolean disturbed, Optional<Curve> curve) {
        this(values, disturbed, curve, List.of());
    }

    /**
     * A turn of short rounds.
     *
     * @param rounds what each took, in seconds
     * @return the sample
     */
    public static Sample ofRounds(List<Double> rounds) {
        return new Sample(Map.of(), false, Optional.empty(), rounds);
    }

    /**
     * A figure's value in this turn.
     *
     * @param figure the figure
     * @return in the base unit; NaN when it was not measured
     */
    public double value(Figure figure) {
        return figure.statistic() == Statistic.MEDIAN_OF_TURNS
                ? values.getOrDefault(figure, Double.NaN)
                : figure.statistic().of(Rounds.of(rounds));
    }

    /**
     * One value, undisturbed.
     *
     * @param figure what it is
     * @param value in the base unit
     * @return the sample
     */
    public static Sample of(Figure figure, double value) {
        return new Sample(Map.of(figure, value), false, Optional.empty());
    }

    /**
     * Several values, undisturbed.
     *
     * @param values by figure, in base units
     * @return the sample
     */
    public static Sample of(Map<Figure, Double> values) {
        return new Sample(values, false, Optional.empty());
    }
}
