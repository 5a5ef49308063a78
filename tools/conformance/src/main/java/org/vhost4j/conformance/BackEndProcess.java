// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.vhost4j.tools.common.UnsupportedOption;

/** The process of a back-end that the suite starts and restarts. It is killed when this process ends. */
public final class BackEndProcess {
    private static final int TAIL_BYTES = 4096;
    private static final int SIGNALLED = 128;
    private static final int SIGPIPE_STATUS = SIGNALLED + 13;

    private final String command;
    private final Path socket;
    private final Path log;
    private final boolean removeSocket;
    private final ExecutorService starter = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("back-end").factory());
    private @Nullable Process process;

    /**
     * Prepares the process without starting it.
     *
     * @param command the command line for the shell, in which {@code {socket}} stands for the path of the socket
     * @param socket the path of the socket
     * @param removeSocket whether to remove a socket file of an earlier run before the start, because it would block the back-end
     * @throws UnsupportedOption when the output of the back-end cannot be stored
     */
    public BackEndProcess(String command, Path socket, boolean removeSocket) {
        this.command = command.replace("{socket}", socket.toString());
        this.socket = socket;
        this.removeSocket = removeSocket;
        try {
            this.log = Files.createTempFile("vhost4j-conformance", ".log");
        } catch (IOException e) {
            throw new UnsupportedOption("--exec: the back-end's output cannot be stored: " + e.getMessage());
        }
        log.toFile().deleteOnExit();
    }

    /**
     * Starts the back-end, from a thread that stays alive: the kernel kills the child when the thread that created it ends.
     *
     * @throws UnsupportedOption when the back-end cannot be started
     */
    public void start() {
        try {
            if (removeSocket) {
                Files.deleteIfExists(socket);
            }
            process = starter.submit(this::launch).get();
        } catch (ExecutionException e) {
            throw new UnsupportedOption("--exec: the back-end cannot be started: " + e.getMessage());
        } catch (IOException e) {
            throw new UnsupportedOption("--exec: " + socket + " exists and cannot be removed: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnsupportedOption("--exec: interrupted while the back-end was started");
        }
    }

    private Process launch() throws IOException {
        // Standard input stays open, because some back-ends exit when it is closed.
        return new ProcessBuilder("setpriv", "--pdeathsig", "KILL", "sh", "-c", "exec " + command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(log.toFile()))
                .start();
    }

    /** Kills the back-end if it runs, and waits for its end. */
    public void stop() {
        Process running = process;
        if (running == null) {
            return;
        }
        running.destroyForcibly();
        running.onExit().join();
        process = null;
    }

    /**
     * Waits for the end of the back-end.
     *
     * @param longest the longest time to wait
     * @return false when the back-end still runs afterwards
     */
    public boolean endsWithin(Duration longest) {
        Process running = process;
        try {
            return running != null && running.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Describes the end of the process, with its last line of output; returns null while it runs. */
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

    /**
     * Describes the end of the process if a signal ended it that this class did not send. Returns null when the process runs or has exited
     * by itself.
     */
    @Nullable
    String crash() {
        Process running = process;
        if (running == null || !endsWithin(Duration.ofMillis(50))) {
            return null;
        }
        int status = running.exitValue();
        // SIGPIPE after writing to a closed connection is not a crash.
        return status > SIGNALLED && status != SIGPIPE_STATUS ? describeEnd() : null;
    }

    /** Returns whether the process has ended. */
    boolean ended() {
        Process running = process;
        return running == null || !running.isAlive();
    }

    private String lastLine() {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            // Some back-ends print a line for each frame.
            file.seek(Math.max(0, file.length() - TAIL_BYTES));
            byte[] tail = new byte[TAIL_BYTES];
            int bytes = Math.max(0, file.read(tail));
            List<String> lines = new String(tail, 0, bytes, StandardCharsets.ISO_8859_1)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
            return lines.isEmpty() ? "none" : lines.getLast().strip();
        } catch (IOException e) {
            return "none";
        }
    }
}
