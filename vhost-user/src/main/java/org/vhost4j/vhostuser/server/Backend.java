// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.vhost4j.device.net.Bridge;
import org.vhost4j.device.net.CopySink;
import org.vhost4j.device.net.EchoSink;
import org.vhost4j.device.net.FrameSink;
import org.vhost4j.device.net.NullSink;
import org.vhost4j.device.net.Pollable;
import org.vhost4j.device.packet.OffloadCounters;
import org.vhost4j.device.packet.OffloadEngine;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.platform.io.UnixConnector;
import org.vhost4j.platform.io.UnixListener;
import org.vhost4j.platform.run.Lane;
import org.vhost4j.platform.run.LaneListener;
import org.vhost4j.platform.sys.Fd;
import org.vhost4j.platform.sys.InheritedSocket;

/** A running back-end: a socket and a device for each guest, and what connects them, all on one lane. */
public final class Backend implements AutoCloseable {
    /** The first guest's MAC address, unless it has one of its own: locally administered, 02:76:34:6a:00:00. */
    private static final long FIRST_MAC = 0x0276_346a_0000L;

    private static final long FIRST_RETRY_MILLIS = 10;
    private static final long LONGEST_RETRY_MILLIS = 1000;
    private static final long AGAIN_AFTER_MILLIS = 100;

    private final BackendConfig config;
    private final BackendListener listener;
    private final Lane lane;
    private final OffloadEngine engine = new OffloadEngine();
    private final List<GuestPort> guests = new ArrayList<>();
    private final List<Uplink.Opened> uplinks = new ArrayList<>();
    private final List<AutoCloseable> sockets = new ArrayList<>();
    private final ExecutorService files = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().daemon().name("vhost4j-files").unstarted(task));

    private Backend(BackendConfig config, BackendListener listener) {
        this.config = config;
        this.listener = listener;
        this.lane = Lane.start("lane0", config.idle(), new LaneListener() {
            @Override
            public void faulted(Pollable pollable, String reason, Throwable cause) {
                // The device has told its reason itself; a port that is no guest has nobody else to tell it.
                if (guests.stream().noneMatch(guest -> guest.name().equals(pollable.name()))) {
                    listener.trouble(pollable.name(), reason);
                }
            }

            @Override
            public void failed(Throwable cause) {
                listener.trouble("lane0", "a task failed: " + cause);
            }
        });
    }

    /**
     * Starts a back-end. When this returns its sockets are listening.
     *
     * @param config what to start
     * @param listener hears what happens
     * @return the running back-end
     * @throws org.vhost4j.platform.sys.SystemError when a socket or a port cannot be opened; nothing is left behind
     */
    public static Backend start(BackendConfig config, BackendListener listener) {
        Backend backend = new Backend(config, listener);
        // What goes wrong is the caller's to report, not the lane's.
        Optional<RuntimeException> failure =
                backend.lane.submit(backend::tryToOpen).join();
        if (failure.isPresent()) {
            backend.close();
            throw failure.get();
        }
        return backend;
    }

    private Optional<RuntimeException> tryToOpen() {
        try {
            open();
            return Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of(e);
        }
    }

    private void open() {
        FrameSink sink = sink();
        List<Endpoint> endpoints = config.endpoints();
        for (int i = 0; i < endpoints.size(); i++) {
            GuestPort guest = new GuestPort(
                    "guest" + i,
                    FIRST_MAC + i,
                    endpoints.get(i),
                    config,
                    lane,
                    sink,
                    engine,
                    recollection("guest" + i, endpoints.get(i)),
                    listener,
                    this::guestsChanged);
            guests.add(guest);
            if (sink instanceof Bridge bridge) {
                bridge.add(guest.device());
            }
        }
        if (sink instanceof Bridge bridge && config.switching() instanceof Switching.Bridged bridged) {
            for (Uplink uplink : bridged.uplinks()) {
                Uplink.Opened opened = uplink.open(lane, sink);
                uplinks.add(opened);
                bridge.add(opened.port());
            }
        }
        for (GuestPort guest : guests) {
            meet(guest);
            listener.ready(guest.name(), guest.endpoint());
        }
    }

    private Recollection recollection(String guest, Endpoint endpoint) {
        // An inherited descriptor has no name under which the next process would find anything.
        AcknowledgementFile file = endpoint.path() == null || config.promise().isEmpty()
                ? null
                : new AcknowledgementFile(endpoint.path(), files, line -> listener.trouble(guest, line));
        return new Recollection(
                config.offered().plus(config.leftToFrontEnd()), config.promise().orElse("this back-end"), file);
    }

    private FrameSink sink() {
        return switch (config.switching()) {
            case Switching.Bridged bridged -> new Bridge(engine, bridged.coalesce());
            case Switching.Echoed echoed -> new EchoSink(engine);
            case Switching.Dropped dropped -> new NullSink();
            case Switching.Copied copied -> new CopySink();
            case Switching.Flooded flooded -> new NullSink();
        };
    }

    /** Opens the way on which a guest's front-end comes. */
    private void meet(GuestPort guest) {
        Endpoint endpoint = guest.endpoint();
        if (endpoint.path() == null) {
            Fd socket = InheritedSocket.adopt(endpoint.descriptor());
            if (InheritedSocket.listens(socket)) {
                sockets.add(UnixListener.adopt(lane.loop(), socket, guest::connected));
            } else {
                guest.connected(socket);
            }
        } else if (endpoint.connect()) {
            connect(guest, endpoint.path());
        } else {
            sockets.add(UnixListener.bind(lane.loop(), endpoint.path(), guest::connected));
        }
    }

    private void connect(GuestPort guest, Path path) {
        UnixConnector connector = new UnixConnector(
                lane.loop(), path, FIRST_RETRY_MILLIS, LONGEST_RETRY_MILLIS, new UnixConnector.Handler() {
                    @Override
                    public void connected(Fd connection) {
                        guest.connected(connection);
                    }

                    @Override
                    public void waiting(String reason) {
                        listener.trouble(guest.name(), "waiting for the front-end: " + reason);
                    }
                });
        sockets.add(connector);
        // Not at once: a front-end that hangs up on every connection must not keep the lane busy.
        guest.whenDisconnected(() -> {
            Future<?> unused = lane.loop().schedule(connector::connect, AGAIN_AFTER_MILLIS, TimeUnit.MILLISECONDS);
        });
        connector.connect();
    }

    private void guestsChanged() {
        int accepts = 0;
        for (GuestPort guest : guests) {
            accepts |= guest.device().accepts();
        }
        for (Uplink.Opened uplink : uplinks) {
            uplink.guestsAccept(accepts);
        }
    }

    /**
     * Sets a guest's link up or down, until the next call. While it is down no frame moves; a driver that reads our config space sees
     * LINK_UP change. Any thread.
     *
     * @param guest its name
     * @param up whether frames move
     * @return as soon as the lane has done it: whether there is such a guest
     * @throws IllegalStateException when the back-end is closed
     */
    public CompletableFuture<Boolean> link(String guest, boolean up) {
        return lane.submit(() -> {
            Optional<GuestPort> named =
                    guests.stream().filter(each -> each.name().equals(guest)).findFirst();
            named.ifPresent(each -> each.link(up));
            return named.isPresent();
        });
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
     * What the offload engine has counted for all guests.
     *
     * @return counters that any thread may read
     */
    public OffloadCounters offloads() {
        return engine.counters();
    }

    /**
     * What all devices are like, seen between two bursts. Any thread.
     *
     * @return one for each guest, as soon as the lane has looked
     * @throws IllegalStateException when the back-end is closed
     */
    public CompletableFuture<List<DeviceSnapshot>> devices() {
        return lane.submit(() -> guests.stream().map(GuestPort::snapshot).toList());
    }

    /** Ends all connections, closes and removes the sockets, ends the lane. Takes milliseconds. */
    @Override
    public void close() {
        try {
            lane.submit(() -> {
                        for (AutoCloseable socket : sockets) {
                            socket.close();
                        }
                        sockets.clear();
                        guests.forEach(GuestPort::close);
                        uplinks.forEach(Uplink.Opened::close);
                        uplinks.clear();
                        return true;
                    })
                    .join();
        } catch (CompletionException e) {
            listener.trouble("back-end", "did not end cleanly: " + e.getCause());
        } finally {
            lane.close();
            // Waits for what is still to be written.
            files.close();
        }
    }
}
