// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Compares the memory of stopped guests page by page. It is read from the memfd that QEMU shares. */
final class GuestMemory {
    private static final long PAGE = 4096;

    private GuestMemory() {}

    /**
     * Returns the pages in which two guests differ.
     *
     * @param one process ID of a QEMU whose guest is stopped
     * @param other process ID of another one
     * @return offsets of their first bytes in the memory file, ascending
     * @throws IOException when a memory cannot be read, or they are of different size
     */
    static List<Long> differingPages(long one, long other) throws IOException {
        return differingPages(memoryFile(one), memoryFile(other));
    }

    /** Returns the pages in which two memory files differ. */
    static List<Long> differingPages(Path one, Path other) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment first = map(one, arena);
            MemorySegment second = map(other, arena);
            if (first.byteSize() != second.byteSize()) {
                throw new IOException("memory of " + first.byteSize() + " and of " + second.byteSize() + " bytes");
            }
            List<Long> pages = new ArrayList<>();
            for (long at = 0; at < first.byteSize(); at += PAGE) {
                if (MemorySegment.mismatch(first, at, at + PAGE, second, at, at + PAGE) >= 0) {
                    pages.add(at);
                }
            }
            return pages;
        }
    }

    private static MemorySegment map(Path memory, Arena arena) throws IOException {
        try (FileChannel file = FileChannel.open(memory, StandardOpenOption.READ)) {
            return file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
        }
    }

    private static Path memoryFile(long process) throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc", Long.toString(process), "fd"))) {
            for (Path descriptor : descriptors.toList()) {
                try {
                    if (Files.readSymbolicLink(descriptor).toString().startsWith("/memfd:memory-backend-memfd")) {
                        return descriptor;
                    }
                } catch (NoSuchFileException e) {
                    // The descriptor was closed meanwhile.
                }
            }
        }
        throw new IOException("process " + process + " has no memory-backend-memfd");
    }
}
