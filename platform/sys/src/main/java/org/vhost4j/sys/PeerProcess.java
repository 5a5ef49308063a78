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
 * The process that sends on a Unix socket, so exactly that a later process with the same number is distinguished. SO_PEERCRED
 * would name the one that called connect(2) or listen(2), which need not be the one that speaks: libvirt opens sockets for its
 * QEMUs.
 *
 * @param boot the kernel's boot_id: process numbers and start times start over with each boot
 * @param namespace the number of the process namespace in which {@code number} counts
 * @param number the process's number, 1 or more; 0 when it is not known
 * @param startTime when it started, in clock ticks after the boot; 0 when it is not known, or had ended already
 */
public record PeerProcess(String boot, long namespace, int number, long startTime) {
    /** In /proc/PID/stat, counted from the state, which follows the name in parentheses. */
    private static final int START_TIME_AFTER_NAME = 19;

    private static final Path PROC = Path.of("/proc");
    private static final Pattern NAMESPACE = Pattern.compile("pid:\\[([0-9]{1,18})]");

    /**
     * Makes the kernel say with each message who sent it (unix(7), SO_PASSCRED). A listening socket hands that on to the connections that it
     * accepts. Called before connect(2) or listen(2): what was sent before has no sender.
     *
     * @param socket a Unix socket
     * @throws SystemError when it is none
     */
    public static void askSender(Fd socket) {
        pass(socket, 1);
    }

    /**
     * Turns SO_PASSCRED off once the sender is known, which saves the kernel work.
     *
     * @param socket a Unix socket
     */
    public static void senderHeard(Fd socket) {
        pass(socket, 0);
    }

    private static void pass(Fd socket, int on) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(ValueLayout.JAVA_INT, on);
            SystemError.check(
                    LibC.setsockopt(socket.number(), LibC.SO_PASSCRED, value.address(), Integer.BYTES),
                    "cannot ask who sends on " + socket);
        }
    }

    /**
     * The process with a number.
     *
     * @param number as in {@link SocketMessage#sender}
     * @return the process; one that is not {@link #known} when it lives in a process namespace that ours does not see, is hidden, or /proc
     *     is another namespace's
     */
    public static PeerProcess numbered(int number) {
        String boot = read("sys/kernel/random/boot_id");
        long namespace = ownNamespace();
        if (number > 0 && namespace != 0) {
            String stat = read(number + "/stat");
            // The name in parentheses may hold spaces and parentheses itself.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
            if (fields.length > START_TIME_AFTER_NAME) {
                return new PeerProcess(boot, namespace, number, Long.parseLong(fields[START_TIME_AFTER_NAME]));
            }
            // It may also be hidden from us (the hidepid option of proc).
            if (LibC.kill(number, 0) == -Errno.ESRCH) {
                return new PeerProcess(boot, namespace, number, 0);
            }
        }
        return new PeerProcess(boot, namespace, 0, 0);
    }

    /** The namespace of our process numbers; 0 when /proc has the numbers of another one, or is not there. */
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

    /** A line of /proc without its end; empty when there is no such file. */
    private static String read(String name) {
        try {
            return Files.readString(PROC.resolve(name)).strip();
        } catch (IOException gone) {
            return "";
        }
    }

    /**
     * Returns whether it is known which process this is.
     *
     * @return false when all that is known is that it is of this boot
     */
    public boolean known() {
        return number != 0;
    }

    /**
     * Returns whether this may be the same process as another one. Of processes that are not known, or were seen from
     * different namespaces, nothing more is known than the boot.
     *
     * @param other another
     * @return false when they are certainly not the same
     */
    public boolean mayBe(PeerProcess other) {
        return boot.equals(other.boot) && (!known() || !other.known() || namespace != other.namespace || equals(other));
    }

    /**
     * Returns whether the process is certainly not there any more.
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
