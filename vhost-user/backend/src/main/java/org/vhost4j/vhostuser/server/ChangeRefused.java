// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/** Thrown when a guest or port could not be added, changed or removed. Then nothing has changed. */
public final class ChangeRefused extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean missing;

    /**
     * Creates a refusal.
     *
     * @param missing whether the reason is that no guest or port has that name
     * @param reason one sentence for the user, without a full stop
     */
    ChangeRefused(boolean missing, String reason) {
        super(reason);
        this.missing = missing;
    }

    /**
     * Returns whether no guest or port has the given name.
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
