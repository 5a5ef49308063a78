// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.StationWatch;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;

/**
 * Counts and reports violations of a port's rules. The first violation is reported at once, later ones in one line per minute for each
 * kind. Used by the lanes of the port; most ports have one lane.
 */
final class StationLines implements StationWatch {
    private static final long BETWEEN_LINES = 60_000_000_000L;

    /**
     * Time in nanoseconds: a station that moves back within this time is treated as being on both ports, because a station that has really
     * moved stays longer.
     */
    private static final long CLAIM_TIME = 60_000_000_000L;

    /** Size of the table of lost stations, a power of two. */
    private static final int PLACES = 16;

    private final @Nullable Counters counters;
    private final Consumer<String> lines;
    private final LongSupplier clock;
    private final Kind sources = new Kind();
    private final Kind moves = new Kind();
    private final Kind stations = new Kind();
    private final Kind addresses = new Kind();
    private final Kind floods = new Kind();
    private final Kind claims = new Kind();

    /**
     * The stations that have moved to other ports, in a hash table without collision handling: a new station replaces another one at its
     * index. Written by the lanes of other ports.
     */
    private final AtomicLongArray lost = new AtomicLongArray(PLACES);

    /** Times at which these stations moved, by {@link #clock}. */
    private final AtomicLongArray lostAt = new AtomicLongArray(PLACES);

    private final Kind vlans = new Kind();

    /** Violations of one kind that are not reported yet. */
    private static final class Kind {
        private boolean said;
        private long saidAt;
        private long unsaid;
    }

    /**
     * Creates the object for a port without violations.
     *
     * @param counters counters of the guest; null for a port that is not a guest
     * @param lines receives a line
     * @param clock clock in nanoseconds, from any origin
     */
    StationLines(@Nullable Counters counters, Consumer<String> lines, LongSupplier clock) {
        this.counters = counters;
        this.lines = lines;
        this.clock = clock;
    }

    @Override
    public synchronized void refused(long source, int frames) {
        count(Counter.TX_BAD_SOURCE, frames);
        if (due(sources, frames)) {
            say(
                    sources,
                    "a frame from " + MacAddress.text(source) + " was dropped: "
                            + (MacAddress.isGroup(source)
                                    ? "a group address is not a valid source"
                                    : "this port must not send from that address"));
        }
    }

    @Override
    public void lost(long station) {
        int place = place(station);
        lostAt.setOpaque(place, clock.getAsLong());
        lost.setRelease(place, station);
    }

    @Override
    public synchronized void outsideVlans(long source) {
        count(Counter.TX_OUTSIDE_VLANS, 1);
        if (due(vlans, 1)) {
            say(vlans, "a frame from " + MacAddress.text(source) + " was dropped: this port does not carry its VLAN");
        }
    }

    @Override
    public synchronized void moved(long station, String from) {
        count(Counter.STATIONS_MOVED, 1);
        int place = place(station);
        if (lost.getAcquire(place) == station && clock.getAsLong() - lostAt.getOpaque(place) < CLAIM_TIME) {
            count(Counter.STATIONS_CLAIMED, 1);
            if (due(claims, 1)) {
                say(
                        claims,
                        "station " + MacAddress.text(station) + " is here and at " + from
                                + ", which receives its frames: give every guest an address of its own");
            }
        } else if (due(moves, 1)) {
            say(moves, "station " + MacAddress.text(station) + " has moved here from " + from);
        }
    }

    @Override
    public synchronized void taken(long station, String by) {
        count(Counter.STATIONS_CLAIMED, 1);
        if (due(addresses, 1)) {
            say(
                    addresses,
                    "its address " + MacAddress.text(station) + " is that of " + by
                            + ", which runs: until that has stopped, frames from here are dropped");
        }
    }

    @Override
    public synchronized void forgotten(long station) {
        count(Counter.STATIONS_FORGOTTEN, 1);
        if (due(stations, 1)) {
            say(stations, "more stations than a port may have: " + MacAddress.text(station) + " was forgotten");
        }
    }

    @Override
    public synchronized void flooded() {
        count(Counter.TX_FLOOD_LIMIT, 1);
        if (due(floods, 1)) {
            say(floods, "a frame for all ports was dropped: more than the limit of a second");
        }
    }

    private static int place(long station) {
        return (int) (station ^ (station >>> 8)) & (PLACES - 1);
    }

    private void count(Counter counter, int amount) {
        if (counters != null) {
            counters.add(counter, amount);
        }
    }

    private boolean due(Kind kind, int times) {
        long now = clock.getAsLong();
        if (kind.said && now - kind.saidAt < BETWEEN_LINES) {
            kind.unsaid += times;
            return false;
        }
        kind.said = true;
        kind.saidAt = now;
        return true;
    }

    private void say(Kind kind, String line) {
        lines.accept(kind.unsaid == 0 ? line : line + " (and " + kind.unsaid + " times before that were not reported)");
        kind.unsaid = 0;
    }
}
