// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.vhost4j.sys.Fd;

/**
 * Maps regions to addresses without memory: a session computes guest addresses and never accesses guest memory, except
 * for the in-flight area. An access would crash. Every file has {@link #fileSize} bytes.
 */
final class FakeMapper implements RegionMapper {
    long fileSize = 1L << 40;
    /** What the mapping is out of step with pages by, as when a region begins inside a page. */
    long skew;

    final List<String> log = new ArrayList<>();
    final Set<Mapping> mapped = new HashSet<>();
    private long next = 0x10_0000_0000L;

    @Override
    public Mapping map(Fd file, long offset, long size, String what) throws RefusedException {
        if (!file.isOpen()) {
            throw new AssertionError(what + ": the descriptor is closed already");
        }
        if (size < 1) {
            throw new AssertionError(what + " has the size " + size);
        }
        if (offset < 0 || offset > fileSize - size) {
            throw new RefusedException("cannot map %s: it ends beyond the file's %d bytes".formatted(what, fileSize));
        }
        // The one memory that a session touches itself.
        MemorySegment memory = what.equals("the in-flight area")
                ? Arena.ofAuto().allocate(size, Long.BYTES)
                : MemorySegment.ofAddress(next + skew).reinterpret(size);
        next += (size | 0xfff) + 1 + 0x1000;
        log.add("map %s: 0x%x at 0x%x".formatted(what, size, offset));
        Mapping mapping = new Mapping() {
            @Override
            public MemorySegment memory() {
                return memory;
            }

            @Override
            public Fd file() {
                return file;
            }

            @Override
            public void close() {
                if (!mapped.remove(this)) {
                    throw new AssertionError(what + " is unmapped twice");
                }
                log.add("unmap " + what);
            }
        };
        mapped.add(mapping);
        return mapping;
    }

    /** Whether an address is mapped now. */
    boolean isMapped(MemorySegment memory) {
        return mapped.stream().anyMatch(mapping -> {
            long offset = memory.address() - mapping.memory().address();
            return offset >= 0 && offset + memory.byteSize() <= mapping.memory().byteSize();
        });
    }
}
