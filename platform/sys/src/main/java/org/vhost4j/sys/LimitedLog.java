// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Writes lines from any thread to a stream that may block, such as a pipe that is not read. Only the log's own thread waits for the stream;
 * {@link #line} never does. The number of waiting lines and the rate of lines from one source are limited. Dropped lines are counted, and
 * the count is written as soon as there is room.
 */
public final class LimitedLog implements AutoCloseable {
    /** Maximum length of a line in characters; longer lines are truncated. */
    private static final int MOST_CHARACTERS_OF_A_LINE = 4096;

    /** Maximum number of lines in one write call. */
    private static final int BATCH = 64;

    /**
     * The limits of a log.
     *
     * @param waitingLines maximum number of lines that wait for the stream
     * @param waitingCharacters maximum total number of characters in the waiting lines
     * @param burst maximum number of lines that one source may write at once
     * @param perSecond number of lines per second that one source may write after the burst
     */
    public record Limits(int waitingLines, int waitingCharacters, int burst, int perSecond) {
        /** Up to 10,000 waiting lines and 1 Mi characters; for each source a burst of 100 lines, then 10 lines per second. */
        public static final Limits DEFAULT = new Limits(10_000, 1 << 20, 100, 10);
    }

    private final OutputStream out;
    private final Limits limits;
    private final LongSupplier nanoTime;
    private final Thread writer;

    // All fields below are guarded by lock, which is never held while the stream is written.
    private final Object lock = new Object();
    private final ArrayDeque<String> waiting = new ArrayDeque<>();
    private final Map<String, LineBudget> budgets = new LinkedHashMap<>();
    private int waitingCharacters;
    private long leftOut;
    private boolean closed;

    /**
     * Starts a log.
     *
     * @param out stream that the log's own daemon thread writes; an error loses only the lines being written
     * @param name name of the thread
     */
    public LimitedLog(OutputStream out, String name) {
        this(out, name, Limits.DEFAULT, System::nanoTime);
    }

    /**
     * Starts a log with limits and a clock.
     *
     * @param out stream that the log's own daemon thread writes; an error loses only the lines being written
     * @param name name of the thread
     * @param limits limits of the log
     * @param nanoTime the clock, in nanoseconds
     */
    LimitedLog(OutputStream out, String name, Limits limits, LongSupplier nanoTime) {
        this.out = out;
        this.limits = limits;
        this.nanoTime = nanoTime;
        writer = ControlThread.start(name, this::write);
    }

    /**
     * Queues a line of this program itself, whose rate is not limited. Never waits for the stream.
     *
     * @param text the line without its end; a line end inside it becomes a space
     */
    public void line(String text) {
        synchronized (lock) {
            enqueue(text);
        }
    }

    /**
     * Queues a line that another process causes. Never waits for the stream.
     *
     * @param source the process that causes it, such as a guest's name; lines above the source's limit are dropped
     * @param text the line without its end; a line end inside it becomes a space
     */
    public void line(String source, String text) {
        synchronized (lock) {
            LineBudget budget = budgets.computeIfAbsent(source, any -> new LineBudget(limits.burst, limits.perSecond));
            boolean owed = budget.owes();
            if (budget.take(nanoTime.getAsLong())) {
                enqueue(text);
            } else if (!owed) {
                // The writer now waits with a timeout, to report dropped lines.
                lock.notifyAll();
            }
        }
    }

    private void enqueue(String text) {
        if (closed) {
            return;
        }
        String line = text.length() > MOST_CHARACTERS_OF_A_LINE
                ? text.substring(0, MOST_CHARACTERS_OF_A_LINE) + " ..."
                : text;
        if (waiting.size() >= limits.waitingLines || waitingCharacters + line.length() > limits.waitingCharacters) {
            leftOut++;
            return;
        }
        if (leftOut > 0) {
            add(leftOut + " lines left out here: this output is not read as fast as it is written");
            leftOut = 0;
        }
        add(line.replace('\n', ' ').replace('\r', ' '));
        lock.notifyAll();
    }

    private void add(String line) {
        waiting.add(line);
        waitingCharacters += line.length();
    }

    private void write() {
        List<String> batch = new ArrayList<>();
        try {
            while (takeInto(batch)) {
                StringBuilder text = new StringBuilder();
                batch.forEach(line -> text.append(line).append('\n'));
                batch.clear();
                send(text.toString().getBytes(StandardCharsets.UTF_8));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @SuppressWarnings("EmptyCatch")
    private void send(byte[] text) {
        try {
            out.write(text);
            out.flush();
        } catch (IOException e) {
            // The disk is full or the reader is gone. The next lines may succeed, and there is no other place to report
            // it.
        }
    }

    /** Waits for lines; returns false when the log is closed and all lines are written. */
    private boolean takeInto(List<String> batch) throws InterruptedException {
        synchronized (lock) {
            while (true) {
                boolean owed = reportDropped();
                while (batch.size() < BATCH && !waiting.isEmpty()) {
                    String line = waiting.remove();
                    waitingCharacters -= line.length();
                    batch.add(line);
                }
                if (waiting.isEmpty() && leftOut > 0) {
                    batch.add(leftOut + " lines left out here: this output is not read as fast as it is written");
                    leftOut = 0;
                }
                if (!batch.isEmpty()) {
                    return true;
                }
                if (closed) {
                    return false;
                }
                lock.wait(owed ? TimeUnit.NANOSECONDS.toMillis(LineBudget.SECOND) / 4 : 0);
            }
        }
    }

    /** Reports the lines that were dropped by the sources' budgets; returns true while there are more to report later. */
    private boolean reportDropped() {
        boolean owed = false;
        for (Map.Entry<String, LineBudget> entry : budgets.entrySet()) {
            LineBudget budget = entry.getValue();
            long count = budget.takeDropped(nanoTime.getAsLong(), closed);
            if (count > 0) {
                add(entry.getKey() + ": " + count + " lines left out: more than " + limits.perSecond + " a second");
            }
            owed |= budget.owes();
        }
        return owed;
    }

    /** Accepts no more lines, and waits at most 200 ms until the waiting lines are written. */
    @Override
    public void close() {
        close(200);
    }

    /**
     * Accepts no more lines, and waits until the waiting lines are written.
     *
     * @param millis maximum time to wait in milliseconds, at least 1
     */
    public void close(long millis) {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        try {
            writer.join(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
