// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.server.BackendListener;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.ServedChange;

/** Stores the last events of a back-end, for the page. Any thread may use it. */
public final class EventLog implements BackendListener {
    /** Maximum number of stored events. */
    static final int MOST = 100;

    /** Maximum length of a stored line in characters, because front-ends cause some of them. */
    private static final int MOST_CHARACTERS = 400;

    private final LongSupplier clock;
    private final Deque<Event> events = new ArrayDeque<>();

    /**
     * An event.
     *
     * @param millis time in milliseconds since 1970-01-01 UTC
     * @param who name of the guest or port
     * @param what description, a line without the name
     */
    public record Event(long millis, String who, String what) {}

    /** Creates an empty log. */
    public EventLog() {
        this(System::currentTimeMillis);
    }

    /**
     * Creates an empty log.
     *
     * @param clock clock in milliseconds since 1970-01-01 UTC
     */
    EventLog(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * Returns the last events.
     *
     * @return the events, the newest last
     */
    public synchronized List<Event> events() {
        return List.copyOf(events);
    }

    private synchronized void add(String who, String what) {
        String kept = what.length() > MOST_CHARACTERS ? what.substring(0, MOST_CHARACTERS) + "…" : what;
        events.add(new Event(clock.getAsLong(), who, kept));
        if (events.size() > MOST) {
            events.removeFirst();
        }
    }

    @Override
    public void ready(String guest, Endpoint endpoint) {
        add(guest, "waits for a front-end on " + endpoint);
    }

    @Override
    public void attached(String guest) {
        add(guest, "front-end attached");
    }

    @Override
    public void negotiated(String guest, FeatureSet features) {
        add(guest, "negotiated " + features.names().size() + " features");
    }

    @Override
    public void link(String guest, boolean up) {
        add(guest, "link " + (up ? "up" : "down"));
    }

    @Override
    public void detached(String guest, String reason, String counts) {
        add(guest, "front-end detached: " + reason);
    }

    @Override
    public void stopped(String guest, String reason) {
        add(guest, "device stopped: " + reason);
    }

    @Override
    public void changed(ServedChange change) {
        String kind = change.guest() ? "guest " : "port ";
        add(
                change.name(),
                kind
                        + switch (change.what()) {
                            case ADDED -> "added";
                            case CHANGED -> "changed";
                            case REMOVED -> "removed";
                        });
    }

    @Override
    public void trouble(String who, String line) {
        add(who, line);
    }
}
