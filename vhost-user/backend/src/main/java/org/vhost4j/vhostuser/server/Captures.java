// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.capture.CaptureOptions;
import org.vhost4j.device.capture.CaptureStatus;
import org.vhost4j.device.capture.FrameTap;
import org.vhost4j.host.capture.Capture;
import org.vhost4j.host.lane.Lane;

/**
 * Starts and stops the captures of a back-end, each with a name. A guest or port is in at most one capture at a time. Starting and stopping
 * wait until the lanes have finished a burst, so a lane must not call the methods; any other thread may.
 */
public final class Captures {
    /** The maximum number of captures, including those that have ended on their own. */
    public static final int MOST = 16;

    private final Backend backend;
    private final Map<String, Running> running = new LinkedHashMap<>();
    private boolean closed;

    /** Creates the captures of a back-end. */
    Captures(Backend backend) {
        this.backend = backend;
    }

    /** A lane on which a guest's or port's frames are copied. */
    private record Place(String name, int laneNumber, Lane lane, Consumer<@Nullable FrameTap> tap) {}

    /** A capture and the places of its taps; without places when it has ended on its own. */
    private static final class Running {
        private @Nullable Capture capture;
        private List<Place> places;

        /** Guests and ports that were removed; new ones may have the same names. */
        private final Set<String> gone = new HashSet<>();

        private Running(List<Place> places) {
            this.places = places;
        }

        private boolean has(String name) {
            return !gone.contains(name)
                    && places.stream().anyMatch(place -> place.name().equals(name));
        }
    }

    /**
     * Starts a capture.
     *
     * @param id name of the capture, not in use
     * @param names names of guests and ports, at least one
     * @param options options of the capture
     * @param program name and version of this program, for the file
     * @return the status of the capture
     * @throws IOException when the file cannot be opened; the message is one clause
     * @throws IllegalArgumentException when a guest or port does not exist or is in a capture already, or the filter is invalid; the
     *     message is one clause
     */
    public synchronized CaptureStatus start(String id, List<String> names, CaptureOptions options, String program)
            throws IOException {
        if (closed) {
            throw new IllegalArgumentException("the back-end ends");
        }
        if (running.containsKey(id)) {
            throw new IllegalArgumentException("there is a capture '" + id + "' already");
        }
        if (running.size() == MOST) {
            throw new IllegalArgumentException("there are " + MOST + " captures already");
        }
        List<Place> places = places(names);
        List<Capture.Port> ports = places.stream()
                .map(place -> new Capture.Port(place.name(), place.laneNumber()))
                .toList();
        Running begun = new Running(places);
        Capture capture = Capture.start(options, ports, program, () -> ended(id, begun));
        begun.capture = capture;
        running.put(id, begun);
        List<CompletableFuture<Boolean>> placed = new ArrayList<>();
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            FrameTap tap = capture.tap(i);
            placed.add(place.lane().submit(() -> {
                place.tap().accept(tap);
                return true;
            }));
        }
        placed.forEach(CompletableFuture::join);
        if (!capture.status().running()) {
            // The capture has ended before the taps were set.
            synchronized (begun) {
                begun.places = places;
            }
            ended(id, begun);
        }
        return capture.status();
    }

    private List<Place> places(List<String> names) {
        if (names.isEmpty()) {
            throw new IllegalArgumentException("name a guest or port");
        }
        Set<String> seen = new HashSet<>();
        List<Place> places = new ArrayList<>();
        for (String name : names) {
            if (!seen.add(name)) {
                throw new IllegalArgumentException("'" + name + "' is named twice");
            }
            for (Map.Entry<String, Running> other : running.entrySet()) {
                if (other.getValue().has(name)) {
                    throw new IllegalArgumentException("'" + name + "' is in capture '" + other.getKey() + "' already");
                }
            }
            List<Place> its = placesOf(name);
            if (its.isEmpty()) {
                throw new IllegalArgumentException("there is no guest or port '" + name + "'");
            }
            places.addAll(its);
        }
        return places;
    }

    /** Returns the lanes that process a guest's or port's frames; all of them for a port with a part on every lane. */
    private List<Place> placesOf(String name) {
        for (GuestPort guest : backend.guests()) {
            if (guest.name().equals(name)) {
                return guest.seats().all().stream()
                        .map(seat -> new Place(
                                name,
                                backend.contexts().indexOf(seat.context()),
                                seat.lane(),
                                tap -> seat.device().tap(tap)))
                        .toList();
            }
        }
        List<Place> places = new ArrayList<>();
        for (int i = 0; i < backend.contexts().size(); i++) {
            LaneContext context = backend.contexts().get(i);
            int laneNumber = i;
            context.lane
                    .submit(() -> backend.uplinks().stream()
                            .map(Uplink.Opened::port)
                            .filter(port -> port.name().equals(name))
                            .map(context::gate)
                            .filter(Objects::nonNull)
                            .findFirst())
                    .join()
                    .ifPresent(gate -> places.add(new Place(name, laneNumber, context.lane, gate::tap)));
        }
        return places;
    }

    /**
     * Removes a guest or port from its capture, because it was removed from the back-end. A new one with the same name is in no capture.
     */
    synchronized void forget(String name) {
        running.values().forEach(capture -> capture.gone.add(name));
    }

    /** Records that a capture has ended on its own. Called by its thread. */
    private void ended(String id, Running capture) {
        List<Place> places;
        synchronized (capture) {
            places = capture.places;
            capture.places = List.of();
        }
        if (places.isEmpty()) {
            return;
        }
        Capture its = capture.capture;
        if (its != null) {
            its.status().failure().ifPresent(reason -> backend.listener().trouble("capture " + id, "ended: " + reason));
        }
        for (Place place : places) {
            try {
                place.lane().execute(() -> place.tap().accept(null));
            } catch (IllegalStateException e) {
                // The lane has ended and copies no frame.
            }
        }
    }

    /**
     * Stops a capture. All copied frames are in the file when this returns.
     *
     * @param id name of the capture
     * @return the status at the end; empty when no capture has that name
     */
    public synchronized Optional<CaptureStatus> stop(String id) {
        Running stopped = running.remove(id);
        Capture capture = stopped == null ? null : stopped.capture;
        if (stopped == null || capture == null) {
            return Optional.empty();
        }
        List<Place> places;
        synchronized (stopped) {
            places = stopped.places;
            stopped.places = List.of();
        }
        List<CompletableFuture<Boolean>> removed = places.stream()
                .map(place -> place.lane().submit(() -> {
                    place.tap().accept(null);
                    return true;
                }))
                .toList();
        removed.forEach(CompletableFuture::join);
        capture.close();
        return Optional.of(capture.status());
    }

    /**
     * Returns all captures that were not stopped.
     *
     * @return the status by name, in the order in which the captures were started
     */
    public synchronized Map<String, CaptureStatus> all() {
        Map<String, CaptureStatus> all = new LinkedHashMap<>();
        running.forEach((id, each) -> {
            Capture capture = each.capture;
            if (capture != null) {
                all.put(id, capture.status());
            }
        });
        return all;
    }

    /** Ends all captures because another back-end has taken over the guests and ports. Reports one line for each running capture. */
    synchronized void leave() {
        running.forEach((id, each) -> {
            Capture capture = each.capture;
            if (capture != null && capture.status().running()) {
                backend.listener()
                        .trouble(
                                "capture " + id,
                                "ended: another back-end has taken over; start it again there, with another file");
            }
        });
    }

    /** Ends all captures permanently, while the lanes still run. */
    synchronized void close() {
        closed = true;
        List.copyOf(running.keySet()).forEach(this::stop);
    }
}
