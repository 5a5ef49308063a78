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

/** On which cores the threads of this process run (sched_setaffinity(2)). A thread that is started has the cores of the one that starts it. */
public final class ThreadAffinity {
    /** The calling thread. */
    private static final int SELF = 0;

    private static final Path TASKS = Path.of("/proc/self/task");

    private ThreadAffinity() {}

    /** The symbols themselves. JNA binds methods by name, so they have the C library's. */
    private static final class C {
        static {
            Native.register(C.class, NativeLibrary.getProcess());
        }

        static native int sched_setaffinity(int thread, long bytes, byte[] mask);

        static native int sched_getaffinity(int thread, long bytes, byte[] mask);
    }

    /**
     * The cores of the calling thread.
     *
     * @return at least one
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
     * @param cores of which at least one is online and allowed by the control group
     * @throws SystemError when none is
     */
    public static void move(CoreSet cores) {
        byte[] mask = cores.mask();
        SystemError.check(
                result(C.sched_setaffinity(SELF, mask.length, mask)),
                "cannot run thread " + Thread.currentThread().getName() + " on core " + cores);
    }

    /**
     * Restricts every thread of this process to some cores. Looks again until there is no thread that it has not moved.
     *
     * @param cores of which at least one is online and allowed by the control group
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
                    // A thread that has ended needs no core.
                    if (result != -Errno.ESRCH) {
                        SystemError.check(result, "cannot run this process's threads on cores " + cores);
                    }
                }
            }
        }
    }

    /** The numbers of all threads of this process, as the kernel lists them. */
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
