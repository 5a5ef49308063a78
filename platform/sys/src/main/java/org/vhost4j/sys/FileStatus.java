// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The status of a file, examined before it is read or mapped. The offsets in {@code struct stat} are the same on x86-64 and aarch64.
 *
 * @param size size in bytes
 * @param blockSize preferred block size of the file system in bytes: on hugetlbfs the size of a huge page
 * @param inode inode number in the file system
 */
record FileStatus(long size, int blockSize, long inode) {
    private static final int STAT_BYTES = 144;
    private static final int ST_INO = 8;
    private static final int ST_SIZE = 48;
    private static final int ST_BLKSIZE = 56;

    static FileStatus of(Fd fd) {
        int number = fd.number();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = arena.allocate(STAT_BYTES, Long.BYTES);
            SystemError.check(LibC.fstat(number, stat.address()), "cannot examine descriptor " + number);
            return new FileStatus(
                    stat.get(ValueLayout.JAVA_LONG, ST_SIZE),
                    stat.get(ValueLayout.JAVA_INT, ST_BLKSIZE),
                    stat.get(ValueLayout.JAVA_LONG, ST_INO));
        }
    }
}
