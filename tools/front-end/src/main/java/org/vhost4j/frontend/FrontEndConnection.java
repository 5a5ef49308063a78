// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Requests and answers over one socket: what any request of the protocol has in common. {@link FrontEnd} has the
 * requests themselves.
 *
 * <p>A request that the protocol answers goes by {@link #request} or {@link #askU64}, any other by {@link #tell}: with
 * need_reply once REPLY_ACK has been negotiated, so that a refusal is seen at once as {@link FrontEndException.Refused}.
 */
public abstract sealed class FrontEndConnection implements AutoCloseable permits FrontEnd {
    /** How long an answer may take unless {@link #patience} was told otherwise. */
    public static final Duration PATIENCE = Duration.ofSeconds(10);

    static final byte[] NOTHING = new byte[0];

    private final FrontEndSocket socket;
    private Duration patience = PATIENCE;

    FrontEndConnection(FrontEndSocket socket) {
        this.socket = socket;
    }

    /** Whether requests without an answer of their own are acknowledged. */
    abstract boolean acknowledges();

    /**
     * Sets how long answers may take.
     *
     * @param longest for each answer
     */
    public void patience(Duration longest) {
        patience = longest;
    }

    /**
     * How long answers may take.
     *
     * @return for each answer
     */
    public Duration patience() {
        return patience;
    }

    /**
     * The socket below.
     *
     * @return still owned by this object
     */
    public FrontEndSocket socket() {
        return socket;
    }

    /**
     * Sends a request and waits for its answer.
     *
     * @param request the request
     * @param payload anything
     * @param descriptors which stay the caller's
     * @return the answer, of the same request; the caller closes it
     */
    public RawMessage request(Request request, byte[] payload, Fd... descriptors) {
        sendRaw(RawMessage.encode(request.code(), MessageHeader.VERSION, payload), List.of(descriptors));
        return reply(request);
    }

    /**
     * Sends a request that is not answered, except for the acknowledgement by REPLY_ACK when that was negotiated.
     *
     * @param request the request
     * @param payload anything
     * @param descriptors which stay the caller's
     * @throws FrontEndException.Refused when it was acknowledged with something else than 0
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
     * Sends a request that is answered with one number.
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
     * The payload of an answer whose size is known.
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
     * Sends bytes as they are.
     *
     * @param bytes anything
     * @param descriptors which stay the caller's
     */
    public void sendRaw(byte[] bytes, List<Fd> descriptors) {
        socket.send(bytes, descriptors, patience);
    }

    /**
     * Waits until the back-end has closed the connection.
     *
     * @return false when it has not within the patience
     */
    public boolean awaitClosed() {
        return socket.awaitClosed(patience);
    }

    @Override
    public void close() {
        socket.close();
    }
}
