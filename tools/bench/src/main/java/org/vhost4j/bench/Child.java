// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A running program: its output is stored, and commands are written to its standard input. */
final class Child implements AutoCloseable {
    private static final long CLOCK_TICKS_PER_SECOND = 100;
    /** Maximum time to wait for the output of a program that has ended. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final String name;
    private final Process process;
    private final StringBuilder output = new StringBuilder();
    /** Number of characters of the output that {@link #await} has consumed. */
    private int consumed;
    /** Whether the program has closed its output. */
    private boolean ended;

    Child(String name, Process process) {
        this.name = name;
        this.process = process;
        Thread.ofPlatform().daemon().name("output-of-" + name).start(this::read);
    }

    private void read() {
        byte[] bytes = new byte[4096];
        try (InputStream in = process.getInputStream()) {
            for (int n = in.read(bytes); n > 0; n = in.read(bytes)) {
                synchronized (this) {
                    output.append(new String(bytes, 0, n, StandardCharsets.ISO_8859_1));
                    notifyAll();
                }
            }
        } catch (IOException e) {
            // Reading fails when the program is killed, which means that there is no further output.
            add("\n" + e.getMessage());
        }
        synchronized (this) {
            ended = true;
            notifyAll();
        }
    }

    private synchronized void add(String text) {
        output.append(text);
    }

    /** Writes a line to the program. */
    void say(String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
        process.getOutputStream().flush();
    }

    /**
     * Waits until the program has printed a text, after the text of the last call.
     *
     * @return all output up to the end of the text
     * @throws IOException when the program ends, or the time passes, before it has printed the text
     */
    synchronized String await(String text, Duration patience) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            int at = output.indexOf(text, consumed);
            if (at >= 0) {
                String found = output.substring(consumed, at + text.length());
                consumed = at + text.length();
                return found;
            }
            if (ended) {
                throw new IOException("%s ended unexpectedly: %s".formatted(name, lastLine()));
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                throw new IOException("%s has not printed '%s' within %d seconds; its last line is: %s"
                        .formatted(name, text.strip(), patience.toSeconds(), lastLine()));
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(name + ": interrupted while waiting for it", e);
            }
        }
    }

    /** Returns all output of the program. */
    synchronized String output() {
        return output.toString();
    }

    /** Returns the last line that the program has printed, when it has ended by itself. */
    synchronized String lastWords() throws IOException {
        long deadline = System.nanoTime() + LAST_WORDS.toNanos();
        try {
            for (long left = LAST_WORDS.toMillis(); !ended && left > 0; ) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(name + ": interrupted while waiting for it", e);
        }
        return lastLine();
    }

    private synchronized String lastLine() {
        String last = "nothing";
        for (String line : output.toString().lines().toList()) {
            last = line.isBlank() ? last : line.strip();
        }
        return last;
    }

    /** Stops the program by a signal (SIGSTOP). */
    void pause() throws IOException {
        signal("STOP");
    }

    /** Continues a stopped program (SIGCONT). */
    void resume() throws IOException {
        signal("CONT");
    }

    private void signal(String signal) throws IOException {
        try {
            int status = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .redirectErrorStream(true)
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new IOException(
                        "%s could not be sent SIG%s; its last line is: %s".formatted(name, signal, lastLine()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(name + ": interrupted while sending it a signal", e);
        }
    }

    /**
     * Returns the processor time of the program so far, in milliseconds; the kernel counts in hundredths of a second.
     */
    long cpuMillis() throws IOException {
        String stat = Files.readString(proc("stat"));
        // The second field is the name in parentheses, which may contain spaces; user and system time are 14th and
        // 15th.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * 1000 / CLOCK_TICKS_PER_SECOND;
    }

    /**
     * Returns the number of context switches of the program's threads so far: each time a thread that was woken sleeps
     * again counts as one.
     */
    long contextSwitches() throws IOException {
        long switches = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(proc("task"))) {
            for (Path thread : threads) {
                for (String line : Files.readAllLines(thread.resolve("status"))) {
                    if (line.contains("voluntary_ctxt_switches:")) {
                        switches += number(line);
                    }
                }
            }
        }
        return switches;
    }

    /** Returns the resident memory in bytes without shared memory, such as guest memory. */
    long ownResidentBytes() throws IOException {
        long kibibytes = 0;
        for (String line : Files.readAllLines(proc("status"))) {
            if (line.startsWith("RssAnon:") || line.startsWith("RssFile:")) {
                kibibytes += number(line);
            }
        }
        return kibibytes * 1024;
    }

    private static long number(String line) {
        return Long.parseLong(
                line.substring(line.indexOf(':') + 1).replace("kB", "").strip());
    }

    private Path proc(String file) {
        return Path.of("/proc", Long.toString(process.pid()), file);
    }

    /** Returns the process ID. */
    long pid() {
        return process.pid();
    }

    /** Returns whether the program runs. */
    boolean alive() {
        return process.isAlive();
    }

    /** Returns whether the program has running child processes. */
    boolean hasChildren() {
        return process.children().findAny().isPresent();
    }

    /** Waits for the program to end by itself, and returns its exit status. */
    int exit(Duration patience) throws IOException {
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("%s has not ended within %d seconds; its last line is: %s"
                        .formatted(name, patience.toSeconds(), lastLine()));
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(name + ": interrupted while waiting for it", e);
        }
    }

    /** Requests that the program end (SIGTERM). */
    void terminate() {
        process.destroy();
    }

    /** Kills the program if it still runs, even if it is stopped by a signal. */
    @Override
    public void close() {
        process.destroyForcibly();
        boolean interrupted = false;
        while (true) {
            try {
                process.waitFor();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
