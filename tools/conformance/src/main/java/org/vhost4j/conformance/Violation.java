// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

/** Thrown when the back-end did not behave as the specification requires. The message is what the back-end did, in one sentence. */
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String rule;

    Violation(String came, String rule) {
        super(came);
        this.rule = rule;
    }

    /** Returns the rule of the specification. */
    String rule() {
        return rule;
    }
}
