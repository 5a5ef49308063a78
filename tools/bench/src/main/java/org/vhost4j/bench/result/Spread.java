// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.Arrays;

/**
 * The spread of several values of a figure.
 *
 * @param least the smallest value
 * @param median the middle value, or the mean of the two middle values
 * @param most the largest value
 */
public record Spread(double least, double median, double most) {
    /** The spread when there are no values: NaN in every component. */
    public static final Spread NONE = new Spread(Double.NaN, Double.NaN, Double.NaN);

    /**
     * Calculates the spread of values.
     *
     * @param figures the values in any order; without any, the result is {@link #NONE}
     * @return the spread
     */
    public static Spread of(double... figures) {
        if (figures.length == 0) {
            return NONE;
        }
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        double median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
        return new Spread(sorted[0], median, sorted[n - 1]);
    }
}
