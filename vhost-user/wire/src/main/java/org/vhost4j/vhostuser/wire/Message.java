// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.vhost4j.sys.Fd;

/**
 * A vhost-user message, in either direction. It owns its file descriptors until {@link #takeDescriptor} or {@link
 * #takeDescriptors} returns them; {@link #close} closes the rest.
 *
 * <p>The payload's bytes are on the heap and belong to the message.
 */
public final class Message implements AutoCloseable {
    private static final MemorySegment NOTHING = MemorySegment.ofArray(new byte[0]);

    private final int code;
    private final int flags;
    private final MemorySegment payload;
    private final Deque<Fd> descriptors;

    Message(int code, int flags, MemorySegment payload, Collection<Fd> descriptors) {
        this.code = code;
        this.flags = flags;
        this.payload = payload;
        this.descriptors = new ArrayDeque<>(descriptors);
    }

    /**
     * Creates a request.
     *
     * @param request the request
     * @param payload payload of the message
     * @param needReply whether the sender requests an acknowledgement
     * @param descriptors descriptors of the message, which owns them from now on
     * @return the message
     */
    public static Message request(Request request, MemorySegment payload, boolean needReply, List<Fd> descriptors) {
        return request(request.code(), payload, needReply, descriptors);
    }

    /**
     * Creates a request of a back-end without descriptors.
     *
     * @param request the request
     * @param payload payload of the message
     * @param needReply whether the sender requests an acknowledgement
     * @return the message
     */
    public static Message request(BackendRequest request, MemorySegment payload, boolean needReply) {
        return request(request.code(), payload, needReply, List.of());
    }

    private static Message request(int code, MemorySegment payload, boolean needReply, List<Fd> descriptors) {
        int flags = needReply ? MessageHeader.VERSION | MessageHeader.NEED_REPLY : MessageHeader.VERSION;
        return new Message(code, flags, payload, descriptors);
    }

    /**
     * Creates a reply without descriptors.
     *
     * @param code code of the answered request
     * @param payload payload of the message
     * @return the message, whose flags are exactly 0x5
     */
    public static Message reply(int code, MemorySegment payload) {
        return reply(code, payload, List.of());
    }

    /**
     * Creates a reply with descriptors.
     *
     * @param code code of the answered request
     * @param payload payload of the message
     * @param descriptors descriptors of the message, which owns them from now on
     * @return the message, whose flags are exactly 0x5
     */
    public static Message reply(int code, MemorySegment payload, List<Fd> descriptors) {
        return new Message(code, MessageHeader.VERSION | MessageHeader.REPLY, payload, descriptors);
    }

    /**
     * Creates a reply whose payload is one 64-bit number, such as an acknowledgement: 0 for success.
     *
     * @param code code of the answered request
     * @param value the number
     * @return the message
     */
    public static Message reply(int code, long value) {
        return reply(code, u64(value));
    }

    /**
     * Returns an empty payload.
     *
     * @return an empty segment
     */
    public static MemorySegment noPayload() {
        return NOTHING;
    }

    /**
     * Returns a payload of one 64-bit number.
     *
     * @param value the number
     * @return 8 bytes
     */
    public static MemorySegment u64(long value) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Long.BYTES]);
        bytes.set(JAVA_LONG_UNALIGNED, 0, value);
        return bytes;
    }

    /**
     * Returns the code of the request; a reply has the code of its request.
     *
     * @return the code, unchecked: any 32-bit number
     */
    public int code() {
        return code;
    }

    /**
     * Returns the header's flags.
     *
     * @return version in bits 0 and 1, {@link MessageHeader#REPLY}, {@link MessageHeader#NEED_REPLY}
     */
    public int flags() {
        return flags;
    }

    /**
     * Returns whether the sender requests an acknowledgement.
     *
     * @return true when need_reply is set
     */
    public boolean needReply() {
        return (flags & MessageHeader.NEED_REPLY) != 0;
    }

    /**
     * Returns the header.
     *
     * @return code, flags and the payload's size
     */
    public MessageHeader header() {
        return new MessageHeader(code, flags, Math.toIntExact(payload.byteSize()));
    }

    /**
     * Returns the payload.
     *
     * @return the bytes, in the machine's byte order
     */
    public MemorySegment payload() {
        return payload;
    }

    /**
     * Returns the payload as one 64-bit number.
     *
     * @return the number
     * @throws IndexOutOfBoundsException when the payload is shorter than 8 bytes
     */
    public long u64() {
        return payload.get(JAVA_LONG_UNALIGNED, 0);
    }

    /**
     * Returns the number of descriptors that the message still owns.
     *
     * @return 0 to 8
     */
    public int descriptorCount() {
        return descriptors.size();
    }

    /**
     * Returns the descriptors, for sending.
     *
     * @return a copy of the list; the message still owns them
     */
    public List<Fd> descriptors() {
        return List.copyOf(descriptors);
    }

    /**
     * Takes the first descriptor out of the message.
     *
     * @return the descriptor, which the caller owns from now on
     * @throws java.util.NoSuchElementException when the message owns no descriptor
     */
    public Fd takeDescriptor() {
        return descriptors.remove();
    }

    /**
     * Takes all descriptors out of the message.
     *
     * @return the descriptors in their order in the message, which the caller owns from now on
     */
    public List<Fd> takeDescriptors() {
        List<Fd> taken = new ArrayList<>(descriptors);
        descriptors.clear();
        return taken;
    }

    /** Closes the descriptors that were not taken; later calls do nothing. */
    @Override
    public void close() {
        takeDescriptors().forEach(Fd::close);
    }

    @Override
    public String toString() {
        return "%s, flags 0x%x, %d bytes, %d descriptors"
                .formatted(MessageHeader.nameOf(code), flags, payload.byteSize(), descriptors.size());
    }
}
