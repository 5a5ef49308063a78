// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The process at the other end of a connected Unix socket, so exactly that another one with the same number is told apart.
 *
 * @param boot the kernel's boot_id: process numbers and start times begin anew with each boot
 * @param number the process's number, 1 or more
 * @param startTime when it started, in clock ticks after the boot
 */
public record PeerProcess(String boot, int number, long startTime) {
    /** In /proc/PID/stat, counted from the state, which follows the name in parentheses. */
    private static final int START_TIME_AFTER_NAME = 19;

    /**
     * Asks the kernel who created the other end (unix(7), SO_PEERCRED): who called connect(2), or listen(2) when it was us who
     * connected.
     *
     * @param socket a connected Unix socket
     * @return the process; nothing when it has ended, or lives in a process namespace that ours does not see
     */
    public static Optional<PeerProcess> of(Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            // struct ucred: process, user, group.
            MemorySegment credentials = arena.allocate(ValueLayout.JAVA_INT, 3);
            MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
            length.set(ValueLayout.JAVA_INT, 0, (int) credentials.byteSize());
            int result = LibC.getsockopt(socket.number(), LibC.SO_PEERCRED, credentials.address(), length.address());
            int number = credentials.get(ValueLayout.JAVA_INT, 0);
            return result < 0 || number <= 0 ? Optional.empty() : withNumber(number);
        }
    }

    private static Optional<PeerProcess> withNumber(int number) {
        try {
            String boot =
                    Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
            String stat = Files.readString(Path.of("/proc", Integer.toString(number), "stat"));
            // The name in parentheses may hold spaces and parentheses itself.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return Optional.of(new PeerProcess(boot, number, Long.parseLong(fields[START_TIME_AFTER_NAME])));
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    /**
     * Whether the process is still there.
     *
     * @return false once it has ended
     */
    public boolean lives() {
        return withNumber(number).filter(this::equals).isPresent();
    }
}
