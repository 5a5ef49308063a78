// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A part of a file, mapped shared for reading and writing with mmap(2) on the descriptor itself. {@code FileChannel.map} is not used,
 * because it extends a file that is too short, and the file may belong to another process.
 *
 * <p>The owner of the file can shorten it at any time; access to the lost part then throws {@link InternalError}, possibly
 * delayed: see {@code org.vhost4j.host.lane}.
 */
public final class MappedFile implements AutoCloseable {
    private static final int PAGE = 4096;

    private final Fd fd;
    private final long end;
    private final boolean shrinkSealed;
    private final long inode;
    private final MemorySegment segment;
    private final long address;
    private final long length;
    private final long faultsBefore = FaultAddresses.count();
    private final AtomicBoolean closed = new AtomicBoolean();

    // A shared arena, because a thread other than the creator may call close().
    @SuppressWarnings("MustBeClosedChecker")
    private final Arena arena = Arena.ofShared();

    private MappedFile(
            Fd fd, long end, boolean shrinkSealed, long inode, long address, long length, long lead, long size) {
        this.fd = fd;
        this.end = end;
        this.shrinkSealed = shrinkSealed;
        this.inode = inode;
        this.address = address;
        this.length = length;
        this.segment = MemorySegment.ofAddress(address + lead)
                .reinterpret(
                        size,
                        arena,
                        s -> fd.release(() -> {
                            int unused = LibC.munmap(address, length);
                        }));
    }

    /**
     * Returns whether a file is in memory: a memfd, or a file of tmpfs or hugetlbfs, which involve only the kernel. Never blocks. For any
     * other file fstat(2), mmap(2), close(2) and each access may block in a process or a server.
     *
     * @param file any descriptor
     * @return true when the file supports seals
     */
    public static boolean isMemory(Fd file) {
        return LibC.fcntl(file.number(), LibC.F_GET_SEALS, 0) >= 0;
    }

    /**
     * Returns whether the kernel guarantees that a file cannot shrink (F_SEAL_SHRINK).
     *
     * @param file any descriptor
     * @return true with that seal; false also for a file that does not support seals
     */
    public static boolean isSealedAgainstShrinking(Fd file) {
        int seals = LibC.fcntl(file.number(), LibC.F_GET_SEALS, 0);
        return seals >= 0 && (seals & LibC.F_SEAL_SHRINK) != 0;
    }

    /**
     * Maps {@code size} bytes from {@code offset}. The offset need not be aligned: the mapping starts at the page boundary below it, on
     * hugetlbfs at the boundary of a huge page.
     *
     * @param file the file; the mapping keeps a duplicate of the descriptor, and the caller still owns the original
     *
     * @param offset offset of the first byte, unsigned
     * @param size number of bytes, at least 1, unsigned
     * @param what name of the mapping for messages, such as {@code memory region 0}
     * @return the mapping
     * @throws SystemError when the file is too short or cannot be mapped
     */
    public static MappedFile map(Fd file, long offset, long size, String what) {
        FileStatus status = FileStatus.of(file);
        if (size <= 0 || offset < 0 || offset > status.size() || size > status.size() - offset) {
            throw SystemError.explained(
                    "cannot map " + what + ": it takes " + Long.toUnsignedString(size) + " bytes at offset "
                            + Long.toUnsignedString(offset) + ", but the file has " + status.size() + " bytes",
                    Errno.EINVAL);
        }
        boolean shrinkSealed = isSealedAgainstShrinking(file);
        long page = Math.max(PAGE, Integer.highestOneBit(status.blockSize()));
        long start = offset & -page;
        // munmap(2) of a hugetlbfs mapping requires whole huge pages; on other file systems, memory beyond the file is
        // never accessed.
        long length = (offset + size - start + page - 1) & -page;
        Fd kept = file.duplicate();
        long address = LibC.mmap(length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, kept.number(), start);
        if (address < 0) {
            kept.close();
            throw new SystemError(
                    "cannot map " + what + " (" + size + " bytes at offset " + offset + ")", (int) -address);
        }
        return new MappedFile(kept, offset + size, shrinkSealed, status.inode(), address, length, offset - start, size);
    }

    /**
     * Returns the mapped bytes, which every thread may access until {@link #close}.
     *
     * @return as many bytes as were requested
     */
    public MemorySegment segment() {
        return segment;
    }

    /**
     * Returns the mapped file.
     *
     * @return a descriptor that the mapping owns and that stays open as long as the mapping
     */
    public Fd file() {
        return fd;
    }

    /**
     * Returns the file's inode number, which identifies it within its file system.
     *
     * @return the inode number; the kernel reuses that of a memfd only long after the memfd is gone
     */
    public long inode() {
        return inode;
    }

    /**
     * Returns whether the kernel guarantees that the file cannot shrink (F_SEAL_SHRINK).
     *
     * @return false when the memory may disappear while it is used
     */
    public boolean shrinkSealed() {
        return shrinkSealed;
    }

    /**
     * Returns whether all accesses to the memory have succeeded so far, and the file still extends to the end of the mapping.
     *
     * @return false when its owner has shortened it, or the kernel had no page for it: a full tmpfs, no free huge page
     */
    public boolean intact() {
        return !FaultAddresses.since(faultsBefore, address, length)
                && (shrinkSealed || FileStatus.of(fd).size() >= end);
    }

    /**
     * Unmaps the file, with a short delay if its descriptor was {@linkplain Fd#passed passed} by another process; later calls do nothing.
     * Every later access to {@link #segment} throws {@link IllegalStateException}. Takes tens of microseconds, because the JVM checks that
     * no thread is accessing the memory.
     */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            arena.close();
            fd.close();
        }
    }
}
