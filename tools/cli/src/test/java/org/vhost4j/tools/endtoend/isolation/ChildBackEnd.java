// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The program in its own process, with the classes under test. Its lines include those of standard error. */
public final class ChildBackEnd implements AutoCloseable {
    private final Process process;
    private final BufferedReader reader;
    private final List<String> lines = new ArrayList<>();

    private ChildBackEnd(Process process) {
        this.process = process;
        this.reader = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts {@code vhost4j} with arguments, in a directory. */
    public static ChildBackEnd start(Path directory, String... arguments) throws IOException {
        return startBehind(List.of(), directory, arguments);
    }

    /** Starts {@code vhost4j} by another command, such as {@code unshare}. */
    public static ChildBackEnd startBehind(List<String> before, Path directory, String... arguments)
            throws IOException {
        String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djna.nosys=true",
                "-cp",
                classes,
                "org.vhost4j.tools.Vhost4j"));
        command.addAll(List.of(arguments));
        return new ChildBackEnd(new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start());
    }

    /** Reads lines until one contains every fragment. */
    public String awaitLine(String... fragments) throws IOException {
        String line = reader.readLine();
        while (line != null) {
            lines.add(line);
            if (List.of(fragments).stream().allMatch(line::contains)) {
                return line;
            }
            line = reader.readLine();
        }
        throw new AssertionError("no line with " + List.of(fragments) + " in " + lines);
    }

    /** Returns the process ID. */
    public long pid() {
        return process.pid();
    }

    /** Sends SIGTERM. */
    public void terminate() {
        // Process.destroy would close the streams that we still read.
        boolean unused = process.toHandle().destroy();
    }

    /** Sends SIGKILL. */
    public void kill() {
        process.destroyForcibly().onExit().join();
    }

    /** Waits for the end of the process, and reads its remaining output. */
    public int awaitEnd(long seconds) throws IOException, InterruptedException {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            throw new AssertionError("has not ended within " + seconds + " s; it said " + lines);
        }
        lines.addAll(reader.lines().toList());
        return process.exitValue();
    }

    public List<String> lines() {
        return List.copyOf(lines);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
