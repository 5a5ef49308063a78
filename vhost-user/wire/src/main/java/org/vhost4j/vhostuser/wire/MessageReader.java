// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Fd;

/**
 * Assembles messages from the bytes that a socket receives, in pieces of any size.
 *
 * <p>The caller must not receive more bytes at once than {@link #wanted} returns, so that descriptors of the next
 * message are never received early. The header is checked as soon as it is complete, before the payload is received.
 */
public final class MessageReader implements AutoCloseable {
    /** The default maximum size of a payload, enough for every message of the specification. */
    public static final int DEFAULT_MAX_PAYLOAD = 4096;
    /** The maximum number of descriptors of a message. */
    public static final int MAX_DESCRIPTORS = 8;

    private final boolean replies;
    private final int maxPayload;
    private final MemorySegment headerBytes = MemorySegment.ofArray(new byte[MessageHeader.BYTES]);
    private final List<Fd> descriptors = new ArrayList<>();
    private @Nullable MessageHeader header;
    private MemorySegment payload = Message.noPayload();
    private int have;

    private MessageReader(boolean replies, int maxPayload) {
        this.replies = replies;
        this.maxPayload = maxPayload;
    }

    /**
     * Creates a reader of requests.
     *
     * @return a reader that accepts payloads of at most {@link #DEFAULT_MAX_PAYLOAD} bytes
     */
    public static MessageReader ofRequests() {
        return new MessageReader(false, DEFAULT_MAX_PAYLOAD);
    }

    /**
     * Creates a reader of replies.
     *
     * @return a reader that accepts payloads of at most {@link #DEFAULT_MAX_PAYLOAD} bytes
     */
    public static MessageReader ofReplies() {
        return new MessageReader(true, DEFAULT_MAX_PAYLOAD);
    }

    /**
     * Returns the number of missing bytes of the header or, when the header is complete, of the payload.
     *
     * @return at least 1
     */
    public int wanted() {
        return (header == null ? MessageHeader.BYTES : (int) payload.byteSize()) - have;
    }

    /**
     * Adds the bytes and descriptors of one receive call.
     *
     * @param bytes the received bytes, 1 to {@link #wanted}; copied
     * @param received the descriptors received with them; owned by the reader from now on, even when it throws
     * @return the message, when these bytes complete it
     * @throws ProtocolException when the header is invalid or descriptors arrive after the first byte; all descriptors
     *     are closed
     */
    public Optional<Message> accept(MemorySegment bytes, List<Fd> received) throws ProtocolException {
        boolean first = atMessageStart();
        descriptors.addAll(received);
        try {
            int length = Math.toIntExact(bytes.byteSize());
            if (length < 1 || length > wanted()) {
                throw new IllegalArgumentException(
                        length + " bytes were received where 1 to " + wanted() + " are expected");
            }
            if (!first && !received.isEmpty()) {
                throw new ProtocolException(
                        header == null ? "message" : header.requestName(),
                        received.size() + " descriptors came after the first byte",
                        "descriptors come with the first byte of the header");
            }
            if (descriptors.size() > MAX_DESCRIPTORS) {
                throw new ProtocolException(
                        "message", descriptors.size() + " descriptors", "at most " + MAX_DESCRIPTORS + " are allowed");
            }
            return append(bytes, length);
        } catch (ProtocolException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private Optional<Message> append(MemorySegment bytes, int length) throws ProtocolException {
        MemorySegment.copy(bytes, 0, header == null ? headerBytes : payload, have, length);
        have += length;
        if (wanted() > 0) {
            return Optional.empty();
        }
        MessageHeader whole = header;
        if (whole == null) {
            whole = MessageHeader.read(headerBytes);
            if (replies) {
                whole.validateReply(maxPayload);
            } else {
                whole.validateRequest(maxPayload);
            }
            if (whole.size() > 0) {
                header = whole;
                payload = MemorySegment.ofArray(new byte[whole.size()]);
                have = 0;
                return Optional.empty();
            }
        }
        Message message = new Message(whole.code(), whole.flags(), payload, descriptors);
        descriptors.clear();
        start();
        return Optional.of(message);
    }

    private void start() {
        header = null;
        payload = Message.noPayload();
        have = 0;
    }

    /**
     * Returns whether the next byte begins a message.
     *
     * @return true when no byte of the next message has arrived
     */
    public boolean atMessageStart() {
        return header == null && have == 0;
    }

    /**
     * Returns the received part of an incomplete message.
     *
     * @return a copy; empty at the start of a message
     */
    public byte[] begun() {
        byte[] bytes = new byte[header == null ? have : MessageHeader.BYTES + have];
        int ofHeader = Math.min(bytes.length, MessageHeader.BYTES);
        MemorySegment into = MemorySegment.ofArray(bytes);
        MemorySegment.copy(headerBytes, 0, into, 0, ofHeader);
        MemorySegment.copy(payload, 0, into, ofHeader, bytes.length - ofHeader);
        return bytes;
    }

    /**
     * Returns the descriptors that were received with {@link #begun}.
     *
     * @return the descriptors, which the reader still owns
     */
    public List<Fd> begunDescriptors() {
        return List.copyOf(descriptors);
    }

    /**
     * Handles the end of the stream. It is an error only within a message.
     *
     * @throws ProtocolException when a message is incomplete; its descriptors are closed
     */
    public void endOfStream() throws ProtocolException {
        if (!atMessageStart()) {
            MessageHeader begun = header;
            String what = begun == null ? "message" : begun.requestName();
            String part = begun == null ? "header" : "payload";
            int total = have + wanted();
            int got = have;
            close();
            throw new ProtocolException(
                    what,
                    "the connection ended after %d of %d bytes".formatted(got, total),
                    "the " + part + " must be complete");
        }
    }

    /** Discards an incomplete message and closes its descriptors. */
    @Override
    public void close() {
        descriptors.forEach(Fd::close);
        descriptors.clear();
        start();
    }
}
