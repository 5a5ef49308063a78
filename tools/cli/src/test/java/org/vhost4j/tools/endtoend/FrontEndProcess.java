// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A front-end in its own process, which can be killed at any time: {@code front-end.c}, compiled once. */
public final class FrontEndProcess implements AutoCloseable {
    private static final String SOURCE = "front-end.c";

    private final Process process;
    private final BufferedReader lines;
    private final BufferedWriter commands;

    private FrontEndProcess(Process process) {
        this.process = process;
        this.lines = process.inputReader(StandardCharsets.UTF_8);
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
    }

    /** Starts the front-end by another command, such as {@code unshare}. */
    public static FrontEndProcess start(List<String> before, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.add(Program.FILE.toString());
        command.addAll(List.of(arguments));
        return new FrontEndProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** Starts the front-end. */
    public static FrontEndProcess start(String... arguments) throws IOException {
        return start(List.of(), arguments);
    }

    /** Returns the next line of its output; null when it has ended. */
    public String line() throws IOException {
        return lines.readLine();
    }

    /** Sends a command to the front-end. */
    public void command(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
    }

    /** Returns whether the process runs. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Returns the process ID. */
    public long pid() {
        return process.pid();
    }

    /** Kills the process by SIGKILL, stopped or not, and waits for its end. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        awaitEnd();
    }

    /** Waits until the process has ended by itself. */
    public void awaitEnd() throws InterruptedException {
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            throw new AssertionError("the front-end has not ended");
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            lines.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Compiles the program when it is first needed. */
    private static final class Program {
        private static final Path FILE = compiled();

        private static Path compiled() {
            try (InputStream source = FrontEndProcess.class.getResourceAsStream(SOURCE)) {
                Path directory = Files.createTempDirectory(
                        "vhost4j-front-end",
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
                directory.toFile().deleteOnExit();
                Path file = directory.resolve("front-end");
                file.toFile().deleteOnExit();
                Process compiler = new ProcessBuilder(
                                "gcc",
                                "-std=gnu17",
                                "-O1",
                                "-Wall",
                                "-Wextra",
                                "-Werror",
                                "-x",
                                "c",
                                "-o",
                                file.toString(),
                                "-")
                        .redirectErrorStream(true)
                        .start();
                try (var to = compiler.getOutputStream()) {
                    source.transferTo(to);
                }
                String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                if (compiler.waitFor() != 0) {
                    throw new AssertionError(SOURCE + " does not compile: " + said);
                }
                return file;
            } catch (IOException | InterruptedException e) {
                throw new AssertionError("cannot compile " + SOURCE, e);
            }
        }
    }
}
