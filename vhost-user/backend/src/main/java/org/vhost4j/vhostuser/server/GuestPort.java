// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.FrameSource;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.FrameCut;
import org.vhost4j.device.net.NetConfigSpace;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.host.lane.LaneAlarm;
import org.vhost4j.sys.Closer;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.PeerProcess;
import org.vhost4j.vhostuser.event.NegotiationEvent;
import org.vhost4j.vhostuser.event.ResetEvent;
import org.vhost4j.vhostuser.event.StopEvent;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.server.DeviceSnapshot.MacSource;
import org.vhost4j.vhostuser.session.RefusedException;
import org.vhost4j.vhostuser.session.Session;
import org.vhost4j.vhostuser.session.SessionOptions;
import org.vhost4j.vhostuser.session.SessionState;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * A guest of the back-end: its device, and the connection of its front-end while there is one. The device exists as long as the guest. It
 * is in its initial state whenever a front-end connects.
 */
final class GuestPort implements DeviceOwner {
    private final String name;
    private final int number;
    /** The socket and settings. Written by the guest's lane; {@link #change} replaces it. */
    private volatile Endpoint endpoint;

    private final BackendConfig config;
    private final LaneContext context;
    private final AcknowledgedFeatures acknowledged;
    private final ProgressFile progress;
    private final BackendListener listener;
    private final IntConsumer accepts;
    private final NetDevice device;
    private final GuestSeats seats;
    private final LaneAlarm alarm;
    private @Nullable FrameSource source;
    private Runnable whenDisconnected = () -> {};
    private String lastRefusal = "";
    private final MessageTracer tracer;

    private boolean admitted;
    /** Process ID of the front-end that has sent the first message; 0 when it is not visible. */
    private long frontEnd;

    private @Nullable String lastStop;

    private @Nullable Connection connection;

    /** Number of connections that have ended. */
    private long connections;

    /** Whether the lane polls the device; false while the guest is halted. */
    private boolean polled;

    private @Nullable DeviceEffects effects;
    private volatile GuestMemoryMapper mapper;
    private final DeviceMove move;
    private final Closer closer;
    private final StationLines watch;

    /**
     * Creates a guest without a front-end.
     *
     * @param number the guest's number, from which its default name is made
     * @param context the guest's lane with its objects
     * @param lanes lanes of the guest's queue pairs, including its own lane
     * @param acknowledged record of the guest's features
     * @param progress file in which the positions of the guest's queues are kept
     * @param accepts called with the offloads that the guest accepts, a mask of {@link org.vhost4j.device.frame.Offloads}, whenever they
     *     may have changed
     */
    GuestPort(
            String name,
            int number,
            Endpoint endpoint,
            BackendConfig config,
            LaneContext context,
            List<LaneContext> lanes,
            AcknowledgedFeatures acknowledged,
            ProgressFile progress,
            BackendListener listener,
            IntConsumer accepts) {
        this.name = name;
        this.number = number;
        this.endpoint = endpoint;
        this.config = config;
        this.context = context;
        this.acknowledged = acknowledged;
        this.progress = progress;
        this.listener = listener;
        this.tracer = new MessageTracer(name, listener.trace());
        this.accepts = accepts;
        this.mapper = new GuestMemoryMapper(config.anyMemory());
        this.closer = new Closer(name);
        this.seats = new GuestSeats(
                new NetDeviceConfig(
                        name,
                        GuestAddress.of(endpoint, number),
                        config.queuePairs(),
                        config.mtu(),
                        config.linkSpeed(),
                        config.receiveTimeouts(),
                        config.clock()),
                context,
                lanes,
                new Owners());
        this.device = seats.home().device();
        this.watch = new StationLines(device.counters(), line -> listener.trouble(name, line), config.clock());
        this.alarm = new LaneAlarm(context.lane);
        device.rates(endpoint.rates());
        this.move = new DeviceMove(name, device, context, config, line -> listener.trouble(name, line));
        seats.each(seat -> seat.control().link(endpoint.linkUp()));
        if (config.switching() instanceof Switching.Source flood) {
            source = new FrameSource(device, flood.bytes());
        }
    }

    String name() {
        return name;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    NetDevice device() {
        return device;
    }

    /** Returns the rules for what the guest may send. */
    PortRules rules(PortSecurity security) {
        return rules(endpoint, security);
    }

    /** Returns the rules for what the guest may send with other settings. */
    PortRules rules(Endpoint settings, PortSecurity ofAll) {
        return settings.security().over(ofAll).ofGuest(settings, watch);
    }

    /** Applies other settings. The guest is notified of changes that it can see. */
    void change(Endpoint to) {
        boolean other = to.mac() != endpoint.mac() || to.trustMac() != endpoint.trustMac();
        if (!to.rates().equals(endpoint.rates())) {
            device.rates(to.rates());
        }
        endpoint = to;
        link(to.linkUp());
        if (other) {
            seats.each(seat -> seat.control().mac(GuestAddress.of(to, number)));
            if (effects != null) {
                effects.configChanged();
            }
        }
    }

    /** Ends the connection of a guest that was removed, and deletes its records. */
    void remove() {
        whenDisconnected = () -> {};
        if (connection != null) {
            connection.end("the guest was removed");
        }
        acknowledged.forget();
        progress.remove();
    }

    /** Stores the guest's acknowledged features in a file from now on: its inherited socket turned out to listen on a path. */
    void keepAcknowledged(AcknowledgementFile beside) {
        acknowledged.keepIn(beside);
    }

    /** Abandons a guest that could not be added. Files of an earlier run beside its socket are kept. */
    void abandon() {
        progress.removeNew();
    }

    /** Returns the lane on which this guest is processed. */
    LaneContext context() {
        return context;
    }

    /** Handles the connection of a front-end. A second one is rejected: a device has one driver. */
    void connected(Fd accepted) {
        // Discards the socket, with messages that were not read.
        Fd socket = accepted.closedBy(closer);
        if (connection != null) {
            socket.hangUp();
            socket.close();
            listener.trouble(name, "a second front-end connected to " + endpoint + " and was rejected");
            return;
        }
        if (closer.full()) {
            refused(Connection.TOO_MANY_TO_CLOSE);
            socket.hangUp();
            socket.close();
            whenDisconnected.run();
            return;
        }
        Session session = newSession();
        addToLanes();
        if (source != null) {
            context.lane.add(source);
        }
        admitted = false;
        connection =
                new Connection(context.lane.loop(), socket, this::admit, session, this::disconnected, closer, tracer);
        connections++;
    }

    /** Creates the session of a front-end that has sent nothing yet, with its effects on the device. */
    private Session newSession() {
        GuestMemoryMapper memory = new GuestMemoryMapper(config.anyMemory());
        DeviceEffects deviceEffects = new DeviceEffects(
                name,
                device.control(),
                context.lane,
                seats,
                config.queuePairs(),
                new Announcer(device, context),
                move,
                progress,
                memory,
                listener,
                this::negotiated,
                device::fault,
                this::restarted,
                tracer);
        mapper = memory;
        effects = deviceEffects;
        return new Session(options(), deviceEffects, memory);
    }

    private void negotiated(FeatureSet features) {
        acknowledged.keep(features);
        NegotiationEvent.record(name, config.offered().plus(config.leftToFrontEnd()), features, frontEnd);
    }

    /** Accepts or rejects a front-end when its first message has arrived, from which its process is known. */
    private Optional<String> admit(PeerProcess sender) {
        Optional<String> refusal = acknowledged.admit(sender);
        if (refusal.isPresent()) {
            refused(refusal.get());
        } else {
            lastRefusal = "";
            progress.attached(sender);
            frontEnd = sender.number();
            admitted = true;
            listener.attached(name);
        }
        return refusal;
    }

    /** Reports a rejected front-end once, because such a front-end connects repeatedly. */
    private void refused(String reason) {
        if (!reason.equals(lastRefusal)) {
            lastRefusal = reason;
            listener.trouble(name, reason);
        }
    }

    /** Adds the device to the lane again, from which a memory fault has removed it. */
    private void restarted() {
        long unused = generation.incrementAndGet();
        seats.each(seat -> {
            seat.lane().remove(seat.device());
            seat.lane().add(seat.device());
        });
    }

    private void addToLanes() {
        seats.each(seat -> seat.lane().add(seat.device()));
    }

    private void removeFromLanes() {
        seats.others(seat -> seat.lane().remove(seat.device()));
        context.lane.remove(device);
    }

    private void disconnected(String reason) {
        connection = null;
        connections++;
        effects = null;
        move.end();
        removeFromLanes();
        if (source != null) {
            context.lane.remove(source);
        }
        long unused = generation.incrementAndGet();
        seats.each(seat -> seat.control().reset());
        ResetEvent.record(name, "DISCONNECTED");
        context.forget(device);
        accepts.accept(device.accepts());
        // A front-end that sent nothing, or was rejected, was never attached.
        if (admitted) {
            listener.detached(name, reason, device.counters().toString());
        }
        whenDisconnected.run();
    }

    /** Returns the current state of the device. */
    DeviceSnapshot snapshot() {
        DeviceEffects now = effects;
        List<QueueSnapshot> queues = now == null ? List.of() : now.queues();
        DeviceSnapshot.State state;
        if (now == null) {
            state = DeviceSnapshot.State.WAITING;
        } else if (device.stoppedReason() != null) {
            state = DeviceSnapshot.State.STOPPED;
        } else if (now.ready()) {
            state = DeviceSnapshot.State.RUNNING;
        } else {
            boolean runs = queues.stream().anyMatch(queue -> queue.ring().isPresent());
            state = runs ? DeviceSnapshot.State.NEGOTIATED : DeviceSnapshot.State.ATTACHED;
        }
        MacSource macSource = macSource();
        return new DeviceSnapshot(
                name,
                endpoint,
                state,
                now == null ? Optional.empty() : now.negotiatedFeatures(),
                switch (macSource) {
                    case DEVICE -> device.control().config().mac();
                    case GIVEN -> endpoint.mac();
                    case HEARD -> context.oldestStation(device);
                    case FRONT_END -> PortRules.NO_MAC;
                },
                macSource,
                device.control().linkUp(),
                Optional.ofNullable(lastStop),
                queues);
    }

    private MacSource macSource() {
        Connection now = connection;
        Set<ProtocolFeature> taken = now == null ? Set.of() : now.session().protocolFeatures();
        boolean ours = switch (endpoint.attach()) {
            case DEVICE -> true;
            case NETDEV -> false;
            // Until the front-end's config space is known, the configured type of attachment is used.
            case AUTO -> taken.isEmpty() || taken.contains(ProtocolFeature.CONFIG);
        };
        if (ours) {
            return MacSource.DEVICE;
        }
        if (endpoint.mac() != PortRules.NO_MAC) {
            return MacSource.GIVEN;
        }
        return context.oldestStation(device) == PortRules.NO_MAC ? MacSource.FRONT_END : MacSource.HEARD;
    }

    /** Registers an action that runs when the front-end has disconnected. */
    void whenDisconnected(Runnable task) {
        whenDisconnected = task;
    }

    /** Sets the link of the device up or down, and notifies the driver. */
    void link(boolean up) {
        endpoint = endpoint.withLink(up);
        if (up == device.control().linkUp()) {
            return;
        }
        seats.each(seat -> seat.control().link(up));
        if (effects != null) {
            effects.configChanged();
            effects.reportLink();
        }
    }

    // The following methods hand the guest over to another back-end, or take it over from one.

    /** Returns a number that changes whenever the front-end, or its setup, may have changed. */
    long version() {
        Connection now = connection;
        return (connections << 40) + (now == null ? 0 : now.pieces());
    }

    /** Returns the reason why the guest cannot be handed over now; empty when it can. */
    Optional<String> immovable() {
        Connection now = connection;
        DeviceEffects its = effects;
        if (now == null || its == null) {
            return Optional.empty();
        }
        if (now.session().owesReply() || move.moves()) {
            return Optional.of(name + ": its device state is being migrated");
        }
        return its.announces() ? Optional.of(name + ": it has just migrated from another host") : Optional.empty();
    }

    /** Stops polling the device, and accepts no connection until {@link #proceed}. Frames for the guest are still delivered. */
    void freeze() {
        seats.others(seat -> seat.lane().remove(seat.device()));
        polled = context.lane.remove(device);
        if (source != null) {
            context.lane.remove(source);
        }
        if (connection != null) {
            connection.freeze();
        }
    }

    /** Stops using the rings, after {@link #freeze}: every popped chain is used and published. */
    void halt() {
        if (connection != null) {
            connection.session().halt();
        }
    }

    /** Continues after {@link #freeze}, and after {@link #halt} if {@code halted}. */
    void proceed(boolean halted) {
        if (connection != null) {
            if (halted) {
                connection.session().proceed();
            }
            connection.thaw();
        }
        if (polled) {
            addToLanes();
            if (source != null) {
                context.lane.add(source);
            }
        }
    }

    /** Writes the state that the front-end has set up, with its descriptors, between two messages. */
    void saveSetup(StateWriter to) {
        Connection now = connection;
        to.flag(now != null);
        if (now != null) {
            to.flag(device.stoppedReason() != null).descriptor(now.socket());
            SessionRecord.write(now.session().state(), to);
        }
    }

    /** Writes the positions of the guest's queues. The guest is halted. */
    void savePosition(StateWriter to) {
        to.text(acknowledged.known().map(Acknowledgement::text).orElse(""));
        to.text(lastStop == null ? "" : lastStop);
        GuestRecord.saveCounters(device.counters(), to);
        GuestRecord.saveStations(context.stations(device, Integer.MAX_VALUE), to);
        Connection now = connection;
        DeviceEffects its = effects;
        if (now != null && its != null) {
            now.midst().save(to);
            to.flag(its.paused())
                    .flag(its.channelWorks())
                    .block(device.control().save());
            List<Optional<Integer>> positions = now.session().positions();
            SessionRecord.writePositions(positions, to);
            for (int i = 0; i < positions.size(); i++) {
                FrameCut cut = now.session().runs(i) ? its.cut(i) : FrameCut.NONE;
                to.number(cut.segments()).number(cut.bytes()).number(cut.segmentSize());
            }
        }
    }

    /** The state of a guest that is being taken over, until its queues run here. */
    private record Arrival(Fd socket, Session session, SessionState state) {}

    private @Nullable Arrival arrival;
    private Connection.@Nullable Midst midst;
    private List<Optional<Integer>> positions = List.of();
    private List<FrameCut> cuts = List.of();
    private List<Long> stations = List.of();

    /**
     * Loads the state that a front-end has set up at another back-end. It does not take effect yet.
     *
     * @param format format of the state
     * @throws HandOverException when this back-end cannot continue with it
     */
    void loadSetup(StateReader from, int format) throws HandOverException {
        discardArrival();
        if (!from.flag()) {
            return;
        }
        boolean stopped = from.flag();
        Fd socket = from.descriptor();
        SessionState state = SessionRecord.read(from, format, each -> each.closedBy(closer));
        if (socket == null) {
            throw new HandOverException(name + " came without its connection");
        }
        Session session = newSession();
        arrival = new Arrival(socket.closedBy(closer), session, state);
        try {
            session.restore(state);
        } catch (RefusedException e) {
            if (!stopped) {
                throw new HandOverException(name + ": " + e.reason());
            }
            // Its device has stopped, and its memory may be lost: the front-end must connect again.
            discardArrival();
            listener.trouble(name, "its device had stopped, and its front-end has to connect again: " + e.reason());
        }
    }

    private void discardArrival() {
        Arrival before = arrival;
        arrival = null;
        if (before != null) {
            before.session().close();
            before.socket().close();
            effects = null;
            seats.each(seat -> seat.control().reset());
        }
    }

    /** Loads the positions of the guest's queues. */
    void loadPosition(StateReader from) throws HandOverException {
        String text = from.text();
        Optional<Acknowledgement> known = text.isEmpty() ? Optional.empty() : Acknowledgement.parse(text);
        Optional<String> refusal = acknowledged.takeOver(known);
        if (refusal.isPresent()) {
            throw new HandOverException(name + ": " + refusal.get());
        }
        String stop = from.text();
        lastStop = stop.isEmpty() ? null : stop;
        GuestRecord.loadCounters(device.counters(), from);
        stations = GuestRecord.loadStations(from);
        Arrival coming = arrival;
        DeviceEffects its = effects;
        if (coming == null || its == null) {
            return;
        }
        midst = Connection.Midst.load(from, closer);
        its.paused(from.flag());
        if (!from.flag()) {
            its.backendChannel(null, Set.of());
        }
        try {
            device.control().restore(from.block());
            seats.others(seat -> seat.control().link(device.control().linkUp()));
        } catch (IllegalArgumentException e) {
            throw new HandOverException(name + ": " + e.getMessage());
        }
        positions = SessionRecord.readPositions(from);
        List<FrameCut> all = new ArrayList<>();
        for (int i = 0; i < positions.size(); i++) {
            all.add(new FrameCut(from.number(), from.number(), from.number()));
        }
        cuts = all;
    }

    /** Starts the queues. From now on the guest belongs to this back-end. */
    void begin() {
        Arrival coming = arrival;
        if (coming != null) {
            acknowledged.known().ifPresent(known -> {
                progress.attached(known.process());
                frontEnd = known.process().number();
            });
            if (effects != null) {
                effects.arrive(coming.state().rings());
            }
            coming.session().begin(coming.state(), positions);
            for (int i = 0; i < cuts.size(); i++) {
                if (coming.session().runs(i) && effects != null) {
                    effects.cut(i, cuts.get(i));
                }
            }
        }
    }

    /** Adds the guest's stations to the forwarding database, after the queues of all guests were started. */
    void learn() {
        stations.forEach(station -> context.learn(device, station));
    }

    /** Starts to process frames and messages. */
    void serve() {
        Arrival coming = arrival;
        Connection.Midst its = midst;
        arrival = null;
        if (coming == null || its == null) {
            return;
        }
        addToLanes();
        if (source != null) {
            context.lane.add(source);
        }
        connections++;
        admitted = its.admitted();
        if (admitted) {
            listener.attached(name);
        }
        connection = Connection.takeOver(
                context.lane.loop(),
                coming.socket(),
                this::admit,
                coming.session(),
                this::disconnected,
                closer,
                tracer,
                its);
    }

    /** Returns whether a front-end is connected, or is being taken over. */
    boolean hasFrontEnd() {
        return connection != null || arrival != null;
    }

    /** Closes all descriptors in this process, and leaves the guest to another back-end. */
    void leave() {
        Connection now = connection;
        connection = null;
        if (now != null) {
            if (effects != null) {
                effects.leave();
            }
            now.leave();
        }
        discardArrival();
        effects = null;
    }

    /** Ends the connection, if there is one. */
    void close() {
        if (connection != null) {
            connection.end("the back-end ends");
        }
        if (acknowledged.close()) {
            progress.remove();
        }
    }

    /**
     * Waits a short time until the descriptors that front-ends have passed are closed. Called when the lane has ended.
     */
    void closeDescriptors() {
        closer.close();
        move.close();
        progress.close();
    }

    private SessionOptions options() {
        boolean ownsConfig = endpoint.attach() != Attach.NETDEV;
        Set<ProtocolFeature> protocol = EnumSet.copyOf(SessionOptions.SERVED);
        FeatureSet leftToFrontEnd = config.leftToFrontEnd();
        if (!ownsConfig) {
            protocol.remove(ProtocolFeature.CONFIG);
        }
        if (endpoint.attach() == Attach.DEVICE) {
            protocol.remove(ProtocolFeature.LOG_SHMFD);
        } else {
            // A front-end that implements the whole device migrates it with LOG_ALL, which is not part of the promise,
            // because no guest sees it.
            leftToFrontEnd = leftToFrontEnd.plus(FeatureSet.of(Feature.LOG_ALL));
        }
        if (!endpoint.deviceState()) {
            protocol.remove(ProtocolFeature.DEVICE_STATE);
        }
        return new SessionOptions(
                config.offered(),
                leftToFrontEnd,
                protocol,
                2 * config.queuePairs() + 1,
                RingLayout.MAX_SIZE,
                ownsConfig ? NetConfigSpace.BYTES : 0,
                SessionOptions.MAX_MEMORY_SLOTS);
    }

    /** Returns the lanes of the guest's queue pairs. */
    GuestSeats seats() {
        return seats;
    }

    /** Changes when a stopped device may work again, or another front-end may connect. */
    private final AtomicLong generation = new AtomicLong();

    /** Receives the events of the guest's device on any lane. */
    private final class Owners implements GuestSeats.Owner {
        @Override
        public DeviceOwner home() {
            return GuestPort.this;
        }

        @Override
        public DeviceOwner seat(int number, LaneAlarm itsAlarm) {
            return new SeatOwner(number, itsAlarm);
        }
    }

    /** Receives the events of the device on a lane that is not the guest's home. */
    private final class SeatOwner implements DeviceOwner {
        private final int seat;
        private final LaneAlarm itsAlarm;

        SeatOwner(int number, LaneAlarm itsAlarm) {
            this.seat = number;
            this.itsAlarm = itsAlarm;
        }

        @Override
        public void stopped(String reason) {
            long when = generation.get();
            boolean memory = seats.all().get(seat).control().memoryLost();
            context.lane.execute(() -> seatStopped(reason, memory, when));
        }

        /** Does nothing: the home lane reports it. */
        @Override
        public void offloadsChanged(int mask) {}

        @Override
        public boolean memoryIntact() {
            return GuestPort.this.memoryIntact();
        }

        @Override
        public void wakeAfter(long nanos) {
            itsAlarm.after(nanos);
        }
    }

    private void seatStopped(String reason, boolean memory, long when) {
        if (when == generation.get() && device.stoppedReason() == null) {
            device.control().halt(reason, memory);
            stopped(reason);
        }
    }

    // The following methods of DeviceOwner are called by the device on its lane.

    @Override
    public void wakeAfter(long nanos) {
        alarm.after(nanos);
    }

    @Override
    public void stopped(String reason) {
        lastStop = reason;
        boolean memory = device.control().memoryLost();
        long when = generation.get();
        for (GuestSeats.Seat seat : seats.all()) {
            if (!seats.isHome(seat)) {
                seat.lane().execute(() -> {
                    if (when == generation.get()) {
                        seat.control().halt(reason, memory);
                    }
                });
            }
        }
        if (effects != null) {
            effects.signalErrors();
        }
        StopEvent.record(name, reason);
        listener.stopped(name, reason);
    }

    @Override
    public void offloadsChanged(int mask) {
        accepts.accept(mask);
    }

    @Override
    public void translationMissing(long address, boolean write) {
        if (effects != null) {
            effects.translationMissing(address, write);
        }
    }

    @Override
    public boolean memoryIntact() {
        GuestMemoryMapper memory = mapper;
        return memory.intact();
    }
}
