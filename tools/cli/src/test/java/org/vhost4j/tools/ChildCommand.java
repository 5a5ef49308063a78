// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.vhost4j.tools.common.MainClass;

/** A command in a process of its own, whose signals are as a shell with job control leaves them. */
final class ChildCommand implements AutoCloseable {
    private static final int MOST_SECONDS = 120;

    private final Process process;
    private final Path out;
    private final Path err;

    /**
     * Starts it.
     *
     * @param directory where its output is put
     * @param name the beginning of the names of these files
     * @param terminal what a shell does first on the terminal that the command then has; empty for none
     * @param arguments what is behind {@code vhost4j}
     */
    ChildCommand(Path directory, String name, String terminal, String... arguments) throws IOException {
        this(directory, name, terminal, List.of(), arguments);
    }

    private ChildCommand(Path directory, String name, String terminal, List<String> before, String... arguments)
            throws IOException {
        out = directory.resolve(name + ".out");
        err = directory.resolve(name + ".err");
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of("env", "--default-signal=INT,TERM"));
        command.addAll(program());
        command.addAll(List.of(arguments));
        if (!terminal.isEmpty()) {
            String line = terminal + "; exec '" + String.join("' '", command) + "'";
            command = List.of("script", "-qefc", line, "/dev/null");
        }
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().remove("COLUMNS");
        builder.environment().remove("NO_COLOR");
        builder.environment().put("TERM", "xterm");
        builder.redirectInput(ProcessBuilder.Redirect.PIPE);
        process =
                builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    }

    /** Starts it as root of a user namespace with a network of its own, in which TAPs and addresses are not this host's. */
    static ChildCommand inNetwork(Path directory, String name, String... arguments) throws IOException {
        return new ChildCommand(
                directory,
                name,
                "",
                List.of(
                        "unshare",
                        "--user",
                        "--map-root-user",
                        "--net",
                        "sh",
                        "-c",
                        "ip link set lo up; exec \"$@\"",
                        "sh"),
                arguments);
    }

    /**
     * Starts it with a pipe that is full as its standard output: it runs until it has something to print, and waits then in
     * {@code pipe_write}.
     */
    static ChildCommand intoFullPipe(Path directory, String name, String... arguments) throws IOException {
        String pipe = directory.resolve(name + ".pipe").toString();
        return new ChildCommand(
                directory,
                name,
                "",
                List.of(
                        "bash",
                        "-c",
                        "mkfifo \"$0\" && exec 3<>\"$0\" && { dd if=/dev/zero of=\"$0\" oflag=nonblock status=none 2>&- || :; }"
                                + " && exec \"$@\" >&3",
                        pipe),
                arguments);
    }

    /** The words before the arguments of {@code vhost4j}, for a process of the classes that are tested. */
    static List<String> program() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Djna.nosys=true",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                MainClass.NAME);
    }

    String out() {
        return read(out);
    }

    String err() {
        return read(err);
    }

    boolean hasEnded() {
        return !process.isAlive();
    }

    boolean endsWithin(Duration time) throws InterruptedException {
        return process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The programs that it has started, and those that they have. */
    List<ProcessHandle> descendants() {
        return process.descendants().toList();
    }

    /** Whether a thread of it waits in a function of the kernel whose name ends like this. */
    boolean waitsIn(String function) {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + process.pid() + "/task"))) {
            for (Path task : tasks) {
                if (Files.readString(task.resolve("wchan")).endsWith(function)) {
                    return true;
                }
            }
        } catch (IOException e) {
            // A thread has ended.
            return false;
        }
        return false;
    }

    /** Types on its terminal. */
    void type(String keys) throws IOException {
        process.getOutputStream().write(keys.getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
    }

    /** Sends a signal, by its name without SIG. */
    void signal(String name) throws IOException, InterruptedException {
        int unused = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
    }

    /** Waits until it has ended; returns its status, 128 and the signal's number when that ended it. */
    int status() throws InterruptedException {
        if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("does not end; it printed " + out() + err());
        }
        return process.exitValue();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
