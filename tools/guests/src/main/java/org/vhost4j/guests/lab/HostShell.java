// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Short commands of the host's shell, which set up what guests hang on. */
public final class HostShell {
    private HostShell() {}

    /**
     * Runs a command that must succeed within a minute.
     *
     * @param command for {@code sh -c}
     * @return what it printed, to standard output and to standard error
     * @throws IOException when it fails, with what it printed
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
