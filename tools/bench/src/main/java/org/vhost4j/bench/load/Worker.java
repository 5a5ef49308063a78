// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;

/**
 * Runs a job between {@code start} and {@code stop}. Commands arrive on standard input, one per line: {@code start}, {@code stop},
 * {@code stats}, {@code latency} and {@code interval MICROSECONDS} (while stopped), {@code quit}; each is answered with one line that
 * begins with the same word.
 */
final class Worker {
    private static final long SETTLE = TimeUnit.SECONDS.toNanos(2);

    private final Job job;
    private final SynchronousQueue<Boolean> orders = new SynchronousQueue<>();
    private final SynchronousQueue<Boolean> done = new SynchronousQueue<>();
    private volatile boolean running;
    private volatile long sent;
    private volatile long received;

    Worker(Job job) {
        this.job = job;
    }

    /** Executes commands until {@code quit}, or standard input ends. */
    void run(PrintStream out) throws IOException {
        Thread.ofPlatform().daemon().name("vhost4j-load").start(this::work);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        out.println("ready");
        try {
            for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
                out.println(answer(line));
            }
            if (running) {
                stop();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String answer(String line) throws InterruptedException {
        String[] words = line.split(" ", 2);
        return switch (words[0]) {
            case "start" -> {
                running = true;
                orders.put(true);
                yield "started";
            }
            case "stop" -> {
                stop();
                yield "stopped";
            }
            case "stats" -> "stats %d %d %d".formatted(sent, received, System.nanoTime());
            case "latency" -> "latency " + job.latency();
            case "interval" -> {
                job.interval(TimeUnit.MICROSECONDS.toNanos(Long.parseLong(words[1])));
                yield "interval";
            }
            default -> "unknown " + line;
        };
    }

    private void stop() throws InterruptedException {
        running = false;
        done.take();
    }

    private void work() {
        int steps = job.steps();
        try {
            while (orders.take()) {
                while (running) {
                    for (int i = 0; i < steps; i++) {
                        job.step();
                    }
                    publish();
                }
                long deadline = System.nanoTime() + SETTLE;
                while (!job.drained() && System.nanoTime() - deadline < 0) {
                    Thread.onSpinWait();
                }
                publish();
                done.put(true);
            }
        } catch (RuntimeException e) {
            // The reader of the output detects its end.
            System.out.println("failed: " + e.getMessage());
            Runtime.getRuntime().halt(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void publish() {
        sent = job.sent();
        received = job.received();
    }
}
