// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import org.jspecify.annotations.Nullable;

/**
 * How one case ended.
 *
 * @param tried the case
 * @param outcome how it ended
 * @param reason one sentence when it was not run, else empty
 * @param evidence when it failed
 * @param millis how long it took
 */
public record CaseResult(
        Case tried,
        Outcome outcome,
        String reason,
        @Nullable Evidence evidence,
        long millis) {
    /**
     * Whether it speaks against the back-end, or says nothing of it though it should.
     *
     * @return true when the case failed, passed although it was expected to fail, or could not be run
     */
    public boolean isWrong() {
        return outcome == Outcome.FAIL || outcome == Outcome.UNEXPECTED_PASS || outcome == Outcome.NOT_RUN;
    }
}
