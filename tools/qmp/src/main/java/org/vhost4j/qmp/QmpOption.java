// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** The option {@code --qmp unix:PATH}, optionally followed by QEMU's {@code ,server=on,wait=off}. */
public final class QmpOption {
    private static final String UNIX = "unix:";

    private QmpOption() {}

    /**
     * Parses the value of the option.
     *
     * @param value the value
     * @return the path of the socket
     * @throws IllegalArgumentException when the value is invalid; the message is for the user
     */
    public static Path parse(String value) {
        String option = "--qmp=" + value;
        if (!value.startsWith(UNIX)) {
            throw new IllegalArgumentException(option + ": a monitor is unix:PATH");
        }
        String[] parts = value.substring(UNIX.length()).split(",", -1);
        if (parts[0].isEmpty()) {
            throw new IllegalArgumentException(option + ": the path is empty");
        }
        for (int i = 1; i < parts.length; i++) {
            switch (parts[i]) {
                case "server", "server=on", "wait=off", "nowait" -> {
                    // The suboptions have their default values.
                }
                case "server=off" ->
                    throw new IllegalArgumentException(
                            option + ": server=off is not supported, because the monitor listens");
                case "wait", "wait=on" ->
                    throw new IllegalArgumentException(
                            option + ": wait=on is not supported, because the program does not wait for a client");
                default ->
                    throw new IllegalArgumentException(
                            option + ": there is no option '" + parts[i] + "' (server=on, wait=off)");
            }
        }
        try {
            return Path.of(parts[0]);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(option + ": not a valid path: " + e.getReason(), e);
        }
    }
}
