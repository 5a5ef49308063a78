// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.Locale;

/** The outcome of a case. */
public enum Outcome {
    /** The back-end behaved as required. */
    PASS("pass"),
    /** The back-end did not behave as required. */
    FAIL("FAIL"),
    /** The back-end did not behave as required, as a file of expected failures predicted. */
    EXPECTED_FAIL("fails as expected"),
    /** The back-end behaved as required, although a file of expected failures predicted a failure. */
    UNEXPECTED_PASS("UNEXPECTED PASS"),
    /** The back-end does not offer a feature that the case needs. */
    NOT_OFFERED("not offered"),
    /** Another prerequisite of the case is missing, such as a back-end that returns frames. */
    NOT_APPLICABLE("not applicable"),
    /** The case was not run, because the back-end had ended or the run was interrupted. */
    NOT_RUN("not run");

    private final String text;

    Outcome(String text) {
        this.text = text;
    }

    /**
     * Returns a description of the outcome.
     *
     * @return one or two words
     */
    public String text() {
        return text;
    }

    /**
     * Returns the text that a summary prints after the number of cases with this outcome.
     *
     * @return text such as {@code failed as expected}
     */
    public String counted() {
        return switch (this) {
            case PASS -> "passed";
            case FAIL -> "failed";
            case EXPECTED_FAIL -> "failed as expected";
            case UNEXPECTED_PASS -> "passed unexpectedly";
            default -> text;
        };
    }

    /**
     * Returns the outcome as one word, for programs and style sheets.
     *
     * @return a word such as {@code not-offered}
     */
    public String word() {
        return text.toLowerCase(Locale.ROOT).replace(' ', '-');
    }
}
