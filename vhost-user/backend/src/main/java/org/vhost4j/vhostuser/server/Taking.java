// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.MessageType;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/**
 * The new back-end's side of a hand-over. Until COMMIT has arrived, it does nothing that affects the old back-end, the guests or the
 * network.
 */
final class Taking {
    private static final Duration ANSWER = Duration.ofSeconds(10);

    private final HandOverChannel channel;
    private final BackendConfig config;
    private final BackendListener listener;
    private final Backend backend;
    private final Runnable rehearsal;

    /** The listening sockets by guest, null for none. */
    private final List<@Nullable Fd> listening = new ArrayList<>();

    /** Format of the other back-end's state. */
    private int format;

    private final List<List<Long>> stations = new ArrayList<>();
    private final List<HeldFrame> held = new ArrayList<>();

    /**
     * Creates the object without starting the hand-over.
     *
     * @param rehearsal runs when everything is prepared, while the old back-end still forwards frames
     */
    Taking(BackendConfig config, BackendListener listener, HandOverChannel channel, Runnable rehearsal) {
        this.rehearsal = rehearsal;
        this.config = config;
        this.listener = listener;
        this.channel = channel;
        this.backend = new Backend(config, listener);
    }

    Backend take() throws HandOverException {
        boolean done = false;
        try {
            channel.requireSameUser();
            agree();
            try (StateReader setup = channel.receive(MessageType.SETUP, ANSWER).reader()) {
                prepare(setup);
            }
            rehearsal.run();
            channel.send(MessageType.READY, ANSWER);
            try (StateReader positions =
                    channel.receive(MessageType.POSITIONS, ANSWER).reader()) {
                adopt(positions);
            }
            channel.send(MessageType.TAKEN, ANSWER);
            channel.receive(MessageType.COMMIT, ANSWER).reader().close();
            done = true;
        } catch (HandOverException e) {
            channel.refuse(e.reason());
            throw e;
        } catch (SystemError e) {
            channel.refuse(String.valueOf(e.getMessage()));
            throw e;
        } finally {
            if (!done) {
                giveUp();
            }
        }
        begin();
        return backend;
    }

    private void agree() throws HandOverException {
        channel.send(
                MessageType.HELLO,
                new StateWriter().number(HandOverChannel.OLDEST_FORMAT).number(HandOverChannel.FORMAT),
                ANSWER);
        try (StateReader offer = channel.receive(MessageType.OFFER, ANSWER).reader()) {
            format = offer.number();
            if (format < HandOverChannel.OLDEST_FORMAT || format > HandOverChannel.FORMAT) {
                throw new HandOverException("the other back-end writes state of format " + format);
            }
            Optional<String> broken = Promise.broken(Promise.load(offer), config);
            if (broken.isPresent()) {
                throw new HandOverException(broken.get());
            }
        }
        channel.send(MessageType.PREPARE, ANSWER);
    }

    /** Reads state on a lane. */
    @FunctionalInterface
    private interface Step {
        void run() throws HandOverException;
    }

    private static void inLane(LaneContext context, Step step) throws HandOverException {
        List<HandOverException> failure = new ArrayList<>();
        Backend.inLane(context, () -> {
            try {
                step.run();
            } catch (HandOverException e) {
                failure.add(e);
            }
        });
        if (!failure.isEmpty()) {
            throw failure.getFirst();
        }
    }

    private void prepare(StateReader setup) throws HandOverException {
        List<Switching.Bridged> bridge = new ArrayList<>();
        backend.build(bridge::add);
        for (GuestPort guest : backend.guests()) {
            listening.add(setup.descriptor());
            inLane(guest.context(), () -> {
                guest.context().running(guest.device(), false);
                guest.loadSetup(setup, format);
            });
        }
        LaneContext first = backend.contexts().getFirst();
        for (Switching.Bridged bridged : bridge) {
            for (Uplink uplink : bridged.uplinks()) {
                inLane(
                        first,
                        () -> backend.join(
                                first.open(uplink.rates(), to -> uplink.takeOver(first.lane, to, setup)),
                                uplink,
                                bridged.security()));
                requireParts(uplink, setup);
                for (LaneContext context : backend.others(uplink)) {
                    inLane(
                            context,
                            () -> backend.joinPart(
                                    context,
                                    backend.uplinks().getLast(),
                                    uplink,
                                    bridged.security(),
                                    to -> uplink.takeOverPart(context.lane, to, setup)));
                }
            }
        }
        setup.end();
        for (LaneContext context : backend.contexts()) {
            Backend.inLane(context, context::begin);
        }
    }

    /** Requires that an uplink have as many parts as in the other back-end, because frames may wait in every part. */
    private void requireParts(Uplink uplink, StateReader from) throws HandOverException {
        int there = format < HandOverChannel.PARTS_FORMAT ? 0 : from.number();
        int here = backend.others(uplink).size();
        if (there != here) {
            throw new HandOverException("port %s has a part on %d lanes there and on %d here"
                    .formatted(uplink.name(), there + 1, here + 1));
        }
    }

    private static Uplink.Movable part(LaneContext context, Uplink.Opened port) {
        if (context.part(port) instanceof Uplink.Movable part) {
            return part;
        }
        throw new IllegalStateException(
                port.port().name() + " has no part on " + context.lane.name() + " that was taken over");
    }

    private void adopt(StateReader positions) throws HandOverException {
        // No object is on a lane yet, so this thread does the work: passing it to each lane would take longer.
        for (GuestPort guest : backend.guests()) {
            if (positions.flag()) {
                guest.loadSetup(positions, format);
            }
            guest.loadPosition(positions);
        }
        for (int i = 0; i < backend.uplinks().size(); i++) {
            Uplink.Opened port = backend.uplinks().get(i);
            Uplink.Movable movable = (Uplink.Movable) port;
            inLane(backend.contexts().getFirst(), () -> movable.update(positions));
            if (config.switching() instanceof Switching.Bridged bridged) {
                Uplink uplink = bridged.uplinks().get(i);
                requireParts(uplink, positions);
                for (LaneContext context : backend.others(uplink)) {
                    inLane(context, () -> part(context, port).update(positions));
                }
            }
            stations.add(GuestRecord.loadStations(positions));
            if (format >= HandOverChannel.PORT_COUNTERS_FORMAT) {
                inLane(
                        backend.contexts().getFirst(),
                        () -> GuestRecord.loadCounters(port.port().counters(), positions));
            }
        }
        int ports = backend.contexts().getFirst().ports();
        while (positions.flag()) {
            held.addAll(GuestRecord.loadFrames(Math.max(1, ports), positions));
        }
        positions.end();
    }

    /**
     * Starts this back-end, which now owns all guests and ports. First all rings start, because a lane can have frames for guests of
     * another lane. Then the stations behind uplinks are added, and all lanes start.
     */
    private void begin() {
        List<GuestSocket> sockets =
                backend.guests().stream().map(backend::socketOf).toList();
        backend.sockets().addAll(sockets);
        inAllLanes(context -> ofLane(context).forEach(guest -> {
            guest.begin();
            guest.learn();
        }));
        LaneContext first = backend.contexts().getFirst();
        if (!backend.uplinks().isEmpty()) {
            Backend.inLane(first, () -> {
                for (int i = 0; i < stations.size(); i++) {
                    FramePort port = backend.uplinks().get(i).port();
                    stations.get(i).forEach(station -> first.learn(port, station));
                }
            });
        }
        inAllLanes(context -> {
            context.hold(held.stream()
                    .filter(frame -> contextOf(frame.port()) == context)
                    .toList());
            for (Uplink.Opened port : backend.uplinks()) {
                if (context.part(port) instanceof Uplink.Movable part) {
                    part.proceed();
                }
            }
            for (int i = 0; i < sockets.size(); i++) {
                GuestPort guest = backend.guests().get(i);
                if (guest.context() == context) {
                    boolean connected = guest.hasFrontEnd();
                    guest.serve();
                    context.sockets.add(sockets.get(i));
                    sockets.get(i).takeOver(listening.get(i), connected);
                    if (!connected) {
                        listener.ready(guest.name(), guest.endpoint());
                    }
                }
            }
        });
    }

    /** Runs a task on all lanes at the same time, and waits for all. */
    private void inAllLanes(Consumer<LaneContext> task) {
        CompletableFuture.allOf(backend.contexts().stream()
                        .map(context -> context.lane.submit(() -> {
                            task.accept(context);
                            return true;
                        }))
                        .toArray(CompletableFuture<?>[]::new))
                .join();
    }

    private List<GuestPort> ofLane(LaneContext context) {
        return backend.guests().stream()
                .filter(guest -> guest.context() == context)
                .toList();
    }

    /**
     * Returns the lane of a port number. The first numbers are the guests in their order; the others are uplinks, which are on the first
     * lane.
     */
    private LaneContext contextOf(int port) {
        return port < backend.guests().size()
                ? backend.guests().get(port).context()
                : backend.contexts().getFirst();
    }

    /** Releases all resources, because the other back-end keeps its guests. */
    private void giveUp() {
        listening.forEach(socket -> {
            if (socket != null) {
                socket.close();
            }
        });
        backend.leave();
        backend.close();
    }
}
