// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Sends requests and receives answers over one socket. The individual requests are methods of {@link FrontEnd}.
 *
 * <p>{@link #request} and {@link #askU64} send requests that have a reply; {@link #tell} sends other requests, with
 * need_reply once REPLY_ACK was negotiated, so that a refusal is reported at once as {@link FrontEndException.Refused}.
 */
public abstract sealed class FrontEndConnection implements AutoCloseable permits FrontEnd {
    /** The default timeout for answers; see {@link #patience(Duration)}. */
    public static final Duration PATIENCE = Duration.ofSeconds(10);

    static final byte[] NOTHING = new byte[0];

    private final FrontEndSocket socket;
    private Duration patience = PATIENCE;

    FrontEndConnection(FrontEndSocket socket) {
        this.socket = socket;
    }

    /** Returns whether requests without their own reply are acknowledged. */
    abstract boolean acknowledges();

    /**
     * Sets the timeout for answers.
     *
     * @param longest the timeout for each answer
     */
    public void patience(Duration longest) {
        patience = longest;
    }

    /**
     * Returns the timeout for answers.
     *
     * @return the timeout for each answer
     */
    public Duration patience() {
        return patience;
    }

    /**
     * Returns the socket of the connection.
     *
     * @return the socket, still owned by this object
     */
    public FrontEndSocket socket() {
        return socket;
    }

    /**
     * Sends a request and waits for its answer.
     *
     * @param request the request
     * @param payload the payload, which is not checked
     * @param descriptors the descriptors to send, which remain owned by the caller
     * @return the answer to this request; the caller closes it
     */
    public RawMessage request(Request request, byte[] payload, Fd... descriptors) {
        sendRaw(RawMessage.encode(request.code(), MessageHeader.VERSION, payload), List.of(descriptors));
        return reply(request);
    }

    /**
     * Sends a request that has no answer of its own; when REPLY_ACK was negotiated, waits for the acknowledgement.
     *
     * @param request the request
     * @param payload the payload, which is not checked
     * @param descriptors the descriptors to send, which remain owned by the caller
     * @throws FrontEndException.Refused when the acknowledgement is not 0
     */
    public void tell(Request request, byte[] payload, Fd... descriptors) {
        boolean acknowledged = acknowledges();
        int flags = MessageHeader.VERSION | (acknowledged ? MessageHeader.NEED_REPLY : 0);
        sendRaw(RawMessage.encode(request.code(), flags, payload), List.of(descriptors));
        if (acknowledged) {
            try (RawMessage reply = reply(request)) {
                long result = expect(reply, request, 8).getLong();
                if (result != 0) {
                    throw new FrontEndException.Refused(request + " was refused with " + Long.toUnsignedString(result));
                }
            }
        }
    }

    /**
     * Sends a request whose answer is a 64-bit number.
     *
     * @param request the request
     * @return the number
     */
    public long askU64(Request request) {
        try (RawMessage reply = request(request, NOTHING)) {
            return expect(reply, request, 8).getLong();
        }
    }

    /**
     * Waits for the answer to a request.
     *
     * @param request the request
     * @return the answer; the caller closes it
     */
    public RawMessage reply(Request request) {
        RawMessage reply = socket.receive(patience);
        if (reply.request() != request.code() || reply.flags() != (MessageHeader.VERSION | MessageHeader.REPLY)) {
            reply.close();
            throw new FrontEndException("%s was answered with request %d and flags 0x%x"
                    .formatted(request, reply.request(), reply.flags()));
        }
        return reply;
    }

    /**
     * Returns the payload of an answer that must have a given size.
     *
     * @throws FrontEndException when it has another size
     */
    static ByteBuffer expect(RawMessage reply, Request request, int bytes) {
        ByteBuffer payload = reply.payload();
        if (payload.remaining() != bytes) {
            throw new FrontEndException(
                    request + " was answered with " + payload.remaining() + " bytes instead of " + bytes);
        }
        return payload;
    }

    /**
     * Sends bytes without changes.
     *
     * @param bytes the bytes, which are not checked
     * @param descriptors the descriptors to send, which remain owned by the caller
     */
    public void sendRaw(byte[] bytes, List<Fd> descriptors) {
        socket.send(bytes, descriptors, patience);
    }

    /**
     * Waits until the back-end has closed the connection.
     *
     * @return false when the connection is still open after the timeout
     */
    public boolean awaitClosed() {
        return socket.awaitClosed(patience);
    }

    @Override
    public void close() {
        socket.close();
    }
}
