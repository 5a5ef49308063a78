// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/** Thrown when a guest or port was not added, changed or removed. Nothing has changed then. */
public final class ChangeRefused extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean missing;

    /**
     * Creates a refusal.
     *
     * @param missing whether the reason is that there is no such guest or port
     * @param reason one sentence for the user, without a full stop
     */
    ChangeRefused(boolean missing, String reason) {
        super(reason);
        this.missing = missing;
    }

    /**
     * Returns whether there is no guest or port of that name.
     *
     * @return false for every other reason
     */
    public boolean missing() {
        return missing;
    }

    /**
     * Returns the reason.
     *
     * @return one sentence for the user, without a full stop
     */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
