// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.io.Serial;

/** Thrown when a hand-over fails or is refused. Then nothing is handed over. The message is one line for a user. */
public final class HandOverException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception with a reason.
     *
     * @param reason the reason, in one line
     */
    public HandOverException(String reason) {
        super(reason);
    }

    /**
     * Returns the reason.
     *
     * @return the reason, in one line
     */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
