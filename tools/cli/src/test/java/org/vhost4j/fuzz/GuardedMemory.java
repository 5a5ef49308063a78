// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Anonymous memory between two inaccessible mappings (PROT_NONE): an access to the byte before or after it causes a
 * SIGSEGV, which ends the JVM with the stack of that access.
 */
public final class GuardedMemory implements AutoCloseable {
    private static final int PAGE = 4096;
    /** What lies on either side: as far as a 16-bit offset reaches. */
    private static final int GUARD = 1 << 16;

    private static final int PROT_NONE = 0;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;

    private static final MethodHandle MMAP = function(
            "mmap",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG));
    private static final MethodHandle MPROTECT = function(
            "mprotect",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final MethodHandle MUNMAP = function(
            "munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    private final long mapped;
    private final long whole;
    private final MemorySegment segment;

    /**
     * Maps the memory.
     *
     * @param bytes size in bytes, a multiple of 4096
     */
    public GuardedMemory(long bytes) {
        if (bytes <= 0 || bytes % PAGE != 0) {
            throw new IllegalArgumentException(bytes + " bytes are not whole pages");
        }
        whole = bytes + 2L * GUARD;
        try {
            mapped = (long) MMAP.invokeExact(0L, whole, PROT_NONE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
            if (mapped == -1 || (int) MPROTECT.invokeExact(mapped + GUARD, bytes, PROT_READ_WRITE) != 0) {
                throw new IllegalStateException("cannot map " + bytes + " bytes with guards");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        segment = MemorySegment.ofAddress(mapped + GUARD).reinterpret(bytes);
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type);
    }

    /**
     * Returns the accessible memory.
     *
     * @return the segment, valid until {@link #close}
     */
    public MemorySegment segment() {
        return segment;
    }

    /**
     * Fills the memory with zeros.
     *
     * @return this
     */
    public GuardedMemory clear() {
        segment.fill((byte) 0);
        return this;
    }

    /**
     * Copies bytes to the end of the memory, so that the byte after the last one is inaccessible.
     *
     * @param bytes the bytes, at most as many as there is memory
     * @return the segment with the bytes
     */
    public MemorySegment atTheEnd(byte[] bytes) {
        MemorySegment place = segment.asSlice(segment.byteSize() - bytes.length);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, place, 0, bytes.length);
        return place;
    }

    /**
     * Returns whether the memory contains a range.
     *
     * @param address address of the first byte
     * @param bytes the number of bytes
     * @return true when all bytes are in the memory
     */
    public boolean contains(long address, long bytes) {
        long offset = address - segment.address();
        return offset >= 0 && bytes >= 0 && offset <= segment.byteSize() - bytes;
    }

    @Override
    public void close() {
        try {
            int unused = (int) MUNMAP.invokeExact(mapped, whole);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
