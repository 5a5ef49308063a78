// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * System calls of the datapath through {@code java.lang.foreign}, which adds about 5 ns to the call itself and allocates nothing. No call
 * is linked as critical, so each includes a safepoint transition, which is the only purpose of {@link #checkpoint}.
 */
public final class HotCalls {
    /**
     * The layout of the memory in which {@link #readv}, {@link #writev}, {@link #sendmsg} and {@link #recvmsg} store
     * errno; one for each thread.
     */
    public static final StructLayout ERRNO = Linker.Option.captureStateLayout();

    private static final VarHandle ERRNO_VALUE = ERRNO.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
    private static final FunctionDescriptor VECTOR_CALL = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
    private static final FunctionDescriptor BUFFER_CALL = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);

    private static final MethodHandle READV = link("readv", VECTOR_CALL, CAPTURE);
    private static final MethodHandle WRITEV = link("writev", VECTOR_CALL, CAPTURE);
    private static final MethodHandle SENDMSG = link("sendmsg", VECTOR_CALL, CAPTURE);
    private static final MethodHandle RECVMSG = link("recvmsg", VECTOR_CALL, CAPTURE);
    private static final MethodHandle READ = link("read", BUFFER_CALL);
    private static final MethodHandle WRITE = link("write", BUFFER_CALL);
    private static final MethodHandle ABS =
            link("abs", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private HotCalls() {}

    private static MethodHandle link(String name, FunctionDescriptor type, Linker.Option... options) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
    }

    /**
     * Calls readv(2).
     *
     * @param errno memory with the layout {@link #ERRNO} of this thread
     * @param fd the descriptor
     * @param vector address of {@code struct iovec}s
     * @param count number of structures, 1 to 1024
     * @return number of bytes read, or the negative errno
     */
    public static int readv(MemorySegment errno, int fd, long vector, int count) {
        try {
            long n = (long) READV.invokeExact(errno, fd, vector, count);
            return n >= 0 ? (int) n : -(int) ERRNO_VALUE.get(errno, 0L);
        } catch (Throwable t) {
            throw unchecked(t);
        }
    }

    /**
     * Calls writev(2).
     *
     * @param errno memory with the layout {@link #ERRNO} of this thread
     * @param fd the descriptor
     * @param vector address of {@code struct iovec}s
     * @param count number of structures, 1 to 1024
     * @return number of bytes written, or the negative errno
     */
    public static int writev(MemorySegment errno, int fd, long vector, int count) {
        try {
            long n = (long) WRITEV.invokeExact(errno, fd, vector, count);
            return n >= 0 ? (int) n : -(int) ERRNO_VALUE.get(errno, 0L);
        } catch (Throwable t) {
            throw unchecked(t);
        }
    }

    /**
     * Calls sendmsg(2).
     *
     * @param errno memory with the layout {@link #ERRNO} of this thread
     * @param fd the socket
     * @param message address of a {@code struct msghdr}
     * @param flags {@code MSG_} flags
     * @return number of bytes sent, or the negative errno
     */
    public static int sendmsg(MemorySegment errno, int fd, long message, int flags) {
        try {
            long n = (long) SENDMSG.invokeExact(errno, fd, message, flags);
            return n >= 0 ? (int) n : -(int) ERRNO_VALUE.get(errno, 0L);
        } catch (Throwable t) {
            throw unchecked(t);
        }
    }

    /**
     * Calls recvmsg(2).
     *
     * @param errno memory with the layout {@link #ERRNO} of this thread
     * @param fd the socket
     * @param message address of a {@code struct msghdr}
     * @param flags {@code MSG_} flags
     * @return number of bytes received, or the negative errno
     */
    public static int recvmsg(MemorySegment errno, int fd, long message, int flags) {
        try {
            long n = (long) RECVMSG.invokeExact(errno, fd, message, flags);
            return n >= 0 ? (int) n : -(int) ERRNO_VALUE.get(errno, 0L);
        } catch (Throwable t) {
            throw unchecked(t);
        }
    }

    /**
     * Calls read(2) into memory of this process; does not return errno.
     *
     * @param fd the descriptor
     * @param address address of the buffer
     * @param bytes maximum number of bytes
     * @return bytes read, or -1
     */
    static long read(int fd, long address, long bytes) {
        try {
            return (long) READ.invokeExact(fd, address, bytes);
        } catch (Throwable t) {
            throw unchecked(t);
        }
    }

    /**
     * Calls write(2) from memory of this process; does not return errno.
     *
     * @param fd the descriptor
     * @param address address of the first byte
     * @param bytes the number of bytes
     * @return bytes written, or -1
     */
    static long write(int fd, long address, long bytes) {
        try {
            return (long) WRITE.invokeExact(fd, address, bytes);
        } catch (Throwable t) {
            throw unchecked(t);
        }
    }

    /**
     * Makes this thread pass a safepoint poll, which takes 7 to 9 ns. When an access to mapped memory has raised SIGBUS, compiled code
     * throws the pending {@link InternalError} here at the latest. As the last statement of a {@code try} block, this call ensures that the
     * error is thrown inside that block.
     */
    public static void checkpoint() {
        try {
            int result = (int) ABS.invokeExact(0);
            assert result == 0;
        } catch (Throwable t) {
            throw unchecked(t);
        }
    }

    /** Converts a Throwable of a method handle call; these handles throw only errors that the JVM itself raises. */
    private static RuntimeException unchecked(Throwable t) {
        if (t instanceof Error e) {
            throw e;
        }
        if (t instanceof RuntimeException e) {
            throw e;
        }
        throw new IllegalStateException(t);
    }
}
