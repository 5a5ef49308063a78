// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.offload.OffloadCounters;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.host.io.UnixListener;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.sys.ControlThread;
import org.vhost4j.sys.SocketPeer;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverException;

/** A running back-end: a socket and a device for each guest, and a switch between them, on one or several lanes. */
public final class Backend implements AutoCloseable {
    private volatile BackendConfig config;
    private final BackendListener listener;
    private final List<LaneContext> contexts = new ArrayList<>();
    private final List<GuestPort> guests = new CopyOnWriteArrayList<>();

    /** The open sockets, by guest. */
    private final List<GuestSocket> sockets = new CopyOnWriteArrayList<>();

    private final ExecutorService files =
            Executors.newSingleThreadExecutor(task -> ControlThread.unstarted("vhost4j-files", task));

    private final Captures captures = new Captures(this);

    /** Whether another back-end has taken over the guests and ports. */
    private volatile boolean left;

    private final List<Uplink.Opened> uplinks = new CopyOnWriteArrayList<>();
    /** The offloads that each guest accepts, a mask of {@link org.vhost4j.device.frame.Offloads}. Used by the first lane. */
    private final Map<String, Integer> guestsAccept = new HashMap<>();

    private final Membership membership;

    Backend(BackendConfig config, BackendListener listener) {
        this.config = config;
        this.listener = listener;
        this.membership = new Membership(this);
    }

    /**
     * Starts a back-end. When this returns, its sockets are listening.
     *
     * @param config configuration of the back-end
     * @param listener receives the back-end's events
     * @return the running back-end
     * @throws org.vhost4j.sys.SystemError when a socket or a port cannot be opened; then everything that was opened is closed
     */
    public static Backend start(BackendConfig config, BackendListener listener) {
        Backend backend = new Backend(config, listener);
        try {
            backend.open();
            return backend;
        } catch (RuntimeException | Error e) {
            backend.close();
            throw e;
        }
    }

    private void open() {
        // Checked before changing files beside a socket, which another back-end may use.
        for (Endpoint endpoint : config.endpoints()) {
            Path path = endpoint.path();
            if (path != null && !endpoint.connect()) {
                UnixListener.requireUnused(path);
            }
        }
        build(this::openUplinks);
        contexts.forEach(context -> inLane(context, context::begin));
        for (GuestPort guest : guests) {
            inLane(guest.context(), () -> openSocket(guest));
        }
    }

    /** Creates lanes and guests, and adds the guests to the bridges, without starting them. */
    void build(Consumer<Switching.Bridged> opening) {
        for (int i = 0; i < config.lanesInUse(); i++) {
            contexts.add(new LaneContext(i, config, i == 0 ? null : contexts.getFirst(), this::faulted, listener));
        }
        List<Endpoint> endpoints = config.endpoints();
        for (int i = 0; i < endpoints.size(); i++) {
            guests.add(guest(i, endpoints.get(i), contexts.get(i % contexts.size())));
        }
        if (config.switching() instanceof Switching.Bridged bridged) {
            PortSecurity security = bridged.security();
            for (GuestPort guest : guests) {
                if (guest.seats().spread()) {
                    guest.seats().join(guest.rules(security));
                } else {
                    guest.context().join(guest.device(), guest.rules(security), guest.device()::fault, contexts);
                }
            }
            for (GuestPort guest : guests) {
                for (GuestSeats.Seat seat : guest.seats().all()) {
                    if (hasUplink(seat.context(), bridged)) {
                        seat.context().park(seat.device(), seat.device()::fault);
                    }
                }
            }
            opening.accept(bridged);
        }
    }

    /** Returns whether a lane has an uplink or a part of one: all uplinks are on the first lane, and some have a part on every lane. */
    boolean hasUplink(LaneContext context, Switching.Bridged bridged) {
        return context == contexts.getFirst()
                ? !bridged.uplinks().isEmpty()
                : bridged.uplinks().stream().anyMatch(Uplink::onEveryLane);
    }

    /** Runs a task on a lane and waits for it. An exception of the task is thrown to the caller, not to the lane. */
    static void inLane(LaneContext context, Runnable task) {
        Optional<RuntimeException> failure = context.lane
                .submit(() -> {
                    try {
                        task.run();
                        return Optional.<RuntimeException>empty();
                    } catch (RuntimeException e) {
                        return Optional.of(e);
                    }
                })
                .join();
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    GuestPort guest(int number, Endpoint endpoint, LaneContext context) {
        String own = endpoint.name();
        String name = own == null ? "guest" + number : own;
        return new GuestPort(
                name,
                number,
                endpoint,
                config,
                context,
                config.spreads(endpoint) ? List.copyOf(contexts) : List.of(context),
                acknowledged(name, endpoint),
                progress(name, endpoint),
                listener,
                accepts -> guestAccepts(name, accepts));
    }

    /**
     * Opens the uplinks. Those with a part on every lane are opened last. No lane opens a part before the bridges' tables contain all
     * ports: an open part forwards frames, and adding a port replaces the tables.
     */
    private void openUplinks(Switching.Bridged bridged) {
        LaneContext first = contexts.getFirst();
        List<Uplink> ordered = bridged.uplinks().stream()
                .sorted(Comparator.comparing(Uplink::onEveryLane))
                .toList();
        inLane(
                first,
                () -> ordered.forEach(uplink -> join(
                        first.open(uplink.rates(), to -> uplink.open(first.lane, to)), uplink, bridged.security())));
        for (LaneContext context : contexts.subList(1, contexts.size())) {
            inLane(context, () -> {
                for (int i = 0; i < ordered.size(); i++) {
                    Uplink uplink = ordered.get(i);
                    if (uplink.onEveryLane()) {
                        joinPart(
                                context,
                                uplinks.get(i),
                                uplink,
                                bridged.security(),
                                to -> uplink.openPart(context.lane, to));
                    }
                }
            });
        }
        List<Uplink.Opened> asGiven = bridged.uplinks().stream()
                .map(uplink -> uplinks.get(ordered.indexOf(uplink)))
                .toList();
        for (int i = 0; i < asGiven.size(); i++) {
            uplinks.set(i, asGiven.get(i));
        }
    }

    /** Returns the lanes that have a part of an uplink, except for the first. */
    List<LaneContext> others(Uplink uplink) {
        return uplink.onEveryLane() ? contexts.subList(1, contexts.size()) : List.of();
    }

    /**
     * Adds an open uplink to all bridges; on lanes with their own part of it, only the port number is reserved. Called by the first lane.
     */
    void join(Uplink.Opened opened, Uplink uplink, PortSecurity security) {
        uplinks.add(opened);
        PortRules rules = membership.rules(opened.port().name(), uplink, security);
        List<LaneContext> whole = uplink.onEveryLane() ? List.of(contexts.getFirst()) : contexts;
        contexts.getFirst().join(opened.port(), rules, opened::fault, whole);
    }

    /** Opens another lane's part of an open uplink, and adds it to that lane's bridge. Called by that lane. */
    <P extends Uplink.Opened, E extends Exception> void joinPart(
            LaneContext context,
            Uplink.Opened whole,
            Uplink uplink,
            PortSecurity security,
            LaneContext.Opening<P, E> opening)
            throws E {
        PortRules rules = membership.rules(whole.port().name(), uplink, security);
        Uplink.Opened unused = context.openPart(whole, opening, gate -> context.add(gate, rules));
    }

    /** Replaces the guests and ports in the configuration. Called while no other change is in progress. */
    void serve(List<Endpoint> endpoints, Switching switching) {
        config = config.serving(endpoints, switching);
    }

    /**
     * Returns the guests and ports, which can be added, changed and removed.
     *
     * @return always the same object
     */
    public Membership membership() {
        return membership;
    }

    private void faulted(Pollable pollable, String reason) {
        // A guest's device has reported the reason itself; for other ports it is reported here.
        if (guests.stream().noneMatch(guest -> guest.name().equals(pollable.name()))) {
            listener.trouble(pollable.name(), reason);
        }
    }

    private AcknowledgedFeatures acknowledged(String guest, Endpoint endpoint) {
        // An inherited connection has no path, so the next process could not find the record. The path of an inherited
        // listening socket is read when the socket is opened.
        AcknowledgementFile file = endpoint.path() == null || config.promise().isEmpty()
                ? null
                : new AcknowledgementFile(endpoint.path(), files, line -> listener.trouble(guest, line));
        return new AcknowledgedFeatures(
                config.offered().plus(config.leftToFrontEnd()), config.promise().orElse("this back-end"), file);
    }

    /**
     * Returns the progress file of a guest. If it has no file (as in {@link #acknowledged}), the progress is kept in memory, because the
     * front-end may connect again.
     */
    private ProgressFile progress(String guest, Endpoint endpoint) {
        int queues = 2 * config.queuePairs() + 1;
        Path path = endpoint.path();
        return path == null || config.promise().isEmpty()
                ? ProgressFile.ofThisProcess(queues)
                : ProgressFile.of(path, queues, line -> listener.trouble(guest, line));
    }

    /** Handles a change of the offloads that a guest accepts. Called by the guest's lane. */
    void guestAccepts(String guest, int accepts) {
        Lane first = contexts.getFirst().lane;
        if (first.inLane()) {
            tellUplinks(guest, accepts);
        } else {
            first.execute(() -> tellUplinks(guest, accepts));
        }
    }

    private void tellUplinks(String guest, int accepts) {
        if (accepts == 0) {
            guestsAccept.remove(guest);
        } else {
            guestsAccept.put(guest, accepts);
        }
        int any = anyGuestAccepts();
        for (Uplink.Opened uplink : uplinks) {
            uplink.guestsAccept(any);
            notifyParts(uplink, any);
        }
    }

    /** Notifies an uplink's parts on other lanes of the offloads that guests accept. */
    void notifyParts(Uplink.Opened uplink, int any) {
        for (LaneContext context : contexts.subList(1, contexts.size())) {
            try {
                context.lane.execute(() -> {
                    Uplink.Opened part = context.part(uplink);
                    if (part != null) {
                        part.guestsAccept(any);
                    }
                });
            } catch (IllegalStateException e) {
                // The lane has ended, and its part is closed.
            }
        }
    }

    /** Returns the offloads that at least one guest accepts. Called by the first lane. */
    int anyGuestAccepts() {
        int any = 0;
        for (int each : guestsAccept.values()) {
            any |= each;
        }
        return any;
    }

    /**
     * Sets a guest's link up or down, until the next call. While it is down, no frame is forwarded. A driver that reads the back-end's
     * config space sees LINK_UP change. Any thread may call it.
     *
     * @param guest name of the guest
     * @param up whether the link is up
     * @return a future that completes when the guest's lane has changed the link; false when there is no guest with that name
     * @throws IllegalStateException when the back-end is closed
     */
    public CompletableFuture<Boolean> link(String guest, boolean up) {
        Optional<GuestPort> named =
                guests.stream().filter(each -> each.name().equals(guest)).findFirst();
        return named.map(each -> each.context().lane.submit(() -> {
                    each.link(up);
                    return true;
                }))
                .orElseGet(() -> CompletableFuture.completedFuture(false));
    }

    /**
     * Returns the counters of a guest's device.
     *
     * @param guest number of the guest, from 0
     * @return the counters, which any thread may read
     */
    public Counters counters(int guest) {
        return guests.get(guest).device().counters();
    }

    /**
     * Returns the sums of the offload counters of all lanes.
     *
     * @return the sums at the time of the call
     */
    public OffloadCounters offloads() {
        return OffloadCounters.sum(
                contexts.stream().map(context -> context.engine.counters()).toList());
    }

    /**
     * Returns the counters of all ports. Any thread may call it; no lane is involved.
     *
     * @return the ports of the guests in the order of the guests, then the other ports
     */
    public List<PortSnapshot> ports() {
        List<PortSnapshot> all = new ArrayList<>();
        for (GuestPort guest : guests) {
            all.add(PortSnapshot.ofGuest(
                    guest.name(), guest.endpoint().vlan(), guest.device().counters()));
        }
        for (Uplink.Opened uplink : uplinks) {
            all.add(PortSnapshot.ofPort(
                    uplink.port().name(),
                    vlan(uplink.port().name()),
                    uplink.port().counters()));
        }
        return all;
    }

    private PortVlan vlan(String uplink) {
        return config.switching() instanceof Switching.Bridged bridged
                ? bridged.uplinks().stream()
                        .filter(each -> each.name().equals(uplink))
                        .findFirst()
                        .map(Uplink::vlan)
                        .orElse(PortVlan.ALL)
                : PortVlan.ALL;
    }

    /**
     * Returns the counters of the guests' devices. Any thread may call it.
     *
     * @return the counters by guest name, in the order of the guests; any thread may read them
     */
    public Map<String, Counters> counters() {
        Map<String, Counters> all = new LinkedHashMap<>();
        guests.forEach(guest -> all.put(guest.name(), guest.device().counters()));
        return all;
    }

    /**
     * Returns the counters of all lanes. Any thread may call it; no lane is involved.
     *
     * @return one snapshot for each lane
     */
    public List<LaneSnapshot> lanes() {
        return contexts.stream()
                .map(context -> new LaneSnapshot(
                        context.lane.name(),
                        guests.stream()
                                .filter(guest -> guest.context() == context)
                                .map(GuestPort::name)
                                .toList(),
                        context.lane.turns(),
                        context.lane.sleeps(),
                        context.lane.faults()))
                .toList();
    }

    /**
     * Returns the stations in the bridge's forwarding database. Any thread may call it.
     *
     * @param most maximum number of stations of each port
     * @return a future that completes with the stations when all lanes have reported theirs; empty without a bridge
     * @throws IllegalStateException when the back-end is closed
     */
    public CompletableFuture<List<StationSnapshot>> stations(int most) {
        List<CompletableFuture<List<StationSnapshot>>> all = new ArrayList<>();
        for (GuestPort guest : guests) {
            LaneContext context = guest.context();
            all.add(context.lane.submit(() -> stations(context, guest.device(), most)));
        }
        for (Uplink.Opened uplink : uplinks) {
            LaneContext first = contexts.getFirst();
            all.add(first.lane.submit(() -> stations(first, uplink.port(), most)));
        }
        return CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0]))
                .thenApply(done ->
                        all.stream().flatMap(each -> each.join().stream()).toList());
    }

    private List<StationSnapshot> stations(LaneContext context, FramePort port, int most) {
        return context.stations(port, most).stream()
                .map(station -> new StationSnapshot(
                        station & 0xffff_ffff_ffffL, (int) (station >>> 48), port.name(), age(context, station)))
                .toList();
    }

    private Optional<Duration> age(LaneContext context, long station) {
        Bridge bridge = context.bridge();
        long lastSeen = bridge == null ? 0 : bridge.lastSeen(station);
        return lastSeen == 0
                ? Optional.empty()
                : Optional.of(Duration.ofNanos(Math.max(0, config.clock().getAsLong() - lastSeen)));
    }

    /**
     * Sets the time that bridges store for each station that sends a frame from now on. Call it every few seconds if
     * {@link StationSnapshot#age} is needed. Any thread may call it, one at a time; no lane is involved.
     */
    public void noteTime() {
        Bridge bridge = contexts.getFirst().bridge();
        if (bridge != null) {
            // The lowest bit is set because 0 means "never".
            bridge.mark(config.clock().getAsLong() | 1);
        }
    }

    /**
     * Returns the state of all devices. Each is read between two bursts. Any thread may call it.
     *
     * @return a future that completes with one snapshot for each guest when all lanes have reported theirs
     * @throws IllegalStateException when the back-end is closed
     */
    public CompletableFuture<List<DeviceSnapshot>> devices() {
        List<CompletableFuture<DeviceSnapshot>> snapshots = guests.stream()
                .map(guest -> guest.context().lane.submit(guest::snapshot))
                .toList();
        return CompletableFuture.allOf(snapshots.toArray(new CompletableFuture<?>[0]))
                .thenApply(
                        all -> snapshots.stream().map(CompletableFuture::join).toList());
    }

    /**
     * Takes over all sockets, connections, guests and ports from a running back-end. When this returns, this back-end forwards frames, and
     * the other one no longer changes anything and ends.
     *
     * @param config the configuration, with the same sockets and ports
     * @param listener receives the back-end's events
     * @param channel channel to the other back-end; still owned by the caller
     * @param rehearsal runs after guest memory was mapped, while the other back-end still forwards frames. It lets the JVM load and compile
     *     the code before it is needed
     * @return the running back-end
     * @throws HandOverException when this back-end would offer guests something different, or the other back-end is gone; the other
     *     back-end keeps its guests
     *
     * @throws org.vhost4j.sys.SystemError when something cannot be opened; the other back-end keeps its guests
     */
    public static Backend takeOver(
            BackendConfig config, BackendListener listener, HandOverChannel channel, Runnable rehearsal)
            throws HandOverException {
        return new Taking(config, listener, channel, rehearsal).take();
    }

    /**
     * Hands over all sockets, connections, guests and ports to a back-end that has connected. Any thread may call it, one at a time; it
     * blocks.
     *
     * @param channel channel to the other back-end; still owned by the caller
     * @return the process that has taken over; the caller calls {@link #close} next
     * @throws HandOverException when nothing was handed over: this back-end continues unchanged
     */
    public SocketPeer handOver(HandOverChannel channel) throws HandOverException {
        return membership.unchanged(() -> new Giving(this, channel).give());
    }

    /**
     * Returns the object that starts and stops captures of frames.
     *
     * @return the captures; any thread except a lane's may use them
     */
    public Captures captures() {
        return captures;
    }

    /**
     * Returns the configuration with the current guests and ports.
     *
     * @return the configuration; all other values are those at the start
     */
    public BackendConfig config() {
        return config;
    }

    List<GuestPort> guests() {
        return guests;
    }

    List<GuestSocket> sockets() {
        return sockets;
    }

    List<LaneContext> contexts() {
        return contexts;
    }

    List<Uplink.Opened> uplinks() {
        return uplinks;
    }

    BackendListener listener() {
        return listener;
    }

    /** Leaves everything to another back-end: this one no longer changes the sockets, files and memory that both share. */
    void leave() {
        membership.close();
        captures.leave();
        for (int i = 0; i < guests.size(); i++) {
            GuestPort guest = guests.get(i);
            GuestSocket socket = i < sockets.size() ? sockets.get(i) : null;
            finish(guest.context(), () -> {
                if (socket != null) {
                    socket.leave();
                    guest.context().sockets.remove(socket);
                }
                guest.leave();
            });
        }
        left = true;
    }

    /** Ends all connections, closes and removes the sockets, and ends the lanes. Takes milliseconds. */
    @Override
    public void close() {
        membership.close();
        captures.close();
        // Guests are closed first; lanes end when no task for them is left.
        for (LaneContext context : contexts) {
            finish(context, () -> closeGuests(context));
        }
        for (LaneContext context : contexts) {
            finish(context, () -> uplinks.forEach(context::closePart));
        }
        uplinks.clear();
        contexts.forEach(LaneContext::end);
        contexts.forEach(LaneContext::close);
        guests.forEach(GuestPort::closeDescriptors);
        // Waits for files that are still to be written.
        files.close();
    }

    /** Opens a guest's socket. Called by the guest's lane. */
    GuestSocket openSocket(GuestPort guest) {
        guest.context().running(guest.device(), false);
        GuestSocket socket = socketOf(guest);
        guest.context().sockets.add(socket);
        sockets.add(socket);
        socket.open();
        listener.ready(guest.name(), guest.endpoint());
        return socket;
    }

    /** Creates the socket of a guest, which is not open yet. */
    GuestSocket socketOf(GuestPort guest) {
        Consumer<String> trouble = line -> listener.trouble(guest.name(), line);
        return new GuestSocket(guest, trouble, path -> {
            if (config.promise().isPresent()) {
                guest.keepAcknowledged(new AcknowledgementFile(path, files, trouble));
            }
        });
    }

    private void closeGuests(LaneContext context) {
        for (AutoCloseable socket : context.sockets) {
            try {
                socket.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
        context.sockets.clear();
        guests.stream().filter(guest -> guest.context() == context && !left).forEach(GuestPort::close);
    }

    private void finish(LaneContext context, Runnable task) {
        try {
            inLane(context, task);
        } catch (RuntimeException e) {
            listener.trouble("back-end", "did not end cleanly: " + e);
        }
    }
}
