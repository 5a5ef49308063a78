// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;
import java.util.Optional;

/**
 * What came out of one contender in one case.
 *
 * @param contender its name
 * @param samples one for each round, in order
 * @param check both sides' counts, when there are two that count the same
 * @param failure why it has no more samples, in one line
 */
public record Measured(String contender, List<Sample> samples, Optional<CrossCheck> check, Optional<String> failure) {
    /** Number of undisturbed rounds with which the disturbed ones are excluded. */
    private static final int ENOUGH = 3;

    /** Copies the list. */
    public Measured {
        samples = List.copyOf(samples);
    }

    /**
     * The samples that count: those taken while nothing else took the cores, when there are a few such, else all.
     *
     * @return some or all of them
     */
    public List<Sample> counted() {
        List<Sample> quiet =
                samples.stream().filter(sample -> !sample.disturbed()).toList();
        return quiet.size() >= Math.min(ENOUGH, samples.size()) ? quiet : samples;
    }

    /**
     * One figure's values in the samples that count.
     *
     * @param figure the figure
     * @return their spread, {@link Spread#NONE} when it was not measured; of short rounds the middle is the statistic over the rounds of
     *     all turns, between its least and its largest value in a turn
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
     * The short rounds of all turns that count.
     *
     * @return none when turns were measured as a whole
     */
    public Rounds rounds() {
        return Rounds.of(
                counted().stream().flatMap(sample -> sample.rounds().stream()).toList());
    }

    /**
     * Whether the measurement is valid.
     *
     * @return true without a failure and without counts that differ
     */
    public boolean sound() {
        return failure.isEmpty() && check.map(CrossCheck::agrees).orElse(true);
    }

    /**
     * What to report about it.
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
