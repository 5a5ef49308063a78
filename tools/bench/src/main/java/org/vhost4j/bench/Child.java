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

/** A running program: what it prints is kept, its commands go to its standard input. */
final class Child implements AutoCloseable {
    private static final long CLOCK_TICKS_PER_SECOND = 100;
    /** What an ended program has printed arrives within this. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final String name;
    private final Process process;
    private final StringBuilder output = new StringBuilder();
    /** How much of the output {@link #await} has consumed. */
    private int consumed;
    /** The program has closed its output. */
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
            // The stream breaks when the program is stopped; what counts is that it says nothing more.
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
     * Waits until the program has printed a text after what was awaited last.
     *
     * @return everything from there to the text's end
     * @throws IOException when it ends, or lets the time pass, without having printed it
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
                throw new IOException("%s has not said '%s' within %d seconds; its last line is: %s"
                        .formatted(name, text.strip(), patience.toSeconds(), lastLine()));
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(name + ": interrupted while it was waited for", e);
            }
        }
    }

    /** All that the program has printed. */
    synchronized String output() {
        return output.toString();
    }

    /** What the program has printed last, when it has ended by itself. */
    synchronized String lastWords() throws IOException {
        long deadline = System.nanoTime() + LAST_WORDS.toNanos();
        try {
            for (long left = LAST_WORDS.toMillis(); !ended && left > 0; ) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(name + ": interrupted while it was waited for", e);
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

    /** Freezes the program where it is. */
    void pause() throws IOException {
        signal("STOP");
    }

    /** Lets a frozen program continue. */
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
            throw new IOException(name + ": interrupted while it was signalled", e);
        }
    }

    /** Processor time that the program has taken so far, in milliseconds; the kernel counts in hundredths of a second. */
    long cpuMillis() throws IOException {
        String stat = Files.readString(proc("stat"));
        // The second field is the name in parentheses, which may contain spaces; user and system time are 14th and
        // 15th.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * 1000 / CLOCK_TICKS_PER_SECOND;
    }

    /** How often its threads have given up or lost the processor so far: each time one of them is woken, that makes one. */
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

    /** Resident memory without what it shares with others, which guest memory is, in bytes. */
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

    /** The process's number. */
    long pid() {
        return process.pid();
    }

    /** Whether the program runs. */
    boolean alive() {
        return process.isAlive();
    }

    /** Whether the program has started others that run. */
    boolean hasChildren() {
        return process.children().findAny().isPresent();
    }

    /** The status with which the program ended by itself, waited for. */
    int exit(Duration patience) throws IOException {
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("%s has not ended within %d seconds; its last line is: %s"
                        .formatted(name, patience.toSeconds(), lastLine()));
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(name + ": interrupted while it was waited for", e);
        }
    }

    /** Asks the program to end. */
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
