// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

/**
 * The reason why a stream ended.
 *
 * @param cause kind of the end
 * @param text the reason in one line for the user
 */
public record StreamEnd(Cause cause, String text) {
    /** The kinds of reasons. */
    public enum Cause {
        /** The peer closed the connection between two pieces. */
        PEER_CLOSED,
        /** The peer closed the connection within a piece. */
        CUT_SHORT,
        /** The connection failed, or the peer violated the transport's rules. */
        FAILED,
        /** The event loop ended. */
        LOOP_CLOSED
    }
}
