// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.Arrays;
import java.util.List;

/**
 * What many short rounds of the same work took. Other load only ever makes a round longer; so the best rounds and the lower
 * quartile say what the work takes, and the rest says what the other load does.
 */
public final class Rounds {
    private static final double QUARTER = 0.25;
    private static final double HALF = 0.5;

    private final double[] sorted;

    private Rounds(double[] sorted) {
        this.sorted = sorted;
    }

    /**
     * Of some rounds.
     *
     * @param times of each, in any unit and any order
     * @return all of them
     */
    public static Rounds of(List<Double> times) {
        double[] sorted = times.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return new Rounds(sorted);
    }

    /**
     * All of them.
     *
     * @return in ascending order
     */
    public List<Double> times() {
        return Arrays.stream(sorted).boxed().toList();
    }

    /**
     * How many there are.
     *
     * @return 0 up
     */
    public int count() {
        return sorted.length;
    }

    /**
     * The shortest.
     *
     * @return NaN of no rounds
     */
    public double best() {
        return quantile(0);
    }

    /**
     * A quarter of the rounds take no longer.
     *
     * @return NaN of no rounds
     */
    public double lowerQuartile() {
        return quantile(QUARTER);
    }

    /**
     * Half of the rounds take no longer.
     *
     * @return NaN of no rounds
     */
    public double median() {
        return quantile(HALF);
    }

    /** Linear between the two rounds that are next to the place which divides the rounds in that share. */
    private double quantile(double share) {
        if (sorted.length == 0) {
            return Double.NaN;
        }
        double place = share * (sorted.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
