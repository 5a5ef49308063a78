// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * The header of a message (vhost-user protocol, "Header"): request code, flags and size, each of 32 bits.
 *
 * @param code code of the request; a reply has the code of its request
 * @param flags version in bits 0 and 1, {@link #REPLY}, {@link #NEED_REPLY}
 * @param size size of the payload in bytes, unsigned
 */
public record MessageHeader(int code, int flags, int size) {
    /** Size of a header in bytes. */
    public static final int BYTES = 12;
    /** The version number in the flags of every message. */
    public static final int VERSION = 1;
    /** Flag: this is a reply. */
    public static final int REPLY = 1 << 2;
    /** Flag need_reply: the sender requests an acknowledgement, which needs REPLY_ACK. */
    public static final int NEED_REPLY = 1 << 3;

    private static final int VERSION_MASK = 3;

    /**
     * Reads a header.
     *
     * @param bytes the header, at least 12 bytes
     * @return the header, unchecked
     */
    public static MessageHeader read(MemorySegment bytes) {
        return new MessageHeader(
                bytes.get(JAVA_INT_UNALIGNED, 0), bytes.get(JAVA_INT_UNALIGNED, 4), bytes.get(JAVA_INT_UNALIGNED, 8));
    }

    /**
     * Writes the header.
     *
     * @param bytes memory of at least 12 bytes
     */
    public void write(MemorySegment bytes) {
        bytes.set(JAVA_INT_UNALIGNED, 0, code);
        bytes.set(JAVA_INT_UNALIGNED, 4, flags);
        bytes.set(JAVA_INT_UNALIGNED, 8, size);
    }

    /**
     * Returns the name of the front-end's request with this code.
     *
     * @return its name, or {@code request 77}
     */
    public String requestName() {
        return nameOf(code);
    }

    /**
     * Returns the name of a front-end's request.
     *
     * @param code code in a header
     * @return its name, or {@code request 77}
     */
    public static String nameOf(int code) {
        return Request.ofCode(code).map(Request::name).orElse("request " + Integer.toUnsignedString(code));
    }

    /**
     * Checks the header of a request.
     *
     * @param maxPayload maximum size of the payload in bytes
     * @throws ProtocolException when version, flags or size are not those of a request
     */
    public void validateRequest(int maxPayload) throws ProtocolException {
        if ((flags & VERSION_MASK) != VERSION) {
            throw new ProtocolException(
                    requestName(), "version " + (flags & VERSION_MASK) + " in flags " + hex(flags), "it must be 1");
        }
        if ((flags & REPLY) != 0) {
            throw new ProtocolException(
                    requestName(), "the reply flag is set in flags " + hex(flags), "a request must not have it");
        }
        if ((flags & ~(VERSION_MASK | NEED_REPLY)) != 0) {
            throw new ProtocolException(
                    requestName(), "flags " + hex(flags), "only version 1 and need_reply (0x8) have a meaning");
        }
        validateSize(maxPayload);
    }

    /**
     * Checks the header of a reply, whose flags must be exactly version 1 and the reply flag.
     *
     * @param maxPayload maximum size of the payload in bytes
     * @throws ProtocolException when version, flags or size are not those of a reply
     */
    public void validateReply(int maxPayload) throws ProtocolException {
        if (flags != (VERSION | REPLY)) {
            throw new ProtocolException(requestName(), "flags " + hex(flags), "a reply has 0x5");
        }
        validateSize(maxPayload);
    }

    private void validateSize(int maxPayload) throws ProtocolException {
        if (Integer.compareUnsigned(size, maxPayload) > 0) {
            throw new ProtocolException(
                    requestName(),
                    "a payload of " + Integer.toUnsignedString(size) + " bytes",
                    "at most " + maxPayload + " are read");
        }
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }
}
