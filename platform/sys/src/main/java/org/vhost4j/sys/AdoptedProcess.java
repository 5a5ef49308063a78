// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;

/**
 * A running program that another process has started and has handed over to this one. It is not a child of this process, so its exit status
 * is not available. Its process ID can be reused, so it is accessed only through a pidfd.
 */
public final class AdoptedProcess implements RunningProgram, AutoCloseable {
    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SYS_PIDFD_OPEN = 434;
    private static final int SIGKILL = 9;

    private final int pid;
    private final Fd process;
    private final Fd errors;

    /**
     * Creates the object for a running program.
     *
     * @param pid process ID, for messages
     * @param process pidfd of the process; owned by this object from now on
     * @param errors the reading end of its standard error; owned by this object from now on
     */
    public AdoptedProcess(int pid, Fd process, Fd errors) {
        this.pid = pid;
        this.process = process;
        this.errors = errors;
    }

    /** Opens a pidfd of a process that its parent has not reaped yet. */
    static Fd open(int pid) {
        return Fd.of(LibC.syscall(SYS_PIDFD_OPEN, pid, 0, 0), "cannot hand over process " + pid);
    }

    @Override
    public int pid() {
        return pid;
    }

    @Override
    public synchronized void kill() {
        if (process.isOpen()) {
            int unused = LibC.syscall(SYS_PIDFD_SEND_SIGNAL, process.number(), SIGKILL, 0, 0);
        }
    }

    @Override
    public String awaitEnd(Consumer<String> lines) {
        ErrorLines.read(errors, lines);
        kill();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(Long.BYTES, Long.BYTES);
            poll.set(ValueLayout.JAVA_INT, 0, process.number());
            poll.set(ValueLayout.JAVA_SHORT, Integer.BYTES, (short) LibC.POLLIN);
            while (LibC.poll(poll.address(), 1, -1) == -Errno.EINTR) {
                // The process has not ended.
            }
        }
        close();
        return "";
    }

    @Override
    public Fd errors() {
        return errors;
    }

    @Override
    public synchronized Fd handle() {
        if (!process.isOpen()) {
            throw new SystemError("cannot hand over process " + pid, Errno.ESRCH);
        }
        return process;
    }

    /** Closes the descriptors; the program keeps running. */
    @Override
    public synchronized void close() {
        process.close();
        errors.close();
    }
}
