// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What one contender has come to in one round.
 *
 * @param values by figure, in base units
 * @param disturbed whether other programs took processor time meanwhile
 * @param curve what it has measured point by point, if anything
 */
public record Sample(Map<Figure, Double> values, boolean disturbed, Optional<Curve> curve) {
    /** Copies the map. */
    public Sample {
        values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
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
