// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A file descriptor with one owner, which closes it once. After {@link #close} the number is not accessible, because the kernel may have
 * given it to another file.
 */
public final class Fd implements AutoCloseable {
    private static final VarHandle NUMBER;

    static {
        try {
            NUMBER = MethodHandles.lookup().findVarHandle(Fd.class, "number", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** The number, or -1 after close. */
    private volatile int number;

    /** Makes the calls that may block in another process; null when no call can. */
    private final @Nullable Closer closer;

    private Fd(int number, @Nullable Closer closer) {
        this.number = number;
        this.closer = closer;
    }

    /**
     * Takes over a descriptor that a call returned.
     *
     * @param result a descriptor, or the negative errno
     * @param attempt failed operation, for the message of the exception
     * @return the owner of the descriptor
     * @throws SystemError when the result is negative
     */
    public static Fd of(int result, String attempt) {
        return new Fd(SystemError.check(result, attempt), null);
    }

    /**
     * Takes over a descriptor that another process has created or passed: closing it may wait for that process.
     *
     * @param result a descriptor, or the negative errno
     * @param attempt failed operation, for the message of the exception
     * @param closer closes the descriptor and its duplicates, and unmaps their mappings; null to do so at once
     * @return the owner of the descriptor
     * @throws SystemError when the result is negative
     */
    public static Fd passed(int result, String attempt, @Nullable Closer closer) {
        return new Fd(SystemError.check(result, attempt), closer);
    }

    /**
     * Moves the descriptor to a new object that closes it through a closer. Use it for a descriptor that comes from another process, or is
     * connected to one.
     *
     * @param by closer of the descriptor from now on
     * @return the new owner; this object does not own the descriptor any more
     */
    public Fd closedBy(Closer by) {
        return new Fd((int) NUMBER.getAndSet(this, -1), by);
    }

    /**
     * Opens a path. The descriptor is closed by exec.
     *
     * @param path path to open
     * @param flags {@code O_} flags of {@link LibC}
     * @return the owner of the descriptor
     * @throws SystemError when it cannot be opened
     */
    public static Fd open(String path, int flags) {
        return of(LibC.open(path, flags | LibC.O_CLOEXEC), "cannot open " + path);
    }

    /**
     * Returns a second descriptor of the same open file, closed by exec.
     *
     * @return the owner of the second descriptor
     * @throws SystemError when the process has too many descriptors
     */
    public Fd duplicate() {
        int from = number();
        return passed(LibC.fcntl(from, LibC.F_DUPFD_CLOEXEC, 0), "cannot duplicate descriptor " + from, closer);
    }

    /** Shuts the connection down with shutdown(2), so that the peer sees the end at once, although {@link #close} may take longer. */
    public void hangUp() {
        int n = number;
        if (n >= 0) {
            int unused = LibC.shutdown(n, LibC.SHUT_RDWR);
        }
    }

    /** Makes a call that may block in the process that passed this descriptor: on the closer's thread, or at once if there is no closer. */
    void release(Runnable call) {
        if (closer == null) {
            call.run();
        } else {
            closer.execute(call);
        }
    }

    /**
     * Returns the number of the descriptor, for a system call.
     *
     * @return at least 0
     * @throws IllegalStateException after {@link #close}
     */
    public int number() {
        int n = number;
        if (n < 0) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return n;
    }

    /**
     * Returns whether {@link #close} has not been called.
     *
     * @return true while the number may be used
     */
    public boolean isOpen() {
        return number >= 0;
    }

    /**
     * Sets O_NONBLOCK: calls return EAGAIN instead of blocking. The flag belongs to the open file description, so it applies to other
     * processes that share it, too.
     *
     * @throws SystemError when the descriptor does not support flags
     */
    public void setNonBlocking() {
        int fd = number();
        int flags = SystemError.check(LibC.fcntl(fd, LibC.F_GETFL, 0), "cannot read the flags of descriptor " + fd);
        if ((flags & LibC.O_NONBLOCK) == 0) {
            SystemError.check(
                    LibC.fcntl(fd, LibC.F_SETFL, flags | LibC.O_NONBLOCK),
                    "cannot make descriptor " + fd + " non-blocking");
        }
    }

    /** Closes the descriptor, with a short delay if it has a closer; later calls do nothing. Any thread may call it. */
    @Override
    public void close() {
        int n = (int) NUMBER.getAndSet(this, -1);
        if (n >= 0) {
            release(() -> close(n));
        }
    }

    private static void close(int number) {
        // Linux releases the number even when it reports an error, so there is nothing to retry or to report.
        int result = LibC.close(number);
        assert result != -Errno.EBADF : "descriptor " + number + " was closed behind its owner's back";
    }

    @Override
    public String toString() {
        int n = number;
        return n < 0 ? "fd (closed)" : "fd " + n;
    }
}
