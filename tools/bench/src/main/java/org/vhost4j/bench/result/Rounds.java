// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.Arrays;
import java.util.List;

/**
 * The durations of many short rounds of the same work. Other load can only make a round longer; therefore the shortest rounds and the lower
 * quartile show how long the work takes, and the rest shows the effect of other load.
 */
public final class Rounds {
    private static final double QUARTER = 0.25;
    private static final double HALF = 0.5;

    private final double[] sorted;

    private Rounds(double[] sorted) {
        this.sorted = sorted;
    }

    /**
     * Creates an object from the durations of rounds.
     *
     * @param times the duration of each round, in any unit and any order
     * @return the rounds
     */
    public static Rounds of(List<Double> times) {
        double[] sorted = times.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return new Rounds(sorted);
    }

    /**
     * Returns the durations of all rounds.
     *
     * @return the durations in ascending order, in the unit they were given in
     */
    public List<Double> times() {
        return Arrays.stream(sorted).boxed().toList();
    }

    /**
     * Returns the number of rounds.
     *
     * @return the number of rounds, 0 or more
     */
    public int count() {
        return sorted.length;
    }

    /**
     * Returns the shortest duration.
     *
     * @return the duration, NaN when there are no rounds
     */
    public double best() {
        return quantile(0);
    }

    /**
     * Returns the lower quartile: a quarter of the rounds take no longer.
     *
     * @return the duration, NaN when there are no rounds
     */
    public double lowerQuartile() {
        return quantile(QUARTER);
    }

    /**
     * Returns the median: half of the rounds take no longer.
     *
     * @return the duration, NaN when there are no rounds
     */
    public double median() {
        return quantile(HALF);
    }

    /** Returns a quantile, interpolated linearly between the two nearest rounds. */
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
