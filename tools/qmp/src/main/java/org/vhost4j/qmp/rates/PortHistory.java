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

/** The rates of all ports over the last five minutes. */
public final class PortHistory implements AutoCloseable {
    /** The largest number of intervals that are kept, which cover five minutes. */
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

    /** The history of one port. */
    private static final class Past {
        private PortSnapshot last;
        private final List<PortRates> rates = new ArrayList<>();

        private Past(PortSnapshot first) {
            last = first;
        }
    }

    /**
     * Creates an empty history.
     *
     * @param ports supplies the current counters of all ports
     * @param clock supplies the time in nanoseconds, from any origin
     */
    public PortHistory(Supplier<List<PortSnapshot>> ports, LongSupplier clock) {
        this.ports = ports;
        this.clock = clock;
    }

    /**
     * Starts to read the counters every {@link #INTERVAL}.
     *
     * @param ports supplies the current counters of all ports
     * @return the history, to be closed
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
            // The history is closed.
        }
    }

    /** Reads all counters, which ends an interval and begins the next. A new port has its first rates one interval later. */
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
                    // The port is new: there was none of this name, or one that was removed.
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

    /**
     * Returns the rate of a counter. A counter also jumps when a migrated guest brings its values, which cannot be
     * distinguished from traffic.
     */
    private static long rate(long from, long to, double seconds) {
        return Math.max(0, Math.round((to - from) / seconds));
    }

    /**
     * Returns the rates of a port in the last interval.
     *
     * @param port the name of the port
     * @return the rates, {@link PortRates#NONE} when there are none yet
     */
    public synchronized PortRates latest(String port) {
        Past past = pasts.get(port);
        return past == null || past.rates.isEmpty() ? PortRates.NONE : past.rates.getLast();
    }

    /**
     * Returns the rates of a port in the last intervals.
     *
     * @param port the name of the port
     * @return the rates, at most {@link #MOST}, the newest last; empty when there are none yet
     */
    public synchronized List<PortRates> all(String port) {
        Past past = pasts.get(port);
        return past == null ? List.of() : List.copyOf(past.rates);
    }

    /**
     * Returns the number of intervals of the port that has existed longest.
     *
     * @return the number, 0 to {@link #MOST}
     */
    public synchronized int length() {
        return Math.min(MOST, Math.max(0, samples - 1));
    }

    /** Ends the thread; the history remains available. */
    @Override
    public void close() {
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }
}
