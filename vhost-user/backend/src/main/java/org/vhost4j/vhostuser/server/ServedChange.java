// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/**
 * A guest or a port that has come, changed or gone.
 *
 * @param what which of the three
 * @param guest whether it is a guest; else it is a port that is no guest
 * @param name what it is called
 */
public record ServedChange(What what, boolean guest, String name) {
    /** What can happen to a guest or a port. */
    public enum What {
        /** It is there. */
        ADDED,
        /** It has other settings. */
        CHANGED,
        /** It is gone. */
        REMOVED
    }
}
