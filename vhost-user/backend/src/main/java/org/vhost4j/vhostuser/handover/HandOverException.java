// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import java.io.Serial;

/** Nothing is handed over. The message is one line for a user. */
public final class HandOverException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    /**
     * With a reason.
     *
     * @param reason one line
     */
    public HandOverException(String reason) {
        super(reason);
    }

    /**
     * The reason.
     *
     * @return one line
     */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
