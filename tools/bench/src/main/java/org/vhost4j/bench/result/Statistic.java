// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

/** How one value results from a contender's measurements in a case. */
public enum Statistic {
    /** Each turn has one value; their median. */
    MEDIAN_OF_TURNS,
    /** The least of all short rounds: what the work takes when nothing comes in between. */
    BEST,
    /** A quarter of all short rounds take no longer. */
    LOWER_QUARTILE,
    /** Half of all short rounds take no longer. */
    MEDIAN;

    /**
     * The value of some short rounds.
     *
     * @param rounds any number
     * @return NaN of none
     * @throws IllegalStateException for {@link #MEDIAN_OF_TURNS}, which no rounds have
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
