// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** This project's front-end, {@code vhost4j bench load}, in its own process. */
final class OwnLoad implements Load {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Child child;
    private long lastSent;
    private long lastReceived;
    private long lastNanos;

    private OwnLoad(Child child) {
        this.child = child;
    }

    /**
     * Starts the front-end.
     *
     * @param core core on which it runs
     * @param what the kind of traffic, as on its command line
     * @param sockets sockets of the guests
     * @param options options of its command line
     * @return the front-end, attached, and idle until the command {@code start}
     */
    static OwnLoad start(Bench bench, int core, String what, List<Path> sockets, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("bench", "load", what));
        sockets.forEach(socket -> arguments.add("--socket=" + socket));
        arguments.addAll(List.of(options));
        Child child = bench.children().start("our front-end", core, OwnProgram.command(List.of(), arguments));
        try {
            child.await("ready\n", PATIENCE);
            return new OwnLoad(child);
        } catch (IOException e) {
            child.close();
            throw e;
        }
    }

    @Override
    public Child child() {
        return child;
    }

    /** Sends a command, and returns the answer without its first word. */
    String ask(String command, String answer) throws IOException {
        child.say(command);
        child.await(answer, PATIENCE);
        return child.await("\n", PATIENCE).strip();
    }

    @Override
    public void start() throws IOException {
        ask("start", "started");
    }

    @Override
    public void stop() throws IOException {
        ask("stop", "stopped");
    }

    @Override
    public PortStats stats() throws IOException {
        String[] words = ask("stats", "stats ").split(" ", -1);
        long sent = Long.parseLong(words[0]);
        long received = Long.parseLong(words[1]);
        long nanos = Long.parseLong(words[2]);
        double seconds = (nanos - lastNanos) / 1e9;
        PortStats stats = new PortStats(
                received,
                sent,
                Math.round((received - lastReceived) / seconds),
                Math.round((sent - lastSent) / seconds));
        lastSent = sent;
        lastReceived = received;
        lastNanos = nanos;
        return stats;
    }

    @Override
    public void quit() throws IOException {
        child.say("quit");
        child.exit(PATIENCE);
    }
}
