// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What came out of one row.
 *
 * @param row the row
 * @param rounds in order
 * @param dpdkCheck both sides' counts with DPDK's back-end
 * @param ownCheck both sides' counts with ours
 */
record Comparison(Row row, List<Round> rounds, CrossCheck dpdkCheck, CrossCheck ownCheck) {
    /** So many undisturbed rounds are enough to leave the disturbed ones out. */
    private static final int ENOUGH = 3;

    Comparison {
        rounds = List.copyOf(rounds);
    }

    /**
     * The rounds that count: those in which nothing else took the cores, when there are a few such, else all.
     */
    List<Round> counted() {
        List<Round> quiet = rounds.stream().filter(round -> !round.disturbed()).toList();
        return quiet.size() >= Math.min(ENOUGH, rounds.size()) ? quiet : rounds;
    }

    /** DPDK's rates in the rounds that count. */
    Spread dpdk() {
        return spread(round -> round.dpdk().rate());
    }

    /** Our rates in the rounds that count. */
    Spread ours() {
        return spread(round -> round.ours().rate());
    }

    /** Ours over theirs, round by round, in the rounds that count. */
    Spread ratios() {
        return spread(Round::ratio);
    }

    /** Ours over theirs: the ratio of the medians. */
    double ratioOfMedians() {
        return ours().median() / dpdk().median();
    }

    private Spread spread(ToDoubleFunction<Round> figure) {
        return Spread.of(counted().stream().mapToDouble(figure).toArray());
    }

    /**
     * Figures in three numbers.
     *
     * @param least the smallest
     * @param median the middle one, or the mean of the two middle ones
     * @param most the largest
     */
    record Spread(double least, double median, double most) {
        static Spread of(double... figures) {
            double[] sorted = figures.clone();
            Arrays.sort(sorted);
            int n = sorted.length;
            double median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
            return new Spread(sorted[0], median, sorted[n - 1]);
        }
    }
}
