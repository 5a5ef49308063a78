// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import java.lang.foreign.MemorySegment;

/**
 * The log of dirty pages that a front-end shares for a migration (vhost-user protocol, "Migration"): bit {@code n},
 * counted from the lowest bit of the first byte, stands for the page of 4 KiB at guest-physical address {@code 4096 n}.
 * The front-end fetches and clears the bits at any time. So each bit is set atomically, and after the write that it
 * marks.
 *
 * <p>Immutable; any number of threads may mark at the same time, each through its own {@link DirtyPages}.
 */
public class DirtyLog {
    /** The size of a page in bytes, regardless of the host's page size. */
    public static final long PAGE = 4096;

    static final int PAGE_SHIFT = 12;
    private static final int WORD_SHIFT = 6;
    private static final int WORD_BYTES = 8;

    private final long firstWord;
    /**
     * Position of page 0's bit in the first 64-bit word; the log need not begin at an address that is a multiple of 8.
     */
    private final int firstBit;

    private final long pages;

    /**
     * Creates a log.
     *
     * @param bits mapping of the log, from the bit of guest-physical address 0 on; the caller unmaps it when no thread
     *     marks pages any more
     */
    public DirtyLog(MemorySegment bits) {
        long address = bits.address();
        firstWord = address & -WORD_BYTES;
        firstBit = (int) (address - firstWord) * Byte.SIZE;
        pages = bits.byteSize() * Byte.SIZE;
    }

    /**
     * Returns whether the log has a bit for every byte of a range.
     *
     * @param guestAddress guest-physical address of the first byte
     * @param bytes number of bytes, at least 1
     * @return false when part of the range is after the log's last page
     */
    public boolean covers(long guestAddress, long bytes) {
        long last = guestAddress + bytes - 1;
        return Long.compareUnsigned(last, guestAddress) >= 0 && last >>> PAGE_SHIFT < pages;
    }

    /**
     * Returns the size of the guest-physical memory that the log covers.
     *
     * @return number of bytes from address 0 on; at most {@link Long#MAX_VALUE}
     */
    public long coveredBytes() {
        return pages > Long.MAX_VALUE >> PAGE_SHIFT ? Long.MAX_VALUE : pages << PAGE_SHIFT;
    }

    /** Returns the position of the bit of a covered page, counted from the lowest bit of the first word. */
    long position(long page) {
        return page + firstBit;
    }

    /** Returns the index of the word that contains a position. */
    static long word(long position) {
        return position >>> WORD_SHIFT;
    }

    /**
     * Sets bits of a 64-bit word of the log, unless all are set. The caller must have executed a full fence after it
     * wrote the pages. So if the front-end clears a bit after this method has read it as set, the front-end reads the
     * page after that and finds the written data.
     */
    void mark(long word, long bits) {
        long address = firstWord + word * WORD_BYTES;
        if ((HostMemory.getLongLE(address) & bits) != bits) {
            HostMemory.orLongLERelease(address, bits);
        }
    }
}
