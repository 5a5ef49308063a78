// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/** A guest or a port was not added, changed or removed. Everything is as before. */
public final class ChangeRefused extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean missing;

    /**
     * A refusal.
     *
     * @param missing whether there is no such guest or port
     * @param reason one sentence for the user, without a full stop
     */
    ChangeRefused(boolean missing, String reason) {
        super(reason);
        this.missing = missing;
    }

    /**
     * Whether there is no guest or port of that name.
     *
     * @return false for every other reason
     */
    public boolean missing() {
        return missing;
    }

    /**
     * Why.
     *
     * @return one sentence for the user, without a full stop
     */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
