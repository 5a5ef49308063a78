// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Records the addresses of SIGBUS signals, which identify the guest whose memory was not available. The JVM turns SIGBUS into an
 * {@link InternalError} without the address. The signal occurs when a front-end has shortened its memory file, its tmpfs is full, or its
 * huge pages are used up; the access may come from another guest's lane.
 *
 * <p>A signal handler of a few instructions is installed before the JVM's own: it writes {@code si_addr} into a ring
 * and jumps to the JVM's handler. On processors other than x86-64 nothing is recorded.
 */
final class FaultAddresses {
    /** Number of addresses that are kept; a power of two, at most 128. */
    static final int KEPT = 64;

    private static final int SIGBUS = 7;
    private static final int SA_SIGINFO = 4;
    private static final int ACTION_BYTES = 152;
    private static final int ACTION_FLAGS = 136;
    private static final int PAGE = 4096;
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

    /** The number of recorded addresses, followed by the last {@value #KEPT} of them. */
    private static final MemorySegment RING = Arena.global().allocate((1 + KEPT) * (long) Long.BYTES, Long.BYTES);

    static {
        if (System.getProperty("os.arch").equals("amd64")) {
            install();
        }
    }

    private FaultAddresses() {}

    /** Returns the number of recorded addresses, which is the start of a later {@link #since}. */
    static long count() {
        return (long) LONG.getVolatile(RING, 0L);
    }

    /** Returns whether an address recorded since the given count is in a range. Only the last {@value #KEPT} addresses are known. */
    static boolean since(long count, long address, long length) {
        long end = count();
        for (long i = Math.max(count, end - KEPT); i < end; i++) {
            long at = (long) LONG.getVolatile(RING, Long.BYTES * (1 + i % KEPT));
            if (at - address >= 0 && at - address < length) {
                return true;
            }
        }
        return false;
    }

    private static void install() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(ACTION_BYTES, Long.BYTES);
            SystemError.check(LibC.sigaction(SIGBUS, 0, action.address()), "cannot read the handler of SIGBUS");
            long before = action.get(ValueLayout.JAVA_LONG, 0);
            if ((action.get(ValueLayout.JAVA_INT, ACTION_FLAGS) & SA_SIGINFO) == 0) {
                // The current handler is not the JVM's.
                return;
            }
            action.set(ValueLayout.JAVA_LONG, 0, code(before));
            SystemError.check(LibC.sigaction(SIGBUS, action.address(), 0), "cannot set the handler of SIGBUS");
        }
    }

    /** Writes the handler to a page that is never unmapped; its arguments (signal, siginfo, context) are in rdi, rsi, rdx. */
    private static long code(long next) {
        byte[] bytes = new byte[PAGE];
        ByteBuffer code = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        put(code, 0xf3, 0x0f, 0x1e, 0xfa); // endbr64
        put(code, 0x48, 0x8b, 0x46, 0x10); // mov rax, [rsi + 16]: si_addr
        put(code, 0x49, 0xbb).putLong(RING.address()); // mov r11, ring
        put(code, 0x41, 0xb8, 1, 0, 0, 0); // mov r8d, 1
        put(code, 0xf0, 0x4d, 0x0f, 0xc1, 0x03); // lock xadd [r11], r8
        put(code, 0x41, 0x83, 0xe0, KEPT - 1); // and r8d, KEPT - 1
        put(code, 0x4b, 0x89, 0x44, 0xc3, 0x08); // mov [r11 + r8 * 8 + 8], rax
        put(code, 0x48, 0xb8).putLong(next); // mov rax, next
        put(code, 0xff, 0xe0); // jmp rax
        long page = LibC.mmap(PAGE, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS, -1, 0);
        if (page < 0) {
            throw new SystemError("cannot map a page for the handler of SIGBUS", (int) -page);
        }
        MemorySegment.ofAddress(page).reinterpret(PAGE).copyFrom(MemorySegment.ofArray(bytes));
        SystemError.check(
                LibC.mprotect(page, PAGE, LibC.PROT_READ | LibC.PROT_EXEC),
                "cannot make the handler of SIGBUS executable");
        return page;
    }

    private static ByteBuffer put(ByteBuffer code, int... bytes) {
        for (int each : bytes) {
            code.put((byte) each);
        }
        return code;
    }
}
