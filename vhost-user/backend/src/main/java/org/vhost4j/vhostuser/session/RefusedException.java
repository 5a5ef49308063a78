// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

/** Thrown when a well-formed request cannot be executed. The message is one line with the reason. */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    private final String reason;

    /**
     * Creates a refusal.
     *
     * @param reason one line with the request that cannot be executed, and the reason
     */
    public RefusedException(String reason) {
        super(reason);
        this.reason = reason;
    }

    /**
     * Creates a refusal from an exception of a lower layer, whose message is the reason.
     *
     * @param cause the exception that was thrown
     */
    public RefusedException(RuntimeException cause) {
        super(cause.getMessage(), cause);
        this.reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }

    /**
     * Returns the reason.
     *
     * @return the reason, in one line
     */
    public String reason() {
        return reason;
    }
}
