// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Runs short commands in the host's shell, which set up the network of guests. */
public final class HostShell {
    private HostShell() {}

    /**
     * Runs a command that must succeed within a minute.
     *
     * @param command the command line for {@code sh -c}
     * @return its output, from both standard output and standard error
     * @throws IOException when the command fails; the message contains its output
     */
    public static String run(String command) throws IOException {
        Process process = new ProcessBuilder("sh", "-c", command)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IOException("'" + command + "': " + output.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        return output;
    }
}
