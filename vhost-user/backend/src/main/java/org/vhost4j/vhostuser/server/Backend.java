// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.offload.OffloadCounters;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.host.io.IoLoop;
import org.vhost4j.host.io.UnixConnector;
import org.vhost4j.host.io.UnixListener;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.InheritedSocket;

/** A running back-end: a socket and a device for each guest, and what connects them, on one lane or several. */
public final class Backend implements AutoCloseable {
    /** The first guest's MAC address, unless it has one of its own: locally administered, 02:76:34:6a:00:00. */
    private static final long FIRST_MAC = 0x0276_346a_0000L;

    private static final long FIRST_RETRY_MILLIS = 10;
    private static final long LONGEST_RETRY_MILLIS = 1000;
    private static final long AGAIN_AFTER_MILLIS = 100;

    private final BackendConfig config;
    private final BackendListener listener;
    private final List<LaneContext> contexts = new ArrayList<>();
    private final List<GuestPort> guests = new ArrayList<>();
    private final ExecutorService files = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().daemon().name("vhost4j-files").unstarted(task));

    // Of the first lane.
    private final List<Uplink.Opened> uplinks = new ArrayList<>();
    /** What each guest takes, a mask of {@link org.vhost4j.device.frame.Offloads}. */
    private final int[] guestsAccept;

    private Backend(BackendConfig config, BackendListener listener) {
        this.config = config;
        this.listener = listener;
        this.guestsAccept = new int[config.endpoints().size()];
    }

    /**
     * Starts a back-end. When this returns its sockets are listening.
     *
     * @param config what to start
     * @param listener hears what happens
     * @return the running back-end
     * @throws org.vhost4j.sys.SystemError when a socket or a port cannot be opened; nothing is left behind
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
        for (int i = 0; i < config.lanesInUse(); i++) {
            contexts.add(
                    new LaneContext("lane" + i, config, i == 0 ? null : contexts.getFirst(), this::faulted, listener));
        }
        List<Endpoint> endpoints = config.endpoints();
        for (int i = 0; i < endpoints.size(); i++) {
            guests.add(guest(i, endpoints.get(i), contexts.get(i % contexts.size())));
        }
        if (config.switching() instanceof Switching.Bridged bridged) {
            PortSecurity security = bridged.security();
            guests.forEach(guest ->
                    guest.context().join(guest.device(), guest.rules(security), guest.device()::fault, contexts));
            if (!bridged.uplinks().isEmpty()) {
                // The uplinks' own lane is the first one.
                guests.stream()
                        .filter(guest -> guest.context() == contexts.getFirst())
                        .forEach(guest -> guest.context().park(guest.device(), guest.device()::fault));
            }
            inLane(contexts.getFirst(), () -> openUplinks(bridged));
        }
        contexts.forEach(context -> inLane(context, context::begin));
        for (GuestPort guest : guests) {
            inLane(guest.context(), () -> {
                guest.context().running(guest.device(), false);
                openSocket(guest);
                listener.ready(guest.name(), guest.endpoint());
            });
        }
    }

    /** Has a lane run a task and waits for it; what goes wrong is the caller's to report, not the lane's. */
    private static void inLane(LaneContext context, Runnable task) {
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

    private GuestPort guest(int number, Endpoint endpoint, LaneContext context) {
        String name = "guest" + number;
        return new GuestPort(
                name,
                endpoint.mac() == PortRules.NO_MAC ? FIRST_MAC + number : endpoint.mac(),
                endpoint,
                config,
                context,
                acknowledged(name, endpoint),
                listener,
                accepts -> guestAccepts(number, accepts));
    }

    private void openUplinks(Switching.Bridged bridged) {
        LaneContext first = contexts.getFirst();
        for (Uplink uplink : bridged.uplinks()) {
            Uplink.Opened opened = uplink.open(first.lane, first.sink);
            uplinks.add(opened);
            String name = opened.port().name();
            StationLines watch = new StationLines(null, line -> listener.trouble(name, line), config.clock());
            first.join(opened.port(), bridged.security().ofUplink(watch), opened::fault, contexts);
        }
    }

    private void faulted(Pollable pollable, String reason) {
        // The device has told its reason itself; a port that is no guest has nobody else to tell it.
        if (guests.stream().noneMatch(guest -> guest.name().equals(pollable.name()))) {
            listener.trouble(pollable.name(), reason);
        }
    }

    private AcknowledgedFeatures acknowledged(String guest, Endpoint endpoint) {
        // An inherited descriptor has no name under which the next process would find anything.
        AcknowledgementFile file = endpoint.path() == null || config.promise().isEmpty()
                ? null
                : new AcknowledgementFile(endpoint.path(), files, line -> listener.trouble(guest, line));
        return new AcknowledgedFeatures(
                config.offered().plus(config.leftToFrontEnd()), config.promise().orElse("this back-end"), file);
    }

    /** Opens the socket of a guest, where its front-end connects. */
    private void openSocket(GuestPort guest) {
        Endpoint endpoint = guest.endpoint();
        LaneContext context = guest.context();
        if (endpoint.path() == null) {
            Fd socket = InheritedSocket.adopt(endpoint.descriptor());
            if (InheritedSocket.listens(socket)) {
                context.sockets.add(UnixListener.adopt(context.lane.loop(), socket, guest::connected));
            } else {
                guest.connected(socket);
            }
        } else if (endpoint.connect()) {
            connect(guest, endpoint.path());
        } else {
            context.sockets.add(UnixListener.bind(context.lane.loop(), endpoint.path(), guest::connected));
        }
    }

    private void connect(GuestPort guest, Path path) {
        IoLoop loop = guest.context().lane.loop();
        UnixConnector connector =
                new UnixConnector(loop, path, FIRST_RETRY_MILLIS, LONGEST_RETRY_MILLIS, new UnixConnector.Handler() {
                    @Override
                    public void connected(Fd connection) {
                        guest.connected(connection);
                    }

                    @Override
                    public void waiting(String reason) {
                        listener.trouble(guest.name(), "waiting for the front-end: " + reason);
                    }
                });
        guest.context().sockets.add(connector);
        // Not at once: a front-end that hangs up on every connection must not keep the lane busy.
        guest.whenDisconnected(() -> {
            Future<?> unused = loop.schedule(connector::connect, AGAIN_AFTER_MILLIS, TimeUnit.MILLISECONDS);
        });
        connector.connect();
    }

    /** What a guest takes has changed. Called by the guest's lane. */
    private void guestAccepts(int guest, int accepts) {
        Lane first = contexts.getFirst().lane;
        if (first.inLane()) {
            tellUplinks(guest, accepts);
        } else {
            first.execute(() -> tellUplinks(guest, accepts));
        }
    }

    private void tellUplinks(int guest, int accepts) {
        guestsAccept[guest] = accepts;
        int any = 0;
        for (int each : guestsAccept) {
            any |= each;
        }
        for (Uplink.Opened uplink : uplinks) {
            uplink.guestsAccept(any);
        }
    }

    /**
     * Sets a guest's link up or down, until the next call. While it is down no frame moves; a driver that reads our config space sees
     * LINK_UP change. Any thread.
     *
     * @param guest its name
     * @param up whether frames move
     * @return as soon as the guest's lane has done it: whether there is such a guest
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
     * What a guest's device has counted.
     *
     * @param guest its number, from 0
     * @return counters that any thread may read
     */
    public Counters counters(int guest) {
        return guests.get(guest).device().counters();
    }

    /**
     * What the offload engines of all lanes have counted so far.
     *
     * @return their sum, which does not change any more
     */
    public OffloadCounters offloads() {
        return OffloadCounters.sum(
                contexts.stream().map(context -> context.engine.counters()).toList());
    }

    /**
     * What all devices are like, each seen between two bursts. Any thread.
     *
     * @return one for each guest, as soon as all lanes have looked
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

    /** Ends all connections, closes and removes the sockets, ends the lanes. Takes milliseconds. */
    @Override
    public void close() {
        // Guests first, and lanes when nobody has anything to say to them.
        for (LaneContext context : contexts) {
            finish(context, () -> closeGuests(context));
        }
        if (!contexts.isEmpty()) {
            finish(contexts.getFirst(), () -> {
                uplinks.forEach(Uplink.Opened::close);
                uplinks.clear();
            });
        }
        contexts.forEach(LaneContext::end);
        contexts.forEach(LaneContext::close);
        guests.forEach(GuestPort::closeDescriptors);
        // Waits for what is still to be written.
        files.close();
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
        guests.stream().filter(guest -> guest.context() == context).forEach(GuestPort::close);
    }

    private void finish(LaneContext context, Runnable task) {
        try {
            inLane(context, task);
        } catch (RuntimeException e) {
            listener.trouble("back-end", "did not end cleanly: " + e);
        }
    }
}
