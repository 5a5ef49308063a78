// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The peer broke a rule of the protocol; its connection must be closed. The message is one line:
 * {@code request: what was wrong: the rule}.
 */
public final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient @Nullable Message reply;

    /**
     * A broken rule.
     *
     * @param request the name of the request, or what else was being read
     * @param problem what was wrong, with its value
     * @param rule what would have been right
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
     * The same with a reply that goes out before the connection is closed.
     *
     * @param reply the acknowledgement that the peer waits for
     * @return a new exception
     */
    public ProtocolException withReply(Message reply) {
        return new ProtocolException(this, reply);
    }

    /**
     * What to send before closing.
     *
     * @return a reply without descriptors, or nothing
     */
    public Optional<Message> reply() {
        return Optional.ofNullable(reply);
    }
}
