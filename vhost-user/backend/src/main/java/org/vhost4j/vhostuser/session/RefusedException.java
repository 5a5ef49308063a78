// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

/** What a well-formed request asks for cannot be done here. The message is one line that says why. */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    private final String reason;

    /**
     * A refusal.
     *
     * @param reason what cannot be done and why
     */
    public RefusedException(String reason) {
        super(reason);
        this.reason = reason;
    }

    /**
     * A refusal by a lower layer, whose message says why.
     *
     * @param cause what was thrown
     */
    public RefusedException(RuntimeException cause) {
        super(cause.getMessage(), cause);
        this.reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    /**
     * Why.
     *
     * @return one line
     */
    public String reason() {
        return reason;
    }
}
