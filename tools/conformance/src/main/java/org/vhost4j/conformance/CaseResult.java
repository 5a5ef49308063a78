// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import org.jspecify.annotations.Nullable;

/**
 * The result of one case.
 *
 * @param tried the case
 * @param outcome the outcome of the case
 * @param reason why the case was not run, in one sentence; otherwise empty
 * @param evidence the evidence when the case failed, otherwise null
 * @param millis the duration in milliseconds
 */
public record CaseResult(
        Case tried,
        Outcome outcome,
        String reason,
        @Nullable Evidence evidence,
        long millis) {
    /**
     * Returns whether the result is a failure, or the case could not be run although it should have been.
     *
     * @return true when the case failed, passed although it was expected to fail, or could not be run
     */
    public boolean isWrong() {
        return outcome == Outcome.FAIL || outcome == Outcome.UNEXPECTED_PASS || outcome == Outcome.NOT_RUN;
    }
}
