// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.host.io.UnixListener;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.server.ServedChange.What;

/**
 * The guests and ports of a back-end. They can be added, changed and removed while frames are forwarded. Any thread except a lane's may
 * call the methods, which block; one change is made at a time. Lanes apply a change one after another, between two bursts, so that no frame
 * of another guest is delayed or lost. A change that fails is undone.
 */
public final class Membership {
    private static final long CLOSE_SECONDS = 1;

    private final Backend backend;
    private final ReentrantLock changes = new ReentrantLock();
    private final Map<String, StationLines> watches = new ConcurrentHashMap<>();

    /** Number of guests that were ever added, from which default names are made. */
    private int numbers;

    private volatile boolean closed;

    Membership(Backend backend) {
        this.backend = backend;
        this.numbers = backend.config().endpoints().size();
    }

    /**
     * A guest.
     *
     * @param name name of the guest
     * @param endpoint socket and settings of the guest
     * @param counters counters of the guest's device; any thread may read them
     */
    public record Guest(String name, Endpoint endpoint, Counters counters) {}

    /**
     * A port on the bridge that is not a guest.
     *
     * @param name name of the port
     * @param uplink kind and settings of the port
     */
    public record Port(String name, Uplink uplink) {}

    @FunctionalInterface
    interface Task<T, X extends Exception> {
        /** Runs the task, which may fail. */
        T run() throws X;
    }

    /**
     * Returns the current guests.
     *
     * @return the guests in the order in which they were added
     */
    public List<Guest> guests() {
        return backend.guests().stream()
                .map(guest ->
                        new Guest(guest.name(), guest.endpoint(), guest.device().counters()))
                .toList();
    }

    /**
     * Returns the current ports that are not guests.
     *
     * @return the ports in the order in which they were added; empty without a bridge
     */
    public List<Port> ports() {
        return backend.config().switching() instanceof Switching.Bridged bridged
                ? bridged.uplinks().stream()
                        .map(uplink -> new Port(uplink.name(), uplink))
                        .toList()
                : List.of();
    }

    /**
     * Adds a guest. When this returns, its socket is listening.
     *
     * @param endpoint socket and settings of the guest
     * @return name of the guest
     * @throws ChangeRefused when its name or its socket is in use, or a file or socket cannot be opened; then nothing has changed
     */
    public String addGuest(Endpoint endpoint) throws ChangeRefused {
        return changing(() -> {
            requireNew(endpoint);
            LaneContext own = backend.contexts().stream()
                    .min(Comparator.comparingLong(this::guestsOf))
                    .orElseThrow();
            GuestPort guest = backend.guest(nextNumber(endpoint), endpoint, own);
            boolean done = false;
            int number = -1;
            try {
                number = join(guest, own);
                backend.guests().add(guest);
                Backend.inLane(own, () -> backend.openSocket(guest));
                done = true;
            } finally {
                if (!done) {
                    end(guest, number, guest::abandon);
                }
            }
            served();
            backend.listener().changed(new ServedChange(What.ADDED, true, guest.name()));
            return guest.name();
        });
    }

    private long guestsOf(LaneContext context) {
        return backend.guests().stream()
                .filter(guest -> guest.context() == context)
                .count();
    }

    private int nextNumber(Endpoint endpoint) throws ChangeRefused {
        if (endpoint.name() != null) {
            requireFree(endpoint.name());
            return numbers;
        }
        while (isTaken("guest" + numbers)) {
            numbers++;
        }
        return numbers++;
    }

    private boolean isTaken(String name) {
        return backend.guests().stream().anyMatch(guest -> guest.name().equals(name))
                || backend.uplinks().stream()
                        .anyMatch(port -> port.port().name().equals(name));
    }

    private void requireFree(String name) throws ChangeRefused {
        if (isTaken(name)) {
            throw new ChangeRefused(false, "there is a guest or a port '" + name + "' already");
        }
    }

    private void requireNew(Endpoint endpoint) throws ChangeRefused {
        Path path = endpoint.path();
        if (path == null) {
            throw new ChangeRefused(false, "a guest that is added later needs a socket with a path");
        }
        for (GuestPort guest : backend.guests()) {
            Path other = guest.endpoint().path();
            if (other != null && absolute(other).equals(absolute(path))) {
                throw new ChangeRefused(false, "socket " + path + " is that of guest '" + guest.name() + "'");
            }
        }
        if (!endpoint.connect()) {
            UnixListener.requireUnused(path);
        }
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    /** Adds a guest that has no socket yet to all bridges; returns its port number, or -1 without a bridge. */
    private int join(GuestPort guest, LaneContext own) {
        if (!(backend.config().switching() instanceof Switching.Bridged bridged)) {
            return -1;
        }
        BridgeSeat seat = new BridgeSeat(backend.contexts(), own, guest.name(), guest.rules(bridged.security()));
        try {
            seat.take(
                    guest::device,
                    guest.device()::fault,
                    backend.hasUplink(own, bridged),
                    guest.seats().spread()
                            ? (context, joining) -> joining.accept(context.bridgePort(guest.device()))
                            : null);
            for (GuestSeats.Seat each : guest.seats().all()) {
                if (!guest.seats().isHome(each) && backend.hasUplink(each.context(), bridged)) {
                    Backend.inLane(each.context(), () -> each.context().parkLate(each.device(), each.device()::fault));
                }
            }
            Backend.inLane(own, () -> own.running(guest.device(), false));
            seat.enterOwnAddress();
            return seat.number();
        } catch (RuntimeException | Error e) {
            seat.leave(guest.device());
            throw e;
        }
    }

    /**
     * Removes a guest: disconnects its front-end, removes its socket, and removes its stations from the forwarding database.
     *
     * @param name name of the guest
     * @return the guest with its last settings
     * @throws ChangeRefused when no guest has that name
     */
    public Guest removeGuest(String name) throws ChangeRefused {
        return changing(() -> {
            GuestPort guest = guest(name);
            Guest last = new Guest(name, guest.endpoint(), guest.device().counters());
            int[] number = {-1};
            LaneContext own = guest.context();
            Bridge bridge = own.bridge();
            if (bridge != null) {
                Backend.inLane(own, () -> number[0] = bridge.numberOf(own.bridgePort(guest.device())));
            }
            end(guest, number[0], guest::remove);
            served();
            backend.listener().changed(new ServedChange(What.REMOVED, true, name));
            return last;
        });
    }

    private void end(GuestPort guest, int number, Runnable ending) {
        LaneContext own = guest.context();
        int index = backend.guests().indexOf(guest);
        GuestSocket socket = index >= 0 && index < backend.sockets().size()
                ? backend.sockets().get(index)
                : null;
        Backend.inLane(own, () -> {
            if (socket != null) {
                own.sockets.remove(socket);
                socket.close();
            }
            ending.run();
        });
        backend.guests().remove(guest);
        if (socket != null) {
            backend.sockets().remove(socket);
        }
        if (number >= 0) {
            BridgeSeat.of(backend.contexts(), own, number).leave(guest.device());
        }
        for (LaneContext context : backend.contexts()) {
            Backend.inLane(context, () -> guest.seats().forgetPaths(context));
        }
        backend.guestAccepts(guest.name(), 0);
        guest.closeDescriptors();
        backend.captures().forget(guest.name());
    }

    private GuestPort guest(String name) throws ChangeRefused {
        return backend.guests().stream()
                .filter(guest -> guest.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new ChangeRefused(true, "there is no guest '" + name + "'"));
    }

    /**
     * Changes a guest's settings: its MAC address, VLANs, security settings or rate limits.
     *
     * @param name name of the guest
     * @param settings returns the new endpoint for the current one
     * @throws ChangeRefused when no guest has that name, or a setting would change that cannot be changed at run time
     */
    public void changeGuest(String name, UnaryOperator<Endpoint> settings) throws ChangeRefused {
        changing(() -> {
            GuestPort guest = guest(name);
            Endpoint before = guest.endpoint();
            Endpoint after = settings.apply(before);
            Endpoint same = after.withMac(before.mac(), before.trustMac())
                    .withVlan(before.vlan())
                    .withSecurity(before.security())
                    .withRates(before.rates())
                    .withLink(before.linkUp());
            if (!same.equals(before)) {
                throw new ChangeRefused(
                        false, "guest '" + name + "' keeps its socket while it is served: remove it and add it");
            }
            if (guest.seats().spread() && !after.rates().equals(PortRates.NONE)) {
                throw new ChangeRefused(
                        false, "guest '" + name + "' has queues on several lanes, and its rates cannot be limited");
            }
            LaneContext own = guest.context();
            if (backend.config().switching() instanceof Switching.Bridged bridged) {
                applyRules(own, guest.device(), guest.rules(after, bridged.security()));
            }
            Backend.inLane(own, () -> guest.change(after));
            served();
            backend.listener().changed(new ServedChange(What.CHANGED, true, name));
            return name;
        });
    }

    private void applyRules(LaneContext own, FramePort port, PortRules rules) {
        BridgeSeat.of(backend.contexts(), own, port).applyRules(rules);
    }

    /**
     * Adds a port to the bridge, and opens it.
     *
     * @param uplink the port, with its settings
     * @throws ChangeRefused when the name is in use, there is no bridge, or the port cannot be opened; then nothing has changed
     */
    public void addPort(Uplink uplink) throws ChangeRefused {
        changing(() -> {
            Switching.Bridged bridged = bridged();
            requireFree(uplink.name());
            LaneContext first = backend.contexts().getFirst();
            BridgeSeat seat = new BridgeSeat(
                    backend.contexts(), first, uplink.name(), rules(uplink.name(), uplink, bridged.security()));
            List<Uplink.Opened> opened = new ArrayList<>();
            boolean done = false;
            try {
                backend.contexts().stream()
                        .filter(context -> context == first || uplink.onEveryLane())
                        .forEach(this::parkGuests);
                seat.take(
                        () -> {
                            Uplink.Opened port = first.open(uplink.rates(), to -> uplink.open(first.lane, to));
                            opened.add(port);
                            // From now on the port is notified when the offloads that guests accept change.
                            backend.uplinks().add(port);
                            port.guestsAccept(backend.anyGuestAccepts());
                            return port.port();
                        },
                        reason -> opened.forEach(port -> port.fault(reason)),
                        false,
                        uplink.onEveryLane()
                                ? (context, joining) -> context.openPart(
                                        opened.getFirst(), to -> uplink.openPart(context.lane, to), joining)
                                : null);
                if (uplink.onEveryLane()) {
                    // Opening a queue sets the offloads of all queues of the TAP.
                    Backend.inLane(first, () -> {
                        opened.getFirst().guestsAccept(backend.anyGuestAccepts());
                        backend.notifyParts(opened.getFirst(), backend.anyGuestAccepts());
                    });
                }
                seat.enterOwnAddress();
                done = true;
            } finally {
                if (!done) {
                    backend.uplinks().removeAll(opened);
                    seat.leave(
                            opened.isEmpty() ? null : opened.getFirst().port(),
                            () -> opened.forEach(first::closePart),
                            context -> opened.forEach(context::closePart));
                    watches.remove(uplink.name());
                }
            }
            List<Uplink> all = new ArrayList<>(bridged.uplinks());
            all.add(uplink);
            served(all);
            backend.listener().changed(new ServedChange(What.ADDED, false, uplink.name()));
            return uplink;
        });
    }

    /** Creates a queue for each guest of a lane, in which frames of the lane's uplinks wait for that guest. */
    private void parkGuests(LaneContext context) {
        Backend.inLane(
                context,
                () -> backend.guests().stream()
                        .flatMap(guest -> guest.seats().all().stream())
                        .filter(seat -> seat.context() == context)
                        .forEach(seat -> context.parkLate(seat.device(), seat.device()::fault)));
    }

    private Switching.Bridged bridged() throws ChangeRefused {
        if (backend.config().switching() instanceof Switching.Bridged bridged) {
            return bridged;
        }
        throw new ChangeRefused(false, "there is no bridge: --port null, echo and source replace it");
    }

    /**
     * Removes a port from the bridge, and closes it.
     *
     * @param name name of the port
     * @throws ChangeRefused when no port has that name
     */
    public void removePort(String name) throws ChangeRefused {
        changing(() -> {
            Switching.Bridged bridged = bridged();
            int index = port(bridged, name);
            Uplink.Opened opened = backend.uplinks().get(index);
            LaneContext first = backend.contexts().getFirst();
            BridgeSeat seat = BridgeSeat.of(backend.contexts(), first, opened.port());
            backend.uplinks().remove(index);
            seat.leave(opened.port(), () -> first.closePart(opened), context -> context.closePart(opened));
            watches.remove(name);
            backend.captures().forget(name);
            List<Uplink> rest = new ArrayList<>(bridged.uplinks());
            rest.remove(index);
            served(rest);
            backend.listener().changed(new ServedChange(What.REMOVED, false, name));
            return name;
        });
    }

    private static int port(Switching.Bridged bridged, String name) throws ChangeRefused {
        for (int i = 0; i < bridged.uplinks().size(); i++) {
            if (bridged.uplinks().get(i).name().equals(name)) {
                return i;
            }
        }
        throw new ChangeRefused(true, "there is no port '" + name + "'");
    }

    /**
     * Changes the settings of a port that is not a guest: its VLANs, security settings or rate limits.
     *
     * @param name name of the port
     * @param settings returns the port's new description for the current one
     * @throws ChangeRefused when no port has that name
     */
    public void changePort(String name, UnaryOperator<Uplink> settings) throws ChangeRefused {
        changing(() -> {
            Switching.Bridged bridged = bridged();
            int index = port(bridged, name);
            Uplink before = bridged.uplinks().get(index);
            Uplink after = settings.apply(before);
            if (after.onEveryLane() && !after.rates().equals(PortRates.NONE)) {
                throw new ChangeRefused(
                        false, "port '" + name + "' has a queue for each lane, and its rates cannot be limited");
            }
            if (!after.rates().equals(before.rates())) {
                backend.contexts().getFirst().rates(backend.uplinks().get(index).port(), after.rates());
            }
            applyRules(
                    backend.contexts().getFirst(),
                    backend.uplinks().get(index).port(),
                    rules(name, after, bridged.security()));
            List<Uplink> all = new ArrayList<>(bridged.uplinks());
            all.set(index, after);
            served(all);
            backend.listener().changed(new ServedChange(What.CHANGED, false, name));
            return name;
        });
    }

    /**
     * Changes the global security settings, which apply to guests and ports without their own.
     *
     * @param security the new settings
     * @throws ChangeRefused when there is no bridge
     */
    public void secure(PortSecurity security) throws ChangeRefused {
        changing(() -> {
            Switching.Bridged bridged = bridged();
            backend.serve(
                    backend.config().endpoints(),
                    new Switching.Bridged(bridged.uplinks(), bridged.coalesce(), security));
            for (GuestPort guest : backend.guests()) {
                applyRules(guest.context(), guest.device(), guest.rules(security));
            }
            for (int i = 0; i < bridged.uplinks().size(); i++) {
                Uplink uplink = bridged.uplinks().get(i);
                applyRules(
                        backend.contexts().getFirst(),
                        backend.uplinks().get(i).port(),
                        rules(uplink.name(), uplink, security));
            }
            return security;
        });
    }

    /** Returns the rules of a port that is not a guest. */
    PortRules rules(String name, Uplink uplink, PortSecurity ofAll) {
        StationLines watch = watches.computeIfAbsent(
                name,
                made -> new StationLines(
                        null,
                        line -> backend.listener().trouble(made, line),
                        backend.config().clock()));
        return uplink.security().over(ofAll).ofUplink(uplink.vlan(), watch);
    }

    private void served() {
        served(backend.config().switching() instanceof Switching.Bridged bridged ? bridged.uplinks() : List.of());
    }

    private void served(List<Uplink> uplinks) {
        Switching before = backend.config().switching();
        backend.serve(
                backend.guests().stream().map(GuestPort::endpoint).toList(),
                before instanceof Switching.Bridged bridged
                        ? new Switching.Bridged(uplinks, bridged.coalesce(), bridged.security())
                        : before);
    }

    private <T> T changing(Task<T, ChangeRefused> task) throws ChangeRefused {
        return unchanged(() -> {
            if (closed) {
                throw new ChangeRefused(false, "the back-end ends");
            }
            try {
                return task.run();
            } catch (SystemError e) {
                throw new ChangeRefused(
                        false, Optional.ofNullable(e.getMessage()).orElse("a system call failed"));
            } catch (IllegalStateException e) {
                throw new ChangeRefused(false, closed ? "the back-end ends" : String.valueOf(e.getMessage()));
            }
        });
    }

    /** Runs a task while no change is made. */
    <T, X extends Exception> T unchanged(Task<T, X> task) throws X {
        changes.lock();
        try {
            return task.run();
        } finally {
            changes.unlock();
        }
    }

    /** Refuses all changes from now on. */
    void close() {
        closed = true;
        try {
            // A change that is waiting for a lane must not delay closing.
            if (changes.tryLock(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                changes.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
