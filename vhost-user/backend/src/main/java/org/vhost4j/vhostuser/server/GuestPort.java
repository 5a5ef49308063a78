// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.FrameSource;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.NetConfigSpace;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Closer;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.vhostuser.session.Session;
import org.vhost4j.vhostuser.session.SessionOptions;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * One guest's place: its device, and the connection of its front-end while there is one. The device lives as long as the
 * back-end; a front-end that returns finds it as it was at the start.
 */
final class GuestPort implements DeviceOwner {
    private final String name;
    private final Endpoint endpoint;
    private final BackendConfig config;
    private final LaneContext context;
    private final AcknowledgedFeatures acknowledged;
    private final BackendListener listener;
    private final IntConsumer accepts;
    private final NetDevice device;
    private @Nullable FrameSource source;
    private Runnable whenDisconnected = () -> {};
    private String lastRefusal = "";
    private @Nullable String lastStop;

    private @Nullable Connection connection;
    private @Nullable DeviceEffects effects;
    private GuestMemoryMapper mapper;
    private final DeviceMove move;
    private final Closer closer;

    /**
     * A place without a guest.
     *
     * @param context the guest's lane and what belongs to it
     * @param acknowledged what is known of the guest from before
     * @param accepts told what the guest takes, when that has changed or the guest has; a mask of {@link
     *     org.vhost4j.device.frame.Offloads}
     */
    GuestPort(
            String name,
            long mac,
            Endpoint endpoint,
            BackendConfig config,
            LaneContext context,
            AcknowledgedFeatures acknowledged,
            BackendListener listener,
            IntConsumer accepts) {
        this.name = name;
        this.endpoint = endpoint;
        this.config = config;
        this.context = context;
        this.acknowledged = acknowledged;
        this.listener = listener;
        this.accepts = accepts;
        this.mapper = new GuestMemoryMapper(config.anyMemory());
        this.closer = new Closer(name);
        this.device = new NetDevice(
                new NetDeviceConfig(
                        name,
                        mac,
                        config.queuePairs(),
                        config.mtu(),
                        config.linkSpeed(),
                        config.receiveTimeouts(),
                        config.clock()),
                context.sink,
                context.engine,
                HotCalls::checkpoint,
                this,
                context.lane.commands());
        this.move = new DeviceMove(name, device, context, config, line -> listener.trouble(name, line));
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

    /** What the guest may send. */
    PortRules rules(PortSecurity security) {
        return security.ofGuest(
                endpoint, new StationLines(device.counters(), line -> listener.trouble(name, line), config.clock()));
    }

    /** Where everything of this guest happens. */
    LaneContext context() {
        return context;
    }

    /** A front-end has connected. A second one is turned away: a device has one driver. */
    void connected(Fd accepted) {
        // What waits in it unread is closed with it.
        Fd socket = accepted.closedBy(closer);
        if (connection != null) {
            socket.hangUp();
            socket.close();
            listener.trouble(name, "a second front-end connected to " + endpoint + " and was turned away");
            return;
        }
        Optional<String> refusal =
                closer.full() ? Optional.of(Connection.TOO_MANY_TO_CLOSE) : acknowledged.connected(socket);
        // Such a front-end tries again and again; it is said once.
        refusal.filter(reason -> !reason.equals(lastRefusal)).ifPresent(reason -> listener.trouble(name, reason));
        lastRefusal = refusal.orElse("");
        if (refusal.isPresent()) {
            socket.hangUp();
            socket.close();
            whenDisconnected.run();
            return;
        }
        GuestMemoryMapper memory = new GuestMemoryMapper(config.anyMemory());
        DeviceEffects deviceEffects = new DeviceEffects(
                name,
                device.control(),
                context.lane,
                config.queuePairs(),
                new Announcer(device, context),
                move,
                listener,
                acknowledged::keep,
                device::fault,
                this::restarted);
        Session session = new Session(options(), deviceEffects, memory);
        mapper = memory;
        effects = deviceEffects;
        context.lane.add(device);
        if (source != null) {
            context.lane.add(source);
        }
        connection = new Connection(context.lane.loop(), socket, session, this::disconnected, closer);
        listener.attached(name);
    }

    /** A fault of its memory took the device off its lane. */
    private void restarted() {
        context.lane.remove(device);
        context.lane.add(device);
    }

    private void disconnected(String reason) {
        connection = null;
        effects = null;
        move.end();
        context.lane.remove(device);
        if (source != null) {
            context.lane.remove(source);
        }
        device.control().reset();
        context.forget(device);
        accepts.accept(device.accepts());
        listener.detached(name, reason, device.counters().toString());
        whenDisconnected.run();
    }

    /** What the device is like now. */
    DeviceSnapshot snapshot() {
        DeviceEffects now = effects;
        List<QueueSnapshot> queues = now == null ? List.of() : now.queues();
        DeviceSnapshot.State state;
        if (now == null) {
            state = DeviceSnapshot.State.WAITING;
        } else if (device.stoppedReason() != null) {
            state = DeviceSnapshot.State.STOPPED;
        } else if (device.control().ready()) {
            state = DeviceSnapshot.State.RUNNING;
        } else {
            boolean runs = queues.stream().anyMatch(queue -> queue.ring().isPresent());
            state = runs ? DeviceSnapshot.State.NEGOTIATED : DeviceSnapshot.State.ATTACHED;
        }
        return new DeviceSnapshot(
                name,
                endpoint,
                state,
                now == null ? Optional.empty() : now.settled(),
                device.control().config().mac(),
                device.control().linkUp(),
                Optional.ofNullable(lastStop),
                queues);
    }

    /** Has something done whenever the front-end is gone. */
    void whenDisconnected(Runnable task) {
        whenDisconnected = task;
    }

    /** Sets the link of the device up or down, and lets the driver know. */
    void link(boolean up) {
        if (up == device.control().linkUp()) {
            return;
        }
        device.control().link(up);
        if (effects != null) {
            effects.configChanged();
            effects.tellLink();
        }
    }

    /** Ends the connection, if there is one. */
    void close() {
        if (connection != null) {
            connection.end("the back-end ends");
        }
        acknowledged.close();
    }

    /** Waits a moment until what front-ends have passed is closed. Called when the lane has ended. */
    void closeDescriptors() {
        closer.close();
        move.close();
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
            // A front-end that has the whole device migrates it. No part of what a guest is promised, as no guest sees
            // it.
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

    // ---- DeviceOwner
    // --------------------------------------------------------------------------------------------------

    @Override
    public void stopped(String reason) {
        lastStop = reason;
        if (effects != null) {
            effects.signalErrors();
        }
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
        return mapper.intact();
    }
}
