// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.session.RefusedException;

/**
 * Transfers the state of one device through the pipe that its front-end has passed. A thread other than the lanes reads or writes the pipe,
 * because the front-end may make it blocking, never read it, or never close it. The transfer ends when all bytes are transferred, when
 * {@link #finish} finds it incomplete, or after {@value #SECONDS} seconds. Then the descriptor is closed.
 */
final class StatePipe {
    private static final int SECONDS = 30;
    private static final int CHUNK = 4096;

    private final CompletableFuture<byte[]> result = new CompletableFuture<>();
    private final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);

    /** Signalled by {@link #finish} to end all waiting. */
    private final EventFd finish = EventFd.create();

    private boolean over;

    private StatePipe() {}

    /** Reads or writes a descriptor. */
    @FunctionalInterface
    private interface Transfer {
        byte[] run(Fd pipe) throws RefusedException;
    }

    /**
     * Writes a state.
     *
     * @param pipe closed at the end of the transfer
     *
     * @param thread executor that runs one task after another
     */
    static StatePipe write(Fd pipe, byte[] state, Executor thread) {
        StatePipe transfer = new StatePipe();
        transfer.start(pipe, thread, to -> transfer.writeAll(to, state));
        return transfer;
    }

    /**
     * Reads a state until end-of-file.
     *
     * @param pipe closed at the end of the transfer
     *
     * @param thread executor that runs one task after another
     */
    static StatePipe read(Fd pipe, Executor thread) {
        StatePipe transfer = new StatePipe();
        transfer.start(pipe, thread, transfer::readAll);
        return transfer;
    }

    private void start(Fd pipe, Executor thread, Transfer work) {
        thread.execute(() -> {
            try (pipe) {
                requirePipe(pipe);
                byte[] done = work.run(pipe);
                pipe.close();
                result.complete(done);
            } catch (RefusedException e) {
                result.completeExceptionally(e);
            } catch (SystemError e) {
                result.completeExceptionally(new RefusedException(e));
            } finally {
                end();
            }
        });
    }

    /**
     * Returns the result of the transfer, which fails with a {@link RefusedException}. Completed by the thread that transfers.
     *
     * @return the state that was read or written
     */
    CompletableFuture<byte[]> result() {
        return result;
    }

    /** Ends the transfer: it fails unless the remaining bytes can be transferred without waiting. Any thread may call it. */
    synchronized void finish() {
        if (!over) {
            finish.signal();
        }
    }

    private synchronized void end() {
        over = true;
        finish.close();
    }

    private static void requirePipe(Fd pipe) throws RefusedException {
        // This call involves only the kernel; fstat(2) could block in the process that serves the file.
        if (LibC.fcntl(pipe.number(), LibC.F_GETPIPE_SZ, 0) < 0) {
            throw new RefusedException("the descriptor for the device's state is not a pipe");
        }
        pipe.setNonBlocking();
    }

    private byte[] writeAll(Fd pipe, byte[] state) throws RefusedException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_BYTE, state);
            int done = 0;
            while (done < state.length) {
                int written = LibC.write(pipe.number(), from.address() + done, state.length - done);
                if (written == -Errno.EAGAIN) {
                    await(arena, pipe, LibC.POLLOUT, "has taken " + done + " of " + state.length + " bytes");
                } else if (written == -Errno.EPIPE) {
                    throw new RefusedException("the front-end closed the pipe after " + done + " of " + state.length
                            + " bytes of the device's state");
                } else if (written != -Errno.EINTR) {
                    done += SystemError.check(written, "cannot write the device's state");
                }
            }
            return state;
        }
    }

    private byte[] readAll(Fd pipe) throws RefusedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment into = arena.allocate(CHUNK);
            while (true) {
                int got = LibC.read(pipe.number(), into.address(), CHUNK);
                if (got == 0) {
                    return all.toByteArray();
                } else if (got == -Errno.EAGAIN) {
                    await(arena, pipe, LibC.POLLIN, "has not closed it after " + all.size() + " bytes");
                } else if (got != -Errno.EINTR) {
                    SystemError.check(got, "cannot read the device's state");
                    all.writeBytes(into.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
                    if (all.size() > MovedState.MOST_BYTES) {
                        throw new RefusedException(
                                "the device's state is longer than the maximum of " + MovedState.MOST_BYTES + " bytes");
                    }
                }
            }
        }
    }

    /** Waits until the pipe is ready; fails if it is not ready in the remaining time. */
    private void await(Arena arena, Fd pipe, int event, String progress) throws RefusedException {
        MemorySegment entries = arena.allocate(16, Integer.BYTES);
        entries.set(ValueLayout.JAVA_INT, 0, pipe.number());
        entries.set(ValueLayout.JAVA_SHORT, 4, (short) event);
        entries.set(ValueLayout.JAVA_INT, 8, finish.fd().number());
        entries.set(ValueLayout.JAVA_SHORT, 12, (short) LibC.POLLIN);
        while (true) {
            long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            int ready = LibC.poll(entries.address(), 2, (int) Math.max(0, millis));
            if (ready == -Errno.EINTR) {
                continue;
            }
            if (entries.get(ValueLayout.JAVA_SHORT, 6) != 0) {
                return;
            }
            if (entries.get(ValueLayout.JAVA_SHORT, 14) != 0 || millis <= 0) {
                throw new RefusedException(
                        "the front-end does not complete the transfer of the device's state: it " + progress);
            }
        }
    }
}
