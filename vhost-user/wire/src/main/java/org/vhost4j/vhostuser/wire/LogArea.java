// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * A log description (vhost-user protocol, "Payload"): the position of the dirty page log in the file that comes with
 * SET_LOG_BASE.
 *
 * @param size size of the log in bytes, unsigned
 * @param offset offset of the log's first byte in the file, unsigned
 */
public record LogArea(long size, long offset) {
    /** Size in bytes. */
    public static final int BYTES = 16;

    /**
     * Reads and checks a log description.
     *
     * @param request request with this payload
     * @param payload the received payload
     * @return the description
     * @throws ProtocolException when the payload is a single 64-bit number, as for a log without shared memory, when
     *     the log is empty, or when size plus offset does not fit in 63 bits
     */
    public static LogArea read(Request request, MemorySegment payload) throws ProtocolException {
        if (payload.byteSize() != BYTES) {
            throw new ProtocolException(
                    request.name(),
                    "a payload of " + payload.byteSize() + " bytes",
                    "with LOG_SHMFD it has " + BYTES + " bytes");
        }
        LogArea area = new LogArea(payload.get(JAVA_LONG_UNALIGNED, 0), payload.get(JAVA_LONG_UNALIGNED, 8));
        if (area.size <= 0 || area.offset < 0 || area.size > Long.MAX_VALUE - area.offset) {
            throw new ProtocolException(
                    request.name(),
                    "a log of %s bytes at offset %s"
                            .formatted(Long.toUnsignedString(area.size), Long.toUnsignedString(area.offset)),
                    "it must not be empty, and its end must fit in 63 bits");
        }
        return area;
    }

    /**
     * Returns the description as a payload.
     *
     * @return 16 bytes
     */
    public MemorySegment toPayload() {
        MemorySegment payload = MemorySegment.ofArray(new byte[BYTES]);
        payload.set(JAVA_LONG_UNALIGNED, 0, size);
        payload.set(JAVA_LONG_UNALIGNED, 8, offset);
        return payload;
    }
}
