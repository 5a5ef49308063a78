// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.frontend.Offer;

/**
 * What a run found.
 *
 * @param label what the back-end is called
 * @param reached the command line's words by which it was reached
 * @param version the version of the suite
 * @param began the time of its start
 * @param offer what the back-end offered
 * @param loop how it returns frames
 * @param seed of what is random in the cases
 * @param planned how many cases there are to run
 * @param results a result for each case that has run, in the order in which they ran
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

    /** The same with other results. */
    SuiteReport with(List<CaseResult> others) {
        return new SuiteReport(label, reached, version, began, offer, loop, seed, planned, others);
    }

    /**
     * Joins the report of another run of the same cases.
     *
     * @param later the other run
     * @return this report, with the later result of each case that failed in the later run alone; its evidence begins with that run's seed
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
     * The number of cases with an outcome.
     *
     * @param outcome the outcome
     * @return 0 up
     */
    public long count(Outcome outcome) {
        return results.stream().filter(result -> result.outcome() == outcome).count();
    }

    /**
     * How long all cases took together.
     *
     * @return milliseconds
     */
    public long millis() {
        return results.stream().mapToLong(CaseResult::millis).sum();
    }

    /**
     * Whether the back-end passed.
     *
     * @return false when a case failed, passed although it was expected to fail, or could not be run because the back-end was gone
     */
    public boolean passed() {
        return results.stream().noneMatch(CaseResult::isWrong);
    }
}
