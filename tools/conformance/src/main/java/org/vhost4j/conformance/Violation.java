// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

/** The back-end did something else than the specification wants. The message is what came, in one sentence. */
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String rule;

    Violation(String came, String rule) {
        super(came);
        this.rule = rule;
    }

    /** What the specification says. */
    String rule() {
        return rule;
    }
}
