// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

/** The statistic that reduces a contender's measurements in a case to one value. */
public enum Statistic {
    /** Each turn has one value; the statistic is their median. */
    MEDIAN_OF_TURNS,
    /** The shortest of all short rounds: the duration of the work without interference. */
    BEST,
    /** The lower quartile of all short rounds. */
    LOWER_QUARTILE,
    /** The median of all short rounds. */
    MEDIAN;

    /**
     * Calculates the statistic of short rounds.
     *
     * @param rounds the rounds, any number of them
     * @return the statistic; NaN when there are no rounds
     * @throws IllegalStateException for {@link #MEDIAN_OF_TURNS}, which is not a statistic of rounds
     */
    double of(Rounds rounds) {
        return switch (this) {
            case MEDIAN_OF_TURNS ->
                throw new IllegalStateException("turns that are measured as a whole have no rounds");
            case BEST -> rounds.best();
            case LOWER_QUARTILE -> rounds.lowerQuartile();
            case MEDIAN -> rounds.median();
        };
    }
}
