// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.Arrays;

/**
 * Figures in three numbers.
 *
 * @param least the smallest
 * @param median the middle one, or the mean of the two middle ones
 * @param most the largest
 */
public record Spread(double least, double median, double most) {
    /** Of no figures at all. */
    public static final Spread NONE = new Spread(Double.NaN, Double.NaN, Double.NaN);

    /**
     * Of some figures.
     *
     * @param figures in any order; none gives {@link #NONE}
     * @return their spread
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
