// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Sets the cores on which the threads of this process run (sched_setaffinity(2)). A new thread inherits the cores of
 * the thread that starts it.
 */
public final class ThreadAffinity {
    /** The thread ID 0, which means the calling thread. */
    private static final int SELF = 0;

    private static final Path TASKS = Path.of("/proc/self/task");

    private ThreadAffinity() {}

    /** The native methods. JNA binds methods by name, so they have the names of the C library. */
    private static final class C {
        static {
            Native.register(C.class, NativeLibrary.getProcess());
        }

        static native int sched_setaffinity(int thread, long bytes, byte[] mask);

        static native int sched_getaffinity(int thread, long bytes, byte[] mask);
    }

    /**
     * Returns the cores of the calling thread.
     *
     * @return at least one core
     * @throws SystemError when the kernel refuses
     */
    public static CoreSet current() {
        byte[] mask = new byte[CoreSet.MOST / Byte.SIZE];
        SystemError.check(
                result(C.sched_getaffinity(SELF, mask.length, mask)), "cannot ask on which cores a thread runs");
        return CoreSet.ofMask(mask);
    }

    /**
     * Restricts the calling thread to some cores.
     *
     * @param cores cores, of which at least one is online and allowed by the control group
     * @throws SystemError when none is
     */
    public static void move(CoreSet cores) {
        byte[] mask = cores.mask();
        SystemError.check(
                result(C.sched_setaffinity(SELF, mask.length, mask)),
                "cannot run thread " + Thread.currentThread().getName() + " on core " + cores);
    }

    /**
     * Restricts every thread of this process to some cores. Repeats until it finds no new threads.
     *
     * @param cores cores, of which at least one is online and allowed by the control group
     * @throws SystemError when the kernel refuses the cores
     */
    static void moveAll(CoreSet cores) {
        byte[] mask = cores.mask();
        Set<Integer> moved = new HashSet<>();
        boolean more = true;
        while (more) {
            more = false;
            for (int thread : threads()) {
                if (moved.add(thread)) {
                    more = true;
                    int result = result(C.sched_setaffinity(thread, mask.length, mask));
                    // The thread has ended.
                    if (result != -Errno.ESRCH) {
                        SystemError.check(result, "cannot run this process's threads on cores " + cores);
                    }
                }
            }
        }
    }

    /** Returns the IDs of all threads of this process, as the kernel lists them. */
    static Set<Integer> threads() {
        Set<Integer> threads = new HashSet<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            tasks.forEach(task -> threads.add(Integer.valueOf(task.getFileName().toString())));
        } catch (NoSuchFileException e) {
            throw SystemError.explained("cannot list threads: /proc is not mounted", Errno.ENOENT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return threads;
    }

    private static int result(int value) {
        return value == -1 ? -Native.getLastError() : value;
    }
}
