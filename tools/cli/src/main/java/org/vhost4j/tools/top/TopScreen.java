// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.top;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The terminal in a mode in which keys are read one by one and not echoed. {@link #close}, or a signal that ends the process, restores the
 * previous mode and contents.
 */
final class TopScreen implements AutoCloseable {
    /** Control sequence that saves the user's screen, and hides the cursor. */
    private static final String ENTER = "\033[?1049h\033[?25l";

    private static final String LEAVE = "\033[?25h\033[?1049l";
    private static final String HOME = "\033[H";
    private static final String CLEAR_TO_END_OF_LINE = "\033[K";
    private static final String CLEAR_BELOW = "\033[J";
    private static final int DEFAULT_ROWS = 24;
    private static final int DEFAULT_COLUMNS = 80;

    private final PrintStream out = System.out;
    private final InputStream in = System.in;
    private final String before;
    private final Thread hook = Thread.ofPlatform().unstarted(this::restore);

    /** The displayed lines. They are printed again at the end, because the user's restored screen does not contain them. */
    private List<String> shown = List.of();

    /** Whether the user's screen was restored, possibly by the shutdown hook; nothing is drawn afterwards. */
    private boolean restored;

    /**
     * The size of a terminal.
     *
     * @param rows number of lines
     * @param columns number of characters in a line
     */
    record Size(int rows, int columns) {}

    /**
     * Sets up the terminal.
     *
     * @param deciseconds maximum time for which {@link #key} waits
     * @throws IOException when stty does not support the terminal
     */
    TopScreen(int deciseconds) throws IOException {
        before = stty("-g").strip();
        Runtime.getRuntime().addShutdownHook(hook);
        synchronized (this) {
            if (!restored) {
                // A stopped process (Ctrl-Z) would leave the terminal in this mode.
                String unused =
                        stty("-icanon", "-echo", "susp", "undef", "min", "0", "time", Integer.toString(deciseconds));
                out.print(ENTER);
                out.flush();
            }
        }
    }

    /** Returns whether both standard input and standard output are a terminal. */
    static boolean isTerminal() throws IOException {
        Process process = new ProcessBuilder("sh", "-c", "test -t 0 && test -t 1")
                .inheritIO()
                .start();
        try {
            return process.waitFor() == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Returns the present size of the terminal. */
    Size size() {
        try {
            String[] parts = stty("size").strip().split(" ", -1);
            if (parts.length == 2) {
                Size size = new Size(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
                if (size.rows > 0 && size.columns > 0) {
                    return size;
                }
            }
        } catch (IOException | NumberFormatException e) {
            // Treated as unknown.
        }
        return new Size(DEFAULT_ROWS, DEFAULT_COLUMNS);
    }

    /** Replaces the contents of the screen. */
    void show(List<String> lines) {
        StringBuilder screen = new StringBuilder(HOME);
        for (int i = 0; i < lines.size(); i++) {
            screen.append(i == 0 ? "" : "\r\n").append(lines.get(i)).append(CLEAR_TO_END_OF_LINE);
        }
        synchronized (this) {
            if (!restored) {
                shown = lines;
                out.print(screen.append(CLEAR_BELOW));
                out.flush();
            }
        }
    }

    /** Waits for a key for some time; returns -1 when there was none. */
    int key() throws IOException {
        return in.read();
    }

    private static String stty(String... arguments) throws IOException {
        String[] command = new String[arguments.length + 1];
        command[0] = "stty";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        try {
            if (process.waitFor() != 0) {
                throw new IOException("stty does not support this terminal");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        return said;
    }

    /** Restores the terminal, once. Called by the shutdown hook and at the end of the command. */
    private synchronized void restore() {
        if (restored) {
            return;
        }
        restored = true;
        out.print(LEAVE);
        out.flush();
        try {
            String unused = stty(before);
        } catch (IOException e) {
            // The terminal is gone.
        }
        shown.forEach(out::println);
        out.flush();
    }

    @Override
    public void close() {
        restore();
        try {
            boolean unused = Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process ends.
        }
    }
}
