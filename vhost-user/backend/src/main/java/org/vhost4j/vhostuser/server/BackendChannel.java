// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SocketMessage;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.wire.BackendRequest;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageWriter;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Sends the back-end's requests to the front-end (vhost-user protocol, "Back-end communication"). No request asks for a reply, so nothing
 * is read from the channel. If a front-end does not read its end, only its own requests are lost.
 */
final class BackendChannel {
    private final MessageTracer tracer;
    private final Consumer<String> trouble;
    private final SocketMessage carrier = new SocketMessage();
    private @Nullable Fd socket;
    private Set<ProtocolFeature> protocol = Set.of();

    /** Whether sending has failed, possibly in the middle of a request. The socket is not used any more then. */
    private boolean broken;

    /**
     * Creates a channel without a socket.
     *
     * @param tracer receives each request
     * @param trouble receives a line when a request could not be sent
     */
    BackendChannel(MessageTracer tracer, Consumer<String> trouble) {
        this.tracer = tracer;
        this.trouble = trouble;
    }

    /**
     * Uses a socket from now on.
     *
     * @param replacement the socket, which the session still owns; null for none
     * @param negotiated the negotiated protocol features, which determine the requests that may be sent
     */
    void use(@Nullable Fd replacement, Set<ProtocolFeature> negotiated) {
        socket = replacement;
        broken = false;
        protocol = Set.copyOf(negotiated);
    }

    /** Returns whether the socket has had no error. */
    boolean works() {
        return !broken;
    }

    /**
     * Returns whether a request can be sent on the channel.
     *
     * @param request the request
     * @return true when there is a socket and the request's protocol feature was negotiated
     */
    boolean canSend(BackendRequest request) {
        return socket != null
                && protocol.containsAll(request.protocolFeature().stream().toList());
    }

    /**
     * Sends a request, or drops it when {@link #canSend} is false.
     *
     * @param request the request
     * @param payload payload of the request
     */
    void send(BackendRequest request, MemorySegment payload) {
        Fd to = socket;
        if (to == null || !canSend(request)) {
            return;
        }
        Message whole = Message.request(request, payload, false);
        tracer.requested(whole);
        byte[] bytes = MessageWriter.bytes(whole);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(bytes.length, Long.BYTES);
            message.copyFrom(MemorySegment.ofArray(bytes));
            int sent = carrier.send(to, message, 0, bytes.length, List.of());
            if (sent == bytes.length) {
                return;
            }
            // A partly sent message cannot be withdrawn, so the front-end could not parse the next message.
            socket = null;
            broken = true;
            trouble.accept(request + " could not be sent on the back-end's channel, which is not used any more: "
                    + (sent >= 0 || sent == -Errno.EAGAIN
                            ? "the front-end does not read it"
                            : new SystemError("send", -sent).getMessage()));
        }
    }
}
