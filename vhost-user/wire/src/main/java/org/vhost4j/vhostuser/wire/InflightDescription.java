// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * A description of the in-flight area (vhost-user protocol, "Payload"): the position of the area in the file that comes
 * with the message, and its queues.
 *
 * <p>In GET_INFLIGHT_FD the front-end sets only num_queues and queue_size.
 *
 * @param size mmap_size: size of the area in bytes, unsigned
 * @param offset mmap_offset: offset of the area in the file, unsigned
 * @param queues num_queues: number of regions, one for each queue, 0 to 65535
 * @param queueSize queue_size: number of descriptors for which each region has entries, 0 to 65535
 */
public record InflightDescription(long size, long offset, int queues, int queueSize) {
    private static final int OFFSET = 8;
    private static final int QUEUES = 16;
    private static final int QUEUE_SIZE = 18;

    /** Alignment of {@link #offset} in bytes: fields have up to 8 bytes and are stored atomically. */
    private static final int ALIGNMENT = 8;

    /**
     * Reads a description.
     *
     * @param payload 20 bytes, or 24 with padding
     * @return the description, unchecked
     */
    public static InflightDescription read(MemorySegment payload) {
        return new InflightDescription(
                payload.get(JAVA_LONG_UNALIGNED, 0),
                payload.get(JAVA_LONG_UNALIGNED, OFFSET),
                payload.get(JAVA_SHORT_UNALIGNED, QUEUES) & 0xffff,
                payload.get(JAVA_SHORT_UNALIGNED, QUEUE_SIZE) & 0xffff);
    }

    /**
     * Checks the number of queues and descriptors.
     *
     * @param request request with this payload
     * @param mostQueues number of queues of the device
     * @param mostDescriptors maximum number of descriptors of a queue
     * @throws ProtocolException when a number is 0 or too large
     */
    public void validateQueues(Request request, int mostQueues, int mostDescriptors) throws ProtocolException {
        if (queues < 1 || queues > mostQueues) {
            throw new ProtocolException(request.name(), "num_queues " + queues, "1 to " + mostQueues + " are allowed");
        }
        if (queueSize < 1 || queueSize > mostDescriptors) {
            throw new ProtocolException(
                    request.name(), "queue_size " + queueSize, "1 to " + mostDescriptors + " are allowed");
        }
    }

    /**
     * Checks size and offset of the area.
     *
     * @param request request with this payload
     * @throws ProtocolException when the area is empty, its end does not fit in 63 bits, or its offset is not aligned
     */
    public void validatePlace(Request request) throws ProtocolException {
        if (size <= 0 || offset < 0 || size > Long.MAX_VALUE - offset) {
            throw new ProtocolException(
                    request.name(),
                    "mmap_size %s at mmap_offset %s"
                            .formatted(Long.toUnsignedString(size), Long.toUnsignedString(offset)),
                    "the area must not be empty, and its end must fit in 63 bits");
        }
        if (offset % ALIGNMENT != 0) {
            throw new ProtocolException(
                    request.name(), "mmap_offset " + offset, "it must be a multiple of " + ALIGNMENT);
        }
    }

    /**
     * Returns the description as a payload.
     *
     * @param bytes size of the payload: 20, or 24 with padding, whichever size the front-end sent
     * @return a segment of {@code bytes} bytes
     */
    public MemorySegment toPayload(int bytes) {
        MemorySegment payload = MemorySegment.ofArray(new byte[bytes]);
        payload.set(JAVA_LONG_UNALIGNED, 0, size);
        payload.set(JAVA_LONG_UNALIGNED, OFFSET, offset);
        payload.set(JAVA_SHORT_UNALIGNED, QUEUES, (short) queues);
        payload.set(JAVA_SHORT_UNALIGNED, QUEUE_SIZE, (short) queueSize);
        return payload;
    }
}
