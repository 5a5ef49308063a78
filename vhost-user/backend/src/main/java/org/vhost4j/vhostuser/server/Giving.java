// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.Consumer;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.sys.SocketPeer;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.handover.HandOverChannel;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.MessageType;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/**
 * The old back-end's side of a hand-over. The old back-end can continue unchanged until it has sent COMMIT; after that it changes nothing
 * any more.
 *
 * <p>Traffic stops in three steps. All lanes complete a step before the next one begins. First, devices and uplinks accept no more frames.
 * Second, frames in transit between lanes are delivered, or kept if their receiver has no room. Third, the lanes stop using the rings.
 */
final class Giving {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    /** Maximum time for the new back-end to map memory and compile its code. */
    private static final Duration PREPARATION = Duration.ofMinutes(2);
    /** Maximum time for the new back-end to take over the positions; no frame is forwarded during this time. */
    private static final Duration TAKING = Duration.ofSeconds(1);

    private static final long LANE_MILLIS = 1_000;
    private static final long DRAIN_NANOS = 2_000_000;

    private final Backend backend;
    private final HandOverChannel channel;

    /** The version of each guest's setup when it was saved. */
    private final List<Long> versions = new ArrayList<>();

    private boolean frozen;
    private boolean halted;

    Giving(Backend backend, HandOverChannel channel) {
        this.backend = backend;
        this.channel = channel;
    }

    /** Hands over all guests and ports; returns the process that has taken over. */
    SocketPeer give() throws HandOverException {
        try {
            SocketPeer peer = channel.requireSameUser();
            prepare();
            channel.send(MessageType.POSITIONS, stopTraffic(), TAKING);
            channel.receive(MessageType.TAKEN, TAKING);
            channel.send(MessageType.COMMIT, TAKING);
            backend.leave();
            return peer;
        } catch (HandOverException e) {
            refuse(e.reason());
            throw e;
        } catch (SystemError | IllegalStateException | CompletionException e) {
            String reason = "this back-end cannot hand over: " + e.getMessage();
            refuse(reason);
            throw new HandOverException(reason);
        }
    }

    private void refuse(String reason) {
        channel.refuse(reason);
        proceed();
    }

    private void prepare() throws HandOverException {
        try (StateReader hello = channel.receive(MessageType.HELLO, ANSWER).reader()) {
            int oldest = hello.number();
            int newest = hello.number();
            if (oldest > HandOverChannel.FORMAT || newest < HandOverChannel.FORMAT) {
                throw new HandOverException("the new back-end reads state of format %d to %d, and this one writes %d"
                        .formatted(oldest, newest, HandOverChannel.FORMAT));
            }
        }
        requireMovable();
        StateWriter offer = new StateWriter().number(HandOverChannel.FORMAT);
        Promise.of(backend.config()).save(offer);
        channel.send(MessageType.OFFER, offer, ANSWER);
        channel.receive(MessageType.PREPARE, ANSWER).reader().close();
        try (StateWriter setup = StateWriter.ofDuplicates()) {
            for (int i = 0; i < backend.guests().size(); i++) {
                GuestPort guest = backend.guests().get(i);
                GuestSocket socket = backend.sockets().get(i);
                inLane(guest.context(), () -> {
                    versions.add(guest.version());
                    setup.descriptor(socket.listening());
                    guest.saveSetup(setup);
                });
            }
            for (Uplink.Movable port : movable()) {
                List<LaneContext> lanes = lanesOf(port);
                inLane(lanes.getFirst(), () -> port.save(setup));
                setup.number(lanes.size() - 1);
                for (LaneContext other : lanes.subList(1, lanes.size())) {
                    inLane(other, () -> part(other, port).save(setup));
                }
            }
            channel.send(MessageType.SETUP, setup, ANSWER);
        }
        channel.receive(MessageType.READY, PREPARATION).reader().close();
    }

    private void requireMovable() throws HandOverException {
        for (Uplink.Opened port : backend.uplinks()) {
            if (!(port instanceof Uplink.Movable)) {
                throw new HandOverException("port " + port.port().name() + " cannot be handed over");
            }
        }
        List<Optional<String>> reasons = new ArrayList<>();
        for (GuestPort guest : backend.guests()) {
            inLane(guest.context(), () -> reasons.add(guest.immovable()));
        }
        requireNone(reasons);
    }

    private List<Uplink.Movable> movable() {
        return backend.uplinks().stream().map(Uplink.Movable.class::cast).toList();
    }

    /** Returns the lanes that have a part of a port, starting with the first lane. */
    private List<LaneContext> lanesOf(Uplink.Movable port) {
        List<LaneContext> lanes = new ArrayList<>();
        for (LaneContext context : backend.contexts()) {
            inLane(context, () -> {
                if (context.part(port) != null) {
                    lanes.add(context);
                }
            });
        }
        return lanes;
    }

    private static Uplink.Movable part(LaneContext context, Uplink.Movable port) {
        if (context.part(port) instanceof Uplink.Movable part) {
            return part;
        }
        throw new IllegalStateException(port.port().name() + " has no part on lane " + context.lane.name());
    }

    private static void inLane(LaneContext context, Runnable task) {
        context.lane
                .submit(() -> {
                    task.run();
                    return true;
                })
                .orTimeout(LANE_MILLIS, TimeUnit.MILLISECONDS)
                .join();
    }

    /** Runs a task on all lanes at the same time, and waits for all. */
    private void inAllLanes(Consumer<LaneContext> task) {
        CompletableFuture.allOf(backend.contexts().stream()
                        .map(context -> context.lane.submit(() -> {
                            task.accept(context);
                            return true;
                        }))
                        .toArray(CompletableFuture<?>[]::new))
                .orTimeout(LANE_MILLIS, TimeUnit.MILLISECONDS)
                .join();
    }

    private void guests(LaneContext of, Consumer<GuestPort> task) {
        backend.guests().stream().filter(guest -> guest.context() == of).forEach(task);
    }

    private void uplinks(LaneContext of, Consumer<Uplink.Movable> task) {
        for (Uplink.Movable port : movable()) {
            if (of.part(port) instanceof Uplink.Movable part) {
                task.accept(part);
            }
        }
    }

    /** Stops all traffic, and writes the positions. */
    private StateWriter stopTraffic() throws HandOverException {
        frozen = true;
        List<Optional<String>> reasons = Collections.synchronizedList(new ArrayList<>());
        inAllLanes(context -> {
            for (int i = 0; i < backend.guests().size(); i++) {
                if (backend.guests().get(i).context() == context) {
                    backend.sockets().get(i).freeze();
                }
            }
            guests(context, guest -> {
                guest.freeze();
                // Guests may have changed since the check before SETUP.
                reasons.add(guest.immovable());
            });
            uplinks(context, Uplink.Movable::halt);
        });
        requireNone(reasons);
        if (backend.contexts().size() > 1) {
            drain();
        }
        halted = true;
        return positions();
    }

    private static void requireNone(List<Optional<String>> reasons) throws HandOverException {
        Optional<String> first = reasons.stream().flatMap(Optional::stream).findFirst();
        if (first.isPresent()) {
            throw new HandOverException(first.get());
        }
    }

    /**
     * Waits a short time for frames between lanes to be delivered; frames whose receiver has no room are handed over.
     */
    private void drain() {
        long end = System.nanoTime() + DRAIN_NANOS;
        AtomicBoolean waits = new AtomicBoolean(true);
        while (waits.get() && System.nanoTime() < end) {
            waits.set(false);
            inAllLanes(context -> {
                if (!context.isDrained()) {
                    waits.set(true);
                }
            });
        }
    }

    /** Stops using the rings, and writes the positions of all queues and ports. */
    private StateWriter positions() {
        List<StateWriter> ofGuests =
                backend.guests().stream().map(guest -> new StateWriter()).toList();
        List<StateWriter> ofLanes =
                backend.contexts().stream().map(context -> new StateWriter()).toList();
        List<Uplink.Movable> uplinks = movable();
        // For each uplink: the states of its parts by lane, then its own state.
        List<List<StateWriter>> ofParts = uplinks.stream()
                .map(port -> backend.contexts().stream()
                        .map(context -> new StateWriter())
                        .toList())
                .toList();
        List<StateWriter> ofUplinks =
                uplinks.stream().map(port -> new StateWriter()).toList();
        AtomicIntegerArray parts = new AtomicIntegerArray(uplinks.size());
        inAllLanes(context -> {
            int lane = backend.contexts().indexOf(context);
            context.halt();
            for (int i = 0; i < backend.guests().size(); i++) {
                GuestPort guest = backend.guests().get(i);
                if (guest.context() == context) {
                    guest.halt();
                    boolean changed = guest.version() != versions.get(i);
                    StateWriter to = ofGuests.get(i).flag(changed);
                    if (changed) {
                        guest.saveSetup(to);
                    }
                    guest.savePosition(to);
                }
            }
            for (int i = 0; i < uplinks.size(); i++) {
                Uplink.Movable port = uplinks.get(i);
                if (context.part(port) instanceof Uplink.Movable part) {
                    part.save(ofParts.get(i).get(lane));
                    if (lane == 0) {
                        StateWriter whole = ofUplinks.get(i);
                        GuestRecord.saveStations(context.stations(port.port(), Integer.MAX_VALUE), whole);
                    } else {
                        parts.incrementAndGet(i);
                    }
                }
            }
            GuestRecord.saveFrames(
                    context.held().stream()
                            .map(frame -> frame.at(place(context, frame.port())))
                            .toList(),
                    ofLanes.get(lane).flag(true));
        });
        StateWriter all = new StateWriter();
        ofGuests.forEach(all::append);
        for (int i = 0; i < uplinks.size(); i++) {
            // Saved after the parts have stopped counting.
            GuestRecord.saveCounters(uplinks.get(i).port().counters(), ofUplinks.get(i));
            all.append(ofParts.get(i).getFirst()).number(parts.get(i));
            ofParts.get(i).stream().skip(1).forEach(all::append);
            all.append(ofUplinks.get(i));
        }
        ofLanes.forEach(all::append);
        return all.flag(false);
    }

    /**
     * Returns the number that a port will have in the new back-end: guests in their order, then uplinks. In this back-end the numbers may
     * have gaps.
     */
    private int place(LaneContext context, int number) {
        Bridge bridge = context.bridge();
        List<GuestPort> guests = backend.guests();
        for (int i = 0; bridge != null && i < guests.size(); i++) {
            GuestPort guest = guests.get(i);
            boolean here = guest.seats().all().stream().anyMatch(seat -> seat.context() == context);
            if (here && bridge.numberOf(context.bridgePort(guest.device())) == number) {
                return i;
            }
        }
        List<Uplink.Opened> uplinks = backend.uplinks();
        for (int i = 0; bridge != null && i < uplinks.size(); i++) {
            if (context.part(uplinks.get(i)) != null
                    && bridge.numberOf(context.bridgePort(uplinks.get(i).port())) == number) {
                return guests.size() + i;
            }
        }
        return number;
    }

    /** Resumes all traffic after a failed hand-over. */
    private void proceed() {
        if (!frozen) {
            return;
        }
        boolean all = halted;
        for (LaneContext context : backend.contexts()) {
            // Each is resumed separately, so that an error of one does not affect the others.
            if (all) {
                context.lane.execute(context::proceed);
            }
            context.lane.execute(() -> uplinks(context, Uplink.Movable::proceed));
        }
        for (int i = 0; i < backend.guests().size(); i++) {
            GuestPort guest = backend.guests().get(i);
            GuestSocket socket = backend.sockets().get(i);
            guest.context().lane.execute(() -> guest.proceed(all));
            guest.context().lane.execute(socket::thaw);
        }
    }
}
