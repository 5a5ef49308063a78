// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * An IOTLB message (vhost-user protocol, "An IOTLB message"): a missing translation, an update, an invalidation or an
 * access failure.
 *
 * @param iova first I/O virtual address
 * @param size size in bytes, as in the message; see {@link #bytes}
 * @param userAddress address of the range in the front-end's address space; only in an update
 * @param permission {@link #READ}, {@link #WRITE} or both
 * @param type {@link #MISS}, {@link #UPDATE}, {@link #INVALIDATE} or {@link #ACCESS_FAIL}; 8 bits
 */
public record IotlbMessage(long iova, long size, long userAddress, int permission, int type) {
    /** Size in bytes, with padding. */
    public static final int BYTES = 32;

    /** The device may read. */
    public static final int READ = 1;
    /** The device may write. */
    public static final int WRITE = 2;

    /** From the back-end: a translation is missing. */
    public static final int MISS = 1;
    /** From the front-end: a new translation, whether or not it was requested. */
    public static final int UPDATE = 2;
    /** From the front-end: the translations of a range are no longer valid. */
    public static final int INVALIDATE = 3;
    /** From the back-end: an access was not allowed. */
    public static final int ACCESS_FAIL = 4;

    /**
     * Reads a message.
     *
     * @param payload {@link #BYTES}
     * @return the message, unchecked
     */
    public static IotlbMessage read(MemorySegment payload) {
        return new IotlbMessage(
                payload.get(JAVA_LONG_UNALIGNED, 0),
                payload.get(JAVA_LONG_UNALIGNED, 8),
                payload.get(JAVA_LONG_UNALIGNED, 16),
                payload.get(JAVA_BYTE, 24) & 0xff,
                payload.get(JAVA_BYTE, 25) & 0xff);
    }

    /**
     * Returns the length of the range in bytes, limited by the end of the address space. A size of 0 means up to that
     * end: QEMU sends it to invalidate the whole address space, because 2^64 does not fit in 64 bits.
     *
     * @return 1 or more, unsigned; 2^64 - 1 stands for the whole address space
     */
    public long bytes() {
        long left = -iova;
        if (size == 0 || (left != 0 && Long.compareUnsigned(size, left) > 0)) {
            return left == 0 ? -1 : left;
        }
        return size;
    }

    /**
     * Returns the message as a payload.
     *
     * @return {@link #BYTES} bytes
     */
    public MemorySegment toPayload() {
        MemorySegment payload = MemorySegment.ofArray(new byte[BYTES]);
        payload.set(JAVA_LONG_UNALIGNED, 0, iova);
        payload.set(JAVA_LONG_UNALIGNED, 8, size);
        payload.set(JAVA_LONG_UNALIGNED, 16, userAddress);
        payload.set(JAVA_BYTE, 24, (byte) permission);
        payload.set(JAVA_BYTE, 25, (byte) type);
        return payload;
    }
}
