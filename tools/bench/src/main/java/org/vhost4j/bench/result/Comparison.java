// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

import java.util.List;

/**
 * The comparison of two builds in one case: several starts of each build, with many short rounds in each start.
 *
 * <p>Rounds vary less than starts, because the just-in-time compiler generates different code in each start. So a start has one value, the
 * lower quartile of its rounds; the difference is the mean over the pairs of starts of the logarithm of the two values' ratio, and its
 * interval is Student's for that mean. The two processes of a pair take turns, so that other load affects both.
 *
 * @param name the name of the case
 * @param older the rounds of each start of the older build
 * @param newer the rounds of each start of the newer build, with as many starts
 * @param limit the largest acceptable difference, as a share, such as 0.03 for 3 %
 */
public record Comparison(String name, List<Rounds> older, List<Rounds> newer, double limit) {
    /** The confidence level of the interval, in percent. */
    public static final int CONFIDENCE = 95;

    /** Student's t, two-sided, by degrees of freedom, from 1 on. */
    private static final double[] STUDENT = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042
    };

    /** The conclusion of a comparison. */
    public enum Verdict {
        /** The difference is within the limit, and both ends of its confidence interval are no further from it than the limit. */
        SAME("same"),
        /** The newer build is faster: the difference exceeds the limit, and the whole interval exceeds half of the limit. */
        FASTER("faster"),
        /** The newer build is slower: the difference exceeds the limit, and the whole interval exceeds half of the limit. */
        SLOWER("slower"),
        /** The confidence interval is too wide for a conclusion. */
        NOT_RESOLVED("not resolved");

        private final String words;

        Verdict(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    /**
     * The difference between the builds with its confidence interval. Each value is the additional time that the newer build takes, as a
     * share of the older build's time; it is negative when the newer build is faster.
     *
     * @param least the lower end of the interval
     * @param mean the difference itself
     * @param most the upper end of the interval
     */
    public record Interval(double least, double mean, double most) {}

    /** Copies the lists. */
    public Comparison {
        older = List.copyOf(older);
        newer = List.copyOf(newer);
        if (older.size() != newer.size() || older.size() < 2) {
            throw new IllegalArgumentException(
                    "%d starts against %d: two pairs at least".formatted(older.size(), newer.size()));
        }
    }

    /**
     * Combines the rounds of several starts.
     *
     * @param starts the rounds of each start, all of one build
     * @return all rounds together
     */
    public static Rounds all(List<Rounds> starts) {
        return Rounds.of(
                starts.stream().flatMap(start -> start.times().stream()).toList());
    }

    /**
     * Calculates how much longer the newer build takes.
     *
     * @return the difference as shares of the older build's time
     */
    public Interval difference() {
        int pairs = older.size();
        double[] logs = new double[pairs];
        double sum = 0;
        for (int i = 0; i < pairs; i++) {
            logs[i] = Math.log(newer.get(i).lowerQuartile() / older.get(i).lowerQuartile());
            sum += logs[i];
        }
        double mean = sum / pairs;
        double squares = 0;
        for (double log : logs) {
            squares += (log - mean) * (log - mean);
        }
        double student = STUDENT[Math.min(pairs - 1, STUDENT.length) - 1];
        double half = student * Math.sqrt(squares / (pairs - 1) / pairs);
        return new Interval(Math.expm1(mean - half), Math.expm1(mean), Math.expm1(mean + half));
    }

    /**
     * Compares the difference with the limit.
     *
     * @return the conclusion
     */
    public Verdict verdict() {
        Interval difference = difference();
        double mean = difference.mean();
        if (mean > limit && difference.least() > limit / 2) {
            return Verdict.SLOWER;
        }
        if (mean < -limit && difference.most() < -limit / 2) {
            return Verdict.FASTER;
        }
        boolean narrow = difference.most() - mean <= limit && mean - difference.least() <= limit;
        return Math.abs(mean) <= limit && narrow ? Verdict.SAME : Verdict.NOT_RESOLVED;
    }
}
