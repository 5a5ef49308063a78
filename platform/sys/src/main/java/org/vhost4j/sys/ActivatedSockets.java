// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The sockets that a service manager such as systemd has opened for this process (sd_listen_fds(3)). Their descriptors are numbered from 3.
 * LISTEN_FDS gives their number, LISTEN_FDNAMES their names, and LISTEN_PID the process for which they are meant.
 */
public final class ActivatedSockets {
    /** The environment variables that describe the sockets. */
    private static final List<String> VARIABLES = List.of("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES");

    private static final int FIRST = 3;

    /** Maximum value of LISTEN_FDS: more descriptors than any usual limit allows. */
    private static final int MOST = 65_536;

    /** The name of a socket without an entry in LISTEN_FDNAMES. */
    private static final String UNNAMED = "unknown";

    /**
     * An activated socket.
     *
     * @param number number of its descriptor
     * @param name FileDescriptorName= of its unit, or the unit's name
     */
    public record Activated(int number, String name) {}

    private ActivatedSockets() {}

    /**
     * Takes over the sockets: sets close-on-exec on each, and removes the environment variables, so that no child process sees them. Call
     * it once, at the start.
     *
     * @return the sockets in the order of their descriptors; empty when there are none, or LISTEN_PID names another process
     * @throws SystemError when a variable is invalid, or a descriptor is not open
     */
    public static List<Activated> take() {
        List<Activated> sockets = read(System.getenv(), ProcessHandle.current().pid());
        VARIABLES.forEach(LibC::unsetenv);
        for (Activated socket : sockets) {
            int flags = LibC.fcntl(socket.number(), LibC.F_GETFD, 0);
            if (flags < 0) {
                throw SystemError.explained(
                        "LISTEN_FDS says that descriptor " + socket.number()
                                + " is a socket for this process, but it is not open",
                        -flags);
            }
            SystemError.check(
                    LibC.fcntl(socket.number(), LibC.F_SETFD, flags | LibC.FD_CLOEXEC),
                    "cannot keep descriptor " + socket.number());
        }
        return sockets;
    }

    /**
     * Parses the variables.
     *
     * @param environment environment of the process
     * @param process ID of this process; the variables are ignored when LISTEN_PID is another process, such as the parent
     */
    static List<Activated> read(Map<String, String> environment, long process) {
        String count = environment.get("LISTEN_FDS");
        if (count == null || !Long.toString(process).equals(environment.get("LISTEN_PID"))) {
            return List.of();
        }
        if (!count.matches("[0-9]{1,6}") || Integer.parseInt(count) > MOST) {
            throw SystemError.explained("LISTEN_FDS=" + count + " is not a number of sockets", Errno.EINVAL);
        }
        String names = environment.get("LISTEN_FDNAMES");
        String[] each = names == null ? new String[0] : names.split(":", -1);
        int sockets = Integer.parseInt(count);
        if (names != null && each.length != sockets) {
            throw SystemError.explained(
                    "LISTEN_FDNAMES=" + names + " has " + each.length + " names, and LISTEN_FDS=" + count
                            + " says how many sockets there are",
                    Errno.EINVAL);
        }
        List<Activated> all = new ArrayList<>();
        for (int i = 0; i < sockets; i++) {
            all.add(new Activated(FIRST + i, names == null || each[i].isEmpty() ? UNNAMED : each[i]));
        }
        return all;
    }
}
