// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when the peer broke a rule of the protocol; its connection must be closed. The message is one line with three
 * parts: {@code request: problem: rule}.
 */
public final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient @Nullable Message reply;

    /**
     * Creates an exception for a broken rule.
     *
     * @param request name of the request, or of other data that was being read
     * @param problem description of the error, with the value
     * @param rule the rule
     */
    public ProtocolException(String request, String problem, String rule) {
        super(request + ": " + problem + ": " + rule);
        this.reply = null;
    }

    private ProtocolException(ProtocolException cause, Message reply) {
        super(cause.getMessage(), cause);
        this.reply = reply;
    }

    /**
     * Returns a copy of this exception with a reply, which must be sent before the connection is closed.
     *
     * @param reply the acknowledgement that the peer waits for
     * @return a new exception
     */
    public ProtocolException withReply(Message reply) {
        return new ProtocolException(this, reply);
    }

    /**
     * Returns the reply to send before closing.
     *
     * @return a reply without descriptors; nothing when no reply must be sent
     */
    public Optional<Message> reply() {
        return Optional.ofNullable(reply);
    }
}
