// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.port;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.HostMemory;

/** An array of {@code struct iovec}, filled anew for each call. */
final class IoVectors {
    /** The kernel's limit (UIO_MAXIOV). */
    static final int MAX = 1024;

    private static final int BYTES = 16;

    private final MemorySegment memory = Arena.ofAuto().allocate((long) MAX * BYTES, 16);
    private final long base = memory.address();
    private int count;

    void clear() {
        count = 0;
    }

    int count() {
        return count;
    }

    long address() {
        return base;
    }

    /** Appends a range; false when the array is full. Linux runs little-endian wherever this does. */
    boolean add(long address, long bytes) {
        if (count == MAX) {
            return false;
        }
        long at = base + (long) count * BYTES;
        HostMemory.putLongLE(at, address);
        HostMemory.putLongLE(at + 8, bytes);
        count++;
        return true;
    }
}
