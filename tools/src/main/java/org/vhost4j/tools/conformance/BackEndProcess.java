// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.vhost4j.tools.CannotBeHonoured;

/** A back-end that the suite starts, and starts again. It is killed when this process ends. */
final class BackEndProcess {
    private static final int SIGNALLED = 128;
    private static final int SIGKILL_STATUS = SIGNALLED + 9;

    private final String command;
    private final Path socket;
    private final Path log;
    private final boolean removeSocket;
    private @Nullable Process process;

    /**
     * Prepares; nothing is started.
     *
     * @param command for the shell, with {@code {socket}} for the socket's path
     * @param removeSocket whether a socket that an earlier run left is in the way of the back-end
     */
    BackEndProcess(String command, Path socket, boolean removeSocket) {
        this.command = command.replace("{socket}", socket.toString());
        this.socket = socket;
        this.removeSocket = removeSocket;
        try {
            this.log = Files.createTempFile("vhost4j-conformance", ".log");
        } catch (IOException e) {
            throw new CannotBeHonoured("--exec: no place for the back-end's output: " + e.getMessage());
        }
        log.toFile().deleteOnExit();
    }

    void start() {
        try {
            if (removeSocket) {
                Files.deleteIfExists(socket);
            }
            // Standard input stays open: some back-ends end with it.
            process = new ProcessBuilder("setpriv", "--pdeathsig", "KILL", "sh", "-c", "exec " + command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
        } catch (IOException e) {
            throw new CannotBeHonoured("--exec: the back-end cannot be started: " + e.getMessage());
        }
    }

    void stop() {
        Process running = process;
        if (running == null) {
            return;
        }
        running.destroyForcibly();
        running.onExit().join();
        process = null;
    }

    boolean endsWithin(Duration longest) {
        Process running = process;
        try {
            return running != null && running.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** How the process ended, with its last line; null while it runs. */
    @Nullable
    String describeEnd() {
        Process running = process;
        if (running == null || !endsWithin(Duration.ofMillis(50))) {
            return null;
        }
        int status = running.exitValue();
        String how = status > SIGNALLED ? "was ended by signal " + (status - SIGNALLED) : "ended with status " + status;
        return how + "; its last line: " + lastLine();
    }

    /** For a back-end that ends with each connection: what is wrong with its end, or null. */
    @Nullable
    String endedBadly(Duration patience) {
        Process running = process;
        if (running == null || !endsWithin(patience)) {
            return "the back-end did not end with its connection, as it did before";
        }
        int status = running.exitValue();
        return status > SIGNALLED && status != SIGKILL_STATUS ? "the back-end " + describeEnd() : null;
    }

    private String lastLine() {
        try {
            List<String> lines = Files.readString(log, StandardCharsets.ISO_8859_1)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
            return lines.isEmpty() ? "none" : lines.getLast().strip();
        } catch (IOException e) {
            return "none";
        }
    }
}
