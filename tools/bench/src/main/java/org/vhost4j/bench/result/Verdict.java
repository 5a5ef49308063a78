// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.result;

/** What happened to a goal. */
public enum Verdict {
    /** Reached. */
    MET("met"),
    /** Missed. */
    NOT_MET("not met"),
    /** Something that it needs is missing. */
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
