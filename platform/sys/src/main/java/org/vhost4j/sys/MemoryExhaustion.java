// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Ends the process after an {@link OutOfMemoryError}, with the status of {@code -XX:+ExitOnOutOfMemoryError}. With that option the JVM ends
 * the process when it runs out of heap, but not when it cannot create a thread or allocate memory outside the heap; and code that catches
 * every {@link Throwable} would continue with incomplete work.
 */
public final class MemoryExhaustion {
    /** The exit status, the same that the JVM uses. */
    public static final int STATUS = 3;

    private MemoryExhaustion() {}

    /** The last message, prepared in advance because nothing can be allocated when memory is exhausted. */
    private static final class LastWords {
        private static final int STDERR = 2;
        private static final byte[] TEXT = ("vhost4j: out of memory, or of threads (ulimit -u): ends with status "
                        + STATUS + "\n")
                .getBytes(StandardCharsets.US_ASCII);
        private static final MemorySegment NATIVE = Arena.global().allocate(TEXT.length);
        /** {@code struct pollfd}: int fd, short events, short revents. */
        private static final MemorySegment POLL = Arena.global().allocate(8, Integer.BYTES);

        static {
            MemorySegment.copy(TEXT, 0, NATIVE, ValueLayout.JAVA_BYTE, 0, TEXT.length);
            POLL.set(ValueLayout.JAVA_INT, 0, STDERR);
            POLL.set(ValueLayout.JAVA_SHORT, 4, (short) LibC.POLLOUT);
        }

        static boolean say() {
            return hasRoom() && HotCalls.write(STDERR, NATIVE.address(), TEXT.length) == TEXT.length;
        }

        /** Returns whether the line can be written without blocking. A pipe that is ready has room for 4 KiB. */
        private static boolean hasRoom() {
            try {
                return LibC.poll(POLL.address(), 1, 0) == 1;
            } catch (LinkageError e) {
                // The native binding could not be created, so the program is only starting, and may block.
                return true;
            }
        }
    }

    /**
     * Ends the process if memory was exhausted; otherwise does nothing. First writes a line to standard error, if that does not block.
     *
     * @param thrown exception that was caught
     */
    @SuppressWarnings("EmptyCatch")
    public static void endIfCauseOf(@Nullable Throwable thrown) {
        if (isCauseOf(thrown)) {
            try {
                LastWords.say();
            } catch (Throwable ignored) {
                // Ending the process is more important than the line.
            }
            Runtime.getRuntime().halt(STATUS);
        }
    }

    /**
     * Returns whether memory was exhausted.
     *
     * @param thrown exception that was caught
     * @return true when it or a cause of it is an {@link OutOfMemoryError}
     */
    public static boolean isCauseOf(@Nullable Throwable thrown) {
        Throwable cause = thrown;
        // Causes are not circular unless a library overrides getCause.
        for (int i = 0; cause != null && i < 16; i++) {
            if (cause instanceof OutOfMemoryError) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }
}
