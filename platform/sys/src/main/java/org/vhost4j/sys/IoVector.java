// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An array of memory pieces ({@code struct iovec}) for readv(2) and writev(2). Reusable; its methods allocate nothing. Belongs to one
 * thread.
 */
public final class IoVector {
    /** The maximum number of pieces in one call (IOV_MAX). */
    public static final int MAX_PIECES = 1024;

    private static final int ENTRY_BYTES = 16;

    private final MemorySegment entries = Arena.ofAuto().allocate(MAX_PIECES * (long) ENTRY_BYTES, Long.BYTES);
    private final MemorySegment errno = Arena.ofAuto().allocate(HotCalls.ERRNO);

    /** Creates a vector; its memory is freed with the object. */
    public IoVector() {}

    /**
     * Sets a piece.
     *
     * @param index 0 to {@link #MAX_PIECES} - 1
     * @param address host address of the piece
     * @param bytes length of the piece in bytes, 0 or more
     */
    public void set(int index, long address, int bytes) {
        long at = (long) index * ENTRY_BYTES;
        entries.set(ValueLayout.JAVA_LONG, at, address);
        entries.set(ValueLayout.JAVA_LONG, at + Long.BYTES, bytes);
    }

    /**
     * Calls readv(2) with pieces 0 to {@code pieces} - 1.
     *
     * @param fd the descriptor's number
     * @param pieces number of pieces, 1 to {@link #MAX_PIECES}
     * @return number of bytes read, or the negative errno
     */
    public int read(int fd, int pieces) {
        return HotCalls.readv(errno, fd, entries.address(), pieces);
    }

    /**
     * Calls writev(2) with pieces 0 to {@code pieces} - 1.
     *
     * @param fd the descriptor's number
     * @param pieces number of pieces, 1 to {@link #MAX_PIECES}
     * @return number of bytes written, or the negative errno
     */
    public int write(int fd, int pieces) {
        return HotCalls.writev(errno, fd, entries.address(), pieces);
    }
}
