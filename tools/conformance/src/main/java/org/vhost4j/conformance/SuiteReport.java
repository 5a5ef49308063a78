// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.time.Instant;
import java.util.List;
import org.vhost4j.frontend.Offer;

/**
 * What a run found.
 *
 * @param label what the back-end is called
 * @param reached the command line's words by which it was reached
 * @param version the version of the suite
 * @param began when
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
     * How many cases ended in one way.
     *
     * @param outcome which
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
        return count(Outcome.FAIL) == 0 && count(Outcome.UNEXPECTED_PASS) == 0 && count(Outcome.NOT_RUN) == 0;
    }
}
