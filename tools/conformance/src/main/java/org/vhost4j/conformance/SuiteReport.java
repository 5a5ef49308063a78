// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.frontend.Offer;

/**
 * The report of a run of the suite.
 *
 * @param label the name of the back-end
 * @param reached the command-line arguments by which the back-end was reached
 * @param version the version of the suite
 * @param began the time at which the run started
 * @param offer the features and limits that the back-end offered
 * @param loop how the back-end returns frames
 * @param seed the seed for cases with random values
 * @param planned the number of cases to run
 * @param results a result for each case that has run, in the order of execution
 */
public record SuiteReport(
        String label,
        String reached,
        String version,
        Instant began,
        Offer offer,
        LoopMode loop,
        long seed,
        int planned,
        List<CaseResult> results) {
    /** Copies the list. */
    public SuiteReport {
        results = List.copyOf(results);
    }

    /** Returns this report with the given results. */
    SuiteReport with(List<CaseResult> others) {
        return new SuiteReport(label, reached, version, began, offer, loop, seed, planned, others);
    }

    /**
     * Merges this report with that of another run of the same cases.
     *
     * @param later the report of the other run
     * @return this report, in which cases that failed only in the other run have the other run's result; their evidence begins with the
     *     other run's seed
     */
    public SuiteReport joined(SuiteReport later) {
        List<CaseResult> joined = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            CaseResult one = results.get(i);
            boolean again = i < later.results.size()
                    && !one.isWrong()
                    && later.results.get(i).isWrong();
            joined.add(again ? later.withSeed(later.results.get(i)) : one);
        }
        return with(joined);
    }

    private CaseResult withSeed(CaseResult result) {
        Evidence evidence = result.evidence();
        if (evidence == null) {
            return result;
        }
        List<String> sent = new ArrayList<>(evidence.sent());
        sent.addFirst("(in the run with seed " + seed + ")");
        return new CaseResult(
                result.tried(),
                result.outcome(),
                result.reason(),
                new Evidence(sent, evidence.came(), evidence.rule()),
                result.millis());
    }

    /**
     * Counts the cases with an outcome.
     *
     * @param outcome the outcome
     * @return the number of cases, 0 or more
     */
    public long count(Outcome outcome) {
        return results.stream().filter(result -> result.outcome() == outcome).count();
    }

    /**
     * Returns the total duration of all cases.
     *
     * @return the duration in milliseconds
     */
    public long millis() {
        return results.stream().mapToLong(CaseResult::millis).sum();
    }

    /**
     * Returns whether the back-end passed.
     *
     * @return false when a case failed, passed although it was expected to fail, or could not be run because the back-end was gone
     */
    public boolean passed() {
        return results.stream().noneMatch(CaseResult::isWrong);
    }
}
