// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The identity of a process that sends on a Unix socket, distinct from a later process with the same process ID. SO_PEERCRED is not
 * sufficient: it identifies the process that called connect(2) or listen(2), which need not be the sender. For example, libvirt opens
 * sockets on behalf of QEMU.
 *
 * @param boot the kernel's boot_id: process IDs and start times are valid for one boot only
 * @param namespace the inode number of the PID namespace in which {@code number} is valid
 * @param number the process ID, 1 or more; 0 when it is not known
 * @param startTime start time in clock ticks after the boot; 0 when it is not known, or the process had ended already
 */
public record PeerProcess(String boot, long namespace, int number, long startTime) {
    /** Index of the start time in /proc/PID/stat, counted from the state, which follows the name in parentheses. */
    private static final int START_TIME_AFTER_NAME = 19;

    private static final Path PROC = Path.of("/proc");
    private static final Pattern NAMESPACE = Pattern.compile("pid:\\[([0-9]{1,18})]");

    /**
     * Requests the sender's credentials with each message (unix(7), SO_PASSCRED). Connections that a listening socket accepts inherit the
     * setting. Call it before connect(2) or listen(2), because messages sent earlier have no credentials.
     *
     * @param socket a Unix socket
     * @throws SystemError when the socket does not support it
     */
    public static void requestCredentials(Fd socket) {
        pass(socket, 1);
    }

    /**
     * Disables SO_PASSCRED, which saves work in the kernel. Call it once the sender is known.
     *
     * @param socket a Unix socket
     */
    public static void stopCredentials(Fd socket) {
        pass(socket, 0);
    }

    private static void pass(Fd socket, int on) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_INT, on);
            SystemError.check(
                    LibC.setsockopt(socket.number(), LibC.SO_PASSCRED, value.address(), Integer.BYTES),
                    "cannot request senders' credentials on " + socket);
        }
    }

    /**
     * Returns the process with a process ID.
     *
     * @param number as in {@link SocketMessage#sender}
     * @return the process; it is not {@link #known} when it is in a PID namespace that is not visible here, is hidden,
     *     or /proc belongs to another namespace
     */
    public static PeerProcess numbered(int number) {
        String boot = read("sys/kernel/random/boot_id");
        long namespace = ownNamespace();
        if (number > 0 && namespace != 0) {
            String stat = read(number + "/stat");
            // The name in parentheses may contain spaces and parentheses.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
            if (fields.length > START_TIME_AFTER_NAME) {
                return new PeerProcess(boot, namespace, number, Long.parseLong(fields[START_TIME_AFTER_NAME]));
            }
            // The process may also be hidden (the hidepid option of proc).
            if (LibC.kill(number, 0) == -Errno.ESRCH) {
                return new PeerProcess(boot, namespace, number, 0);
            }
        }
        return new PeerProcess(boot, namespace, 0, 0);
    }

    /** Returns the PID namespace of this process; 0 when /proc belongs to another PID namespace, or is not mounted. */
    private static long ownNamespace() {
        try {
            Matcher matcher = NAMESPACE.matcher(
                    Files.readSymbolicLink(PROC.resolve("self/ns/pid")).toString());
            String self = Files.readSymbolicLink(PROC.resolve("self")).toString();
            boolean ours = self.equals(Long.toString(ProcessHandle.current().pid()));
            return ours && matcher.matches() ? Long.parseLong(matcher.group(1)) : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    /** Returns the content of a one-line file of /proc without the line end; empty when the file does not exist. */
    private static String read(String name) {
        try {
            return Files.readString(PROC.resolve(name)).strip();
        } catch (IOException gone) {
            return "";
        }
    }

    /**
     * Returns whether the process is identified.
     *
     * @return false when only the boot ID is known
     */
    public boolean known() {
        return number != 0;
    }

    /**
     * Returns whether this may be the same process as another one. If one of them is not {@link #known}, or their namespaces differ, only
     * the boot IDs are compared.
     *
     * @param other another process
     * @return false when they are certainly not the same
     */
    public boolean mayBe(PeerProcess other) {
        return boot.equals(other.boot) && (!known() || !other.known() || namespace != other.namespace || equals(other));
    }

    /**
     * Returns whether the process has certainly ended.
     *
     * @return true once it has ended; false when that is unknown
     */
    public boolean ended() {
        PeerProcess now = numbered(number);
        return !boot.equals(now.boot)
                || (startTime == 0 && known())
                || (known() && now.known() && namespace == now.namespace && !equals(now));
    }

    @Override
    public String toString() {
        return known() ? "process " + number : "an unknown process";
    }
}
