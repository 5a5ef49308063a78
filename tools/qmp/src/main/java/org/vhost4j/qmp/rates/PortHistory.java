// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.rates;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.vhostuser.server.PortSnapshot;

/** The rates of all ports over the last minutes. */
public final class PortHistory implements AutoCloseable {
    /** The number of intervals that are kept: five minutes. */
    public static final int MOST = 150;

    /** The length of an interval. */
    public static final Duration INTERVAL = Duration.ofSeconds(2);

    private static final double NANOS = 1e9;

    private final Supplier<List<PortSnapshot>> ports;
    private final LongSupplier clock;
    private final Map<String, Past> pasts = new HashMap<>();
    private long sampledAt;
    private int samples;
    private @Nullable Thread thread;

    /** What is known of one port. */
    private static final class Past {
        private PortSnapshot last;
        private final List<PortRates> rates = new ArrayList<>();

        private Past(PortSnapshot first) {
            last = first;
        }
    }

    /**
     * A history that knows nothing yet.
     *
     * @param ports what all ports have counted so far
     * @param clock nanoseconds of any origin
     */
    public PortHistory(Supplier<List<PortSnapshot>> ports, LongSupplier clock) {
        this.ports = ports;
        this.clock = clock;
    }

    /**
     * Begins to read the counters every {@link #INTERVAL}.
     *
     * @param ports what all ports have counted so far
     * @return a history, to be closed
     */
    public static PortHistory start(Supplier<List<PortSnapshot>> ports) {
        PortHistory history = new PortHistory(ports, System::nanoTime);
        history.sample();
        history.thread = Thread.ofPlatform().daemon().name("vhost4j-rates").start(history::run);
        return history;
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(INTERVAL);
                sample();
            }
        } catch (InterruptedException e) {
            // It is closed.
        }
    }

    /** Reads all counters: an interval ends, and the next begins. A port that is new has its first rates an interval later. */
    public void sample() {
        List<PortSnapshot> now = ports.get();
        synchronized (this) {
            long at = clock.getAsLong();
            double seconds = (at - sampledAt) / NANOS;
            sampledAt = at;
            samples++;
            Map<String, Past> before = new HashMap<>(pasts);
            pasts.clear();
            for (PortSnapshot port : now) {
                Past past = before.get(port.name());
                if (past == null || !past.last.since().equals(port.since())) {
                    // Another port that has the name of one that is gone.
                    past = new Past(port);
                } else if (seconds > 0) {
                    past.rates.add(between(past.last, port, seconds));
                    if (past.rates.size() > MOST) {
                        past.rates.removeFirst();
                    }
                    past.last = port;
                }
                pasts.put(port.name(), past);
            }
        }
    }

    private static PortRates between(PortSnapshot from, PortSnapshot to, double seconds) {
        return new PortRates(
                rate(from.framesIn(), to.framesIn(), seconds),
                rate(from.bytesIn(), to.bytesIn(), seconds),
                rate(from.framesOut(), to.framesOut(), seconds),
                rate(from.bytesOut(), to.bytesOut(), seconds),
                rate(from.dropped(), to.dropped(), seconds));
    }

    /** A counter jumps when a guest that has moved here brings its own; that is no traffic of an interval, but cannot be told apart. */
    private static long rate(long from, long to, double seconds) {
        return Math.max(0, Math.round((to - from) / seconds));
    }

    /**
     * What a port did in the last interval.
     *
     * @param port its name
     * @return {@link PortRates#NONE} when it is not known yet
     */
    public synchronized PortRates latest(String port) {
        Past past = pasts.get(port);
        return past == null || past.rates.isEmpty() ? PortRates.NONE : past.rates.getLast();
    }

    /**
     * The rates of a port in the last intervals.
     *
     * @param port its name
     * @return the newest last, at most {@link #MOST}; empty when the port is not known yet
     */
    public synchronized List<PortRates> all(String port) {
        Past past = pasts.get(port);
        return past == null ? List.of() : List.copyOf(past.rates);
    }

    /**
     * How many intervals there are of the port that has been there for longest.
     *
     * @return 0 to {@link #MOST}
     */
    public synchronized int length() {
        return Math.min(MOST, Math.max(0, samples - 1));
    }

    /** Ends the thread; what is known stays. */
    @Override
    public void close() {
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }
}
