// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;
import java.util.Optional;

/**
 * The result of one contender in one case.
 *
 * @param contender the name of the contender
 * @param samples the samples, one for each round, in order
 * @param check the frame counts of both sides, when both sides count the same frames
 * @param failure the reason in one line when the contender failed and has no further samples
 */
public record Measured(String contender, List<Sample> samples, Optional<CrossCheck> check, Optional<String> failure) {
    /** Number of undisturbed rounds with which the disturbed ones are excluded. */
    private static final int ENOUGH = 3;

    /** Copies the list. */
    public Measured {
        samples = List.copyOf(samples);
    }

    /**
     * Returns the samples that are evaluated: the undisturbed ones when there are enough of them, otherwise all.
     *
     * @return a part of the samples, or all of them
     */
    public List<Sample> counted() {
        List<Sample> quiet =
                samples.stream().filter(sample -> !sample.disturbed()).toList();
        return quiet.size() >= Math.min(ENOUGH, samples.size()) ? quiet : samples;
    }

    /**
     * Returns the spread of one figure in the evaluated samples.
     *
     * @param figure the figure
     * @return the spread, {@link Spread#NONE} when the figure was not measured. For short rounds the median is the statistic over the
     *     rounds of all turns, and the ends are the smallest and the largest value of a single turn
     */
    public Spread spread(Figure figure) {
        Spread turns = Spread.of(counted().stream()
                .mapToDouble(sample -> sample.value(figure))
                .filter(value -> !Double.isNaN(value))
                .toArray());
        return figure.statistic() == Statistic.MEDIAN_OF_TURNS
                ? turns
                : new Spread(turns.least(), figure.statistic().of(rounds()), turns.most());
    }

    /**
     * Returns the short rounds of all evaluated turns.
     *
     * @return the rounds; none when turns were measured as a whole
     */
    public Rounds rounds() {
        return Rounds.of(
                counted().stream().flatMap(sample -> sample.rounds().stream()).toList());
    }

    /**
     * Returns whether the measurement is valid.
     *
     * @return true when there is no failure and the frame counts agree
     */
    public boolean sound() {
        return failure.isEmpty() && check.map(CrossCheck::agrees).orElse(true);
    }

    /**
     * Returns the complaint about an invalid measurement.
     *
     * @return one sentence when it is not {@link #sound}
     */
    Optional<String> complaint() {
        if (failure.isPresent()) {
            return Optional.of(contender + ": " + failure.get());
        }
        return check.filter(counts -> !counts.agrees())
                .map(counts -> "%s: the front-end counted %d frames but the back-end %d"
                        .formatted(contender, counts.frontEnd(), counts.backEnd()));
    }
}
