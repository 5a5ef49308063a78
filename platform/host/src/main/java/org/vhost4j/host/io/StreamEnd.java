// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

/**
 * The end of a stream, with its reason.
 *
 * @param cause kind of the end
 * @param text the reason in one line for the user
 */
public record StreamEnd(Cause cause, String text) {
    /** Kinds of ends. */
    public enum Cause {
        /** The peer closed between two pieces. */
        PEER_CLOSED,
        /** The peer closed within a piece. */
        CUT_SHORT,
        /** The connection failed, or the peer broke a rule of the transport. */
        FAILED,
        /** The loop ended. */
        LOOP_CLOSED
    }
}
