// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

/** The result of comparing a measured value with a goal. */
public enum Verdict {
    /** The goal was reached. */
    MET("met"),
    /** The goal was missed. */
    NOT_MET("not met"),
    /** A value that the goal refers to was not measured. */
    NOT_MEASURED("not measured");

    private final String words;

    Verdict(String words) {
        this.words = words;
    }

    @Override
    public String toString() {
        return words;
    }
}
