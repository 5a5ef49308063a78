// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Plain access to absolute host addresses. No method checks its arguments: an address must come from {@link
 * GuestMemory#translate} in the same burst, or belong to a segment that the caller keeps alive.
 *
 * <p>The accessors are for single fields. A loop over bytes should use a buffer from {@link #window}, because the
 * compiler does not vectorise loops over a segment that spans all memory.
 */
public final class HostMemory {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /** Alignment of windows in bytes; windows are twice as large. */
    private static final long WINDOW_STEP = 1L << 29;

    private static final int WINDOW_SHIFT = Long.numberOfTrailingZeros(WINDOW_STEP);
    /**
     * Cache of windows, indexed by address: two windows share a slot only when their addresses differ by a multiple of
     * 512 GiB.
     */
    private static final Window[] WINDOWS = new Window[1024];

    static {
        // An invalid entry: no window begins at 1.
        Arrays.fill(WINDOWS, new Window(1, ByteBuffer.allocateDirect(0)));
    }

    /** A cached window. Threads may share it without synchronization, because its fields are final. */
    private record Window(long begin, ByteBuffer bytes) {}

    private static final VarHandle BYTE = JAVA_BYTE.varHandle().withInvokeExactBehavior();
    private static final VarHandle SHORT_LE = handle(JAVA_SHORT_UNALIGNED, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT_BE = handle(JAVA_SHORT_UNALIGNED, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT_LE = handle(JAVA_INT_UNALIGNED, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT_BE = handle(JAVA_INT_UNALIGNED, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG_LE = handle(JAVA_LONG_UNALIGNED, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG_BE = handle(JAVA_LONG_UNALIGNED, ByteOrder.BIG_ENDIAN);
    /** Access to aligned numbers, because only aligned access can be atomic. */
    private static final VarHandle ALIGNED_LONG_LE = handle(JAVA_LONG, ByteOrder.LITTLE_ENDIAN);

    private HostMemory() {}

    private static VarHandle handle(ValueLayout layout, ByteOrder order) {
        return layout.withOrder(order).varHandle().withInvokeExactBehavior();
    }

    /**
     * Reads one byte.
     *
     * @param address the address
     * @return 0 to 255
     */
    public static int getByte(long address) {
        return (byte) BYTE.get(ALL, address) & 0xff;
    }

    /**
     * Writes one byte.
     *
     * @param address the address
     * @param value the value; the low 8 bits are written
     */
    public static void putByte(long address, int value) {
        BYTE.set(ALL, address, (byte) value);
    }

    /**
     * Reads 16 bits, little-endian.
     *
     * @param address host address, of any alignment
     * @return 0 to 65535
     */
    public static int getShortLE(long address) {
        return (short) SHORT_LE.get(ALL, address) & 0xffff;
    }

    /**
     * Writes 16 bits, little-endian.
     *
     * @param address host address, of any alignment
     * @param value the value; the low 16 bits are written
     */
    public static void putShortLE(long address, int value) {
        SHORT_LE.set(ALL, address, (short) value);
    }

    /**
     * Reads 16 bits, big-endian (network order).
     *
     * @param address host address, of any alignment
     * @return 0 to 65535
     */
    public static int getShortBE(long address) {
        return (short) SHORT_BE.get(ALL, address) & 0xffff;
    }

    /**
     * Writes 16 bits, big-endian (network order).
     *
     * @param address host address, of any alignment
     * @param value the value; the low 16 bits are written
     */
    public static void putShortBE(long address, int value) {
        SHORT_BE.set(ALL, address, (short) value);
    }

    /**
     * Reads 32 bits, little-endian.
     *
     * @param address host address, of any alignment
     * @return the value
     */
    public static int getIntLE(long address) {
        return (int) INT_LE.get(ALL, address);
    }

    /**
     * Writes 32 bits, little-endian.
     *
     * @param address host address, of any alignment
     * @param value the value
     */
    public static void putIntLE(long address, int value) {
        INT_LE.set(ALL, address, value);
    }

    /**
     * Reads 32 bits, big-endian (network order).
     *
     * @param address host address, of any alignment
     * @return the value
     */
    public static int getIntBE(long address) {
        return (int) INT_BE.get(ALL, address);
    }

    /**
     * Writes 32 bits, big-endian (network order).
     *
     * @param address host address, of any alignment
     * @param value the value
     */
    public static void putIntBE(long address, int value) {
        INT_BE.set(ALL, address, value);
    }

    /**
     * Reads 64 bits, little-endian.
     *
     * @param address host address, of any alignment
     * @return the value
     */
    public static long getLongLE(long address) {
        return (long) LONG_LE.get(ALL, address);
    }

    /**
     * Writes 64 bits, little-endian.
     *
     * @param address host address, of any alignment
     * @param value the value
     */
    public static void putLongLE(long address, long value) {
        LONG_LE.set(ALL, address, value);
    }

    /**
     * Atomically sets bits of a little-endian 64-bit word, also with respect to other processes. Earlier stores of this
     * thread are visible to a thread that sees the bits (release). It uses getAndBitwiseOr, which reads the word first:
     * when the memory has vanished, that read throws an error like every other access, whereas a compareAndSet would
     * abort the JVM.
     *
     * @param address host address, a multiple of 8
     * @param bits the bits to set
     */
    public static void orLongLERelease(long address, long bits) {
        var _ = (long) ALIGNED_LONG_LE.getAndBitwiseOrRelease(ALL, address, bits);
    }

    /**
     * Reads 64 bits, big-endian (network order).
     *
     * @param address host address, of any alignment
     * @return the value
     */
    public static long getLongBE(long address) {
        return (long) LONG_BE.get(ALL, address);
    }

    /**
     * Returns a little-endian buffer that contains an address, for loops that the C2 compiler should vectorise. C2
     * vectorises {@code for (int i = windowOffset(a), end = i + n; i < end; i += 8) window(a).getLong(i)} with the call
     * outside the loop and {@code n} a multiple of 8. A buffer is indexed by an int; over a segment, which is indexed
     * by a long, the same loop becomes a nest of loops. Windows are cached, so that calls do not allocate.
     *
     * @param address host address at which the loop begins
     * @return a buffer that contains the address at {@link #windowOffset}, and at least 512 MiB from there on
     */
    public static ByteBuffer window(long address) {
        Window window = WINDOWS[(int) (address >>> WINDOW_SHIFT) & (WINDOWS.length - 1)];
        return window.begin == (address & -WINDOW_STEP) ? window.bytes : newWindow(address);
    }

    /**
     * Returns the offset of an address in its window.
     *
     * @param address the address
     * @return its offset in {@link #window}
     */
    public static int windowOffset(long address) {
        return (int) (address & WINDOW_STEP - 1);
    }

    // Threads may race here; either window is correct.
    private static ByteBuffer newWindow(long address) {
        long begin = address & -WINDOW_STEP;
        ByteBuffer bytes = ALL.asSlice(begin, 2 * WINDOW_STEP).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        WINDOWS[(int) (address >>> WINDOW_SHIFT) & (WINDOWS.length - 1)] = new Window(begin, bytes);
        return bytes;
    }

    /**
     * Copies bytes; the two ranges may overlap.
     *
     * @param from host address of the first byte to read
     * @param to host address of the first byte to write
     * @param bytes number of bytes, 0 or more
     */
    public static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }
}
