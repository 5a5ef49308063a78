// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Handles the page faults of another process that has passed its userfaultfd(2). Faults are read one by one; a faulting thread continues
 * once its page is placed. All addresses are virtual addresses of the other process.
 *
 * <p>{@link #place} may be called by any thread; {@link #next} by one.
 */
public final class UserFaults implements AutoCloseable {
    private static final int MESSAGE_BYTES = 32;
    private static final int ADDRESS_OFFSET = 16;
    private static final byte PAGEFAULT = 0x12;
    private static final int COPY_BYTES = 40;
    private static final int RANGE_BYTES = 16;
    /** {@code UFFDIO_COPY}: _IOWR(0xAA, 3, struct uffdio_copy). */
    private static final long COPY = 0xc028aa03L;
    /** {@code UFFDIO_WAKE}: _IOR(0xAA, 2, struct uffdio_range). */
    private static final long WAKE = 0x8010aa02L;
    /** The result of {@link #next} when there is no fault. */
    public static final long NONE = -1;

    private final Fd fd;

    // A shared arena, because another thread may call close().
    @SuppressWarnings("MustBeClosedChecker")
    private final Arena arena = Arena.ofShared();

    private final MemorySegment message = arena.allocate(MESSAGE_BYTES, Long.BYTES);

    /**
     * Takes over a descriptor.
     *
     * @param fd a userfaultfd; closed by {@link #close}
     */
    public UserFaults(Fd fd) {
        this.fd = fd;
        fd.setNonBlocking();
    }

    /**
     * Returns the descriptor, to wait for faults.
     *
     * @return the descriptor, still owned by this object
     */
    public Fd fd() {
        return fd;
    }

    /**
     * Returns the next page fault. Does not block.
     *
     * @return the faulting address, or {@link #NONE} when no fault is pending
     */
    public long next() {
        long got = HotCalls.read(fd.number(), message.address(), MESSAGE_BYTES);
        return got == MESSAGE_BYTES && message.get(ValueLayout.JAVA_BYTE, 0) == PAGEFAULT
                ? message.get(ValueLayout.JAVA_LONG, ADDRESS_OFFSET)
                : NONE;
    }

    /**
     * Places a page (UFFDIO_COPY), and wakes the threads that wait for it. An existing page is not replaced.
     *
     * @param address address of the page in the other process
     * @param page contents of the page, in memory of this process
     * @return true when the page was placed; false when a page existed already
     * @throws SystemError when the page cannot be placed
     */
    public boolean place(long address, MemorySegment page) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment copy = local.allocate(COPY_BYTES, Long.BYTES);
            copy.set(ValueLayout.JAVA_LONG, 0, address);
            copy.set(ValueLayout.JAVA_LONG, 8, page.address());
            copy.set(ValueLayout.JAVA_LONG, 16, page.byteSize());
            int result;
            do {
                result = LibC.ioctl(fd.number(), COPY, copy.address());
            } while (result == -Errno.EAGAIN);
            if (result != -Errno.EEXIST) {
                SystemError.check(result, "cannot place a page at 0x" + Long.toHexString(address));
                return true;
            }
            MemorySegment range = local.allocate(RANGE_BYTES, Long.BYTES);
            range.set(ValueLayout.JAVA_LONG, 0, address);
            range.set(ValueLayout.JAVA_LONG, 8, page.byteSize());
            SystemError.check(
                    LibC.ioctl(fd.number(), WAKE, range.address()), "cannot wake the threads that wait for a page");
            return false;
        }
    }

    @Override
    public void close() {
        fd.close();
        arena.close();
    }
}
