// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.packaging;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs systemd-analyze, whose absence or failure is a failure of the test. */
public final class SystemdAnalyze {
    private SystemdAnalyze() {}

    /**
     * Runs it.
     *
     * @param arguments of the command
     * @return what it printed
     * @throws AssertionError when it is missing, or its status is not 0
     */
    static String passing(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("systemd-analyze"));
        command.addAll(Arrays.asList(arguments));
        String output;
        int status;
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            status = process.waitFor();
        } catch (IOException e) {
            throw new AssertionError("systemd-analyze cannot be run: install the package systemd", e);
        }
        if (status != 0) {
            throw new AssertionError(
                    "%s ended with status %d: %s".formatted(String.join(" ", command), status, output));
        }
        return output;
    }

    /**
     * Lets systemd read units.
     *
     * @param units files, whose names end in the kind of unit
     * @throws AssertionError when systemd finds a fault in one of them, or does not read them
     */
    public static void verify(List<Path> units) throws InterruptedException {
        // Without --recursive-errors the status is 0 for an unknown key; with it, units of this host do not count.
        List<String> arguments = new ArrayList<>(List.of("verify", "--man=no", "--recursive-errors=no"));
        units.forEach(unit -> arguments.add(unit.toString()));
        passing(arguments.toArray(String[]::new));
    }
}
