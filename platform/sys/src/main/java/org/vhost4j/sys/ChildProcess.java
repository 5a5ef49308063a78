// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A child process that inherits one descriptor of this process; {@link ProcessBuilder} would close that descriptor. The child has its own
 * process group, so that a terminal's signals reach only this process. Its standard error is a pipe to this process; its standard input and
 * output are {@code /dev/null}.
 *
 * <p>The owner must call {@link #awaitEnd} once; otherwise the process stays a zombie.
 */
public final class ChildProcess implements RunningProgram {
    /** The number of the inherited descriptor in the child process. */
    public static final int INHERITED = 3;

    private static final int STDIN = 0;
    private static final int STDOUT = 1;
    private static final int STDERR = 2;
    private static final short SETPGROUP = 2;
    private static final short SETSIGDEF = 4;
    private static final short SETSIGMASK = 8;
    /**
     * Size in bytes that is enough for {@code posix_spawn_file_actions_t}, {@code posix_spawnattr_t} and {@code
     * sigset_t} on any architecture.
     */
    private static final int STRUCT_BYTES = 1024;

    private static final int SIGKILL = 9;

    /** Calls that are not in {@link LibC}, because only a program that starts others needs them. */
    private static final class C {
        static {
            Native.register(C.class, NativeLibrary.getProcess());
        }

        static native int posix_spawn_file_actions_init(long actions);

        static native int posix_spawn_file_actions_destroy(long actions);

        static native int posix_spawn_file_actions_adddup2(long actions, int from, int to);

        static native int posix_spawn_file_actions_addopen(long actions, int fd, String path, int flags, int mode);

        static native int posix_spawnattr_init(long attributes);

        static native int posix_spawnattr_destroy(long attributes);

        static native int posix_spawnattr_setflags(long attributes, short flags);

        static native int posix_spawnattr_setpgroup(long attributes, int group);

        static native int posix_spawnattr_setsigdefault(long attributes, long signals);

        static native int posix_spawnattr_setsigmask(long attributes, long signals);

        static native int sigemptyset(long signals);

        static native int sigfillset(long signals);

        static native int posix_spawnp(
                long pid, String file, long actions, long attributes, StringArray arguments, Pointer environment);

        static native int waitpid(int pid, long status, int options);

        static native int kill(int pid, int signal);
    }

    private final int pid;
    private final Fd errors;
    /** True until the process was reaped; until then its process ID is valid. */
    private boolean running = true;

    private @Nullable Fd handle;

    private ChildProcess(int pid, Fd errors) {
        this.pid = pid;
        this.errors = errors;
    }

    /**
     * Starts a program.
     *
     * @param command the program and its arguments; a program name without a slash is searched for on the PATH
     * @param inherited becomes the program's descriptor {@value #INHERITED}; the caller still owns it
     * @return the running program
     * @throws SystemError when it cannot be started
     */
    public static ChildProcess start(List<String> command, Fd inherited) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pipe = arena.allocate(ValueLayout.JAVA_INT, 2);
            String attempt = "cannot start " + command.getFirst();
            SystemError.check(LibC.pipe(pipe.address(), LibC.O_CLOEXEC), attempt);
            Fd read = Fd.of(pipe.getAtIndex(ValueLayout.JAVA_INT, 0), attempt);
            try (Fd write = Fd.of(pipe.getAtIndex(ValueLayout.JAVA_INT, 1), attempt)) {
                return new ChildProcess(spawn(arena, command, inherited, write, attempt), read);
            } catch (RuntimeException e) {
                read.close();
                throw e;
            }
        }
    }

    private static int spawn(Arena arena, List<String> command, Fd inherited, Fd errors, String attempt) {
        long actions = arena.allocate(STRUCT_BYTES, Long.BYTES).address();
        long attributes = arena.allocate(STRUCT_BYTES, Long.BYTES).address();
        long signals = arena.allocate(STRUCT_BYTES, Long.BYTES).address();
        MemorySegment pid = arena.allocate(ValueLayout.JAVA_INT);
        check(C.posix_spawn_file_actions_init(actions), attempt);
        check(C.posix_spawnattr_init(attributes), attempt);
        try {
            check(C.posix_spawn_file_actions_addopen(actions, STDIN, "/dev/null", LibC.O_RDONLY, 0), attempt);
            check(C.posix_spawn_file_actions_addopen(actions, STDOUT, "/dev/null", LibC.O_WRONLY, 0), attempt);
            check(C.posix_spawn_file_actions_adddup2(actions, errors.number(), STDERR), attempt);
            // Also needed when the numbers are equal: it clears the close-on-exec flag.
            check(C.posix_spawn_file_actions_adddup2(actions, inherited.number(), INHERITED), attempt);
            // The JVM ignores SIGPIPE and its threads block SIGQUIT: reset both for the program.
            C.sigfillset(signals);
            check(C.posix_spawnattr_setsigdefault(attributes, signals), attempt);
            C.sigemptyset(signals);
            check(C.posix_spawnattr_setsigmask(attributes, signals), attempt);
            check(C.posix_spawnattr_setpgroup(attributes, 0), attempt);
            check(C.posix_spawnattr_setflags(attributes, (short) (SETPGROUP | SETSIGDEF | SETSIGMASK)), attempt);
            Pointer environment = NativeLibrary.getProcess()
                    .getGlobalVariableAddress("environ")
                    .getPointer(0);
            StringArray arguments = new StringArray(command.toArray(String[]::new), "UTF-8");
            check(
                    C.posix_spawnp(pid.address(), command.getFirst(), actions, attributes, arguments, environment),
                    attempt);
            return pid.get(ValueLayout.JAVA_INT, 0);
        } finally {
            C.posix_spawnattr_destroy(attributes);
            C.posix_spawn_file_actions_destroy(actions);
        }
    }

    /** Checks the result of a posix_spawn call, which is the error number itself. */
    private static void check(int errno, String attempt) {
        SystemError.check(-errno, attempt);
    }

    @Override
    public int pid() {
        return pid;
    }

    @Override
    public synchronized void kill() {
        if (running) {
            C.kill(pid, SIGKILL);
        }
    }

    @Override
    public String awaitEnd(Consumer<String> lines) {
        ErrorLines.read(errors, lines);
        int status = end();
        int signal = status & 0x7f;
        return signal == 0 ? "with status " + (status >>> 8 & 0xff) : "by signal " + signal;
    }

    @Override
    public Fd errors() {
        return errors;
    }

    @Override
    public synchronized Fd handle() {
        if (!running) {
            throw new SystemError("cannot hand over process " + pid, Errno.ESRCH);
        }
        Fd now = handle;
        if (now == null) {
            now = AdoptedProcess.open(pid);
            handle = now;
        }
        return now;
    }

    /** Kills the program and waits for it; a program that has already ended keeps its status. */
    private synchronized int end() {
        kill();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            int waited = C.waitpid(pid, status.address(), 0);
            assert waited == pid : waited;
            running = false;
            errors.close();
            if (handle != null) {
                handle.close();
            }
            return status.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /**
     * Returns whether a program is installed.
     *
     * @param name name or path of the program
     * @return true when there is an executable file of that path, or of that name in a directory of the PATH
     */
    public static boolean isThere(String name) {
        List<String> candidates = new ArrayList<>();
        if (name.indexOf('/') >= 0) {
            candidates.add(name);
        } else {
            String path = System.getenv("PATH");
            for (String directory : (path == null ? "/usr/bin:/bin" : path).split(":", -1)) {
                candidates.add((directory.isEmpty() ? "." : directory) + "/" + name);
            }
        }
        return candidates.stream().map(File::new).anyMatch(file -> file.isFile() && file.canExecute());
    }
}
