// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.Locale;

/** How a case ended. */
public enum Outcome {
    /** The back-end behaved as required. */
    PASS("pass"),
    /** It did something else. */
    FAIL("FAIL"),
    /** It did something else, as a file of expected failures says that it does. */
    EXPECTED_FAIL("fails as expected"),
    /** It behaved as required, although a file of expected failures says that it does not. */
    UNEXPECTED_PASS("UNEXPECTED PASS"),
    /** It does not offer a feature that the case needs. */
    NOT_OFFERED("not offered"),
    /** Something else that the case needs is not there, such as a back-end that returns frames. */
    NOT_APPLICABLE("not applicable"),
    /** The back-end was gone before. */
    NOT_RUN("not run");

    private final String text;

    Outcome(String text) {
        this.text = text;
    }

    /**
     * The outcome in words.
     *
     * @return one or two words
     */
    public String text() {
        return text;
    }

    /**
     * The outcome behind a number.
     *
     * @return such as {@code failed as expected}
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
     * The outcome as one word, for programs and style sheets.
     *
     * @return such as {@code not-offered}
     */
    public String word() {
        return text.toLowerCase(Locale.ROOT).replace(' ', '-');
    }
}
