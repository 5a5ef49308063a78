// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * A part of the device's config space (vhost-user protocol, "Virtio device config space"): offset, size and flags, each
 * of 32 bits, then the bytes.
 *
 * @param offset offset of the part in the config space in bytes
 * @param flags {@link #WRITABLE} or {@link #MIGRATION}
 * @param bytes the part's bytes, in the byte order of the config space
 */
public record ConfigSpace(int offset, int flags, MemorySegment bytes) {
    /** Size in bytes of offset, size and flags. */
    public static final int HEADER_BYTES = 12;
    /** The maximum size of a config space in bytes. */
    public static final int MAX_SIZE = 256;
    /** Value of flags: the write is to writable fields. */
    public static final int WRITABLE = 0;
    /** Value of flags: live migration restores all fields, including read-only ones. */
    public static final int MIGRATION = 1;

    /**
     * Reads and checks a part.
     *
     * @param request request with this payload
     * @param payload 12 to 268 bytes
     * @return the part; its bytes are a view of the payload
     * @throws ProtocolException when the size does not match the payload
     */
    public static ConfigSpace read(Request request, MemorySegment payload) throws ProtocolException {
        int offset = payload.get(JAVA_INT_UNALIGNED, 0);
        int size = payload.get(JAVA_INT_UNALIGNED, 4);
        int flags = payload.get(JAVA_INT_UNALIGNED, 8);
        if (Integer.toUnsignedLong(size) != payload.byteSize() - HEADER_BYTES) {
            throw new ProtocolException(
                    request.name(),
                    "size %s in a payload of %d bytes".formatted(Integer.toUnsignedString(size), payload.byteSize()),
                    "the payload must have 12 bytes more than size");
        }
        return new ConfigSpace(offset, flags, payload.asSlice(HEADER_BYTES));
    }

    /**
     * Checks the flags of a write. The flags of a read have no meaning, and front-ends set different values.
     *
     * @param request request with this payload
     * @throws ProtocolException when the flags are neither {@link #WRITABLE} nor {@link #MIGRATION}
     */
    public void validateWrite(Request request) throws ProtocolException {
        if (flags != WRITABLE && flags != MIGRATION) {
            throw new ProtocolException(
                    request.name(), "flags 0x" + Integer.toHexString(flags), "0 or 1 (live migration) are allowed");
        }
    }

    /**
     * Returns the size of the part in bytes.
     *
     * @return 0 to 256
     */
    public int size() {
        return Math.toIntExact(bytes.byteSize());
    }

    /**
     * Returns whether the part is within a config space.
     *
     * @param configSize the config space's size in bytes
     * @return true when its last byte is inside
     */
    public boolean within(int configSize) {
        return Integer.toUnsignedLong(offset) + bytes.byteSize() <= configSize;
    }

    /**
     * Returns the part as a payload.
     *
     * @return 12 bytes, then the bytes of the part
     */
    public MemorySegment toPayload() {
        MemorySegment payload = MemorySegment.ofArray(new byte[HEADER_BYTES + size()]);
        payload.set(JAVA_INT_UNALIGNED, 0, offset);
        payload.set(JAVA_INT_UNALIGNED, 4, size());
        payload.set(JAVA_INT_UNALIGNED, 8, flags);
        MemorySegment.copy(bytes, JAVA_BYTE, 0, payload, JAVA_BYTE, HEADER_BYTES, bytes.byteSize());
        return payload;
    }
}
