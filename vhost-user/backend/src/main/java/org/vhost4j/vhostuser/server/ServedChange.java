// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/**
 * The addition, change or removal of a guest or port.
 *
 * @param what the kind of change
 * @param guest true for a guest, false for a port that is not a guest
 * @param name name of the guest or port
 */
public record ServedChange(What what, boolean guest, String name) {
    /** The kinds of changes of a guest or port. */
    public enum What {
        /** It was added. */
        ADDED,
        /** Its settings were changed. */
        CHANGED,
        /** It was removed. */
        REMOVED
    }
}
