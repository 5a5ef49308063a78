// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.FrameSource;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.NetConfigSpace;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.vhostuser.session.RingLayout;
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
    private final ForwardingPlane plane;
    private final Recollection recollection;
    private final BackendListener listener;
    private final IntConsumer accepts;
    private final NetDevice device;
    private @Nullable FrameSource source;
    private Runnable whenDisconnected = () -> {};
    private String lastRefusal = "";
    private @Nullable String lastStop;

    private @Nullable Connection connection;
    private @Nullable DeviceTarget target;
    private GuestMemoryMapper mapper = new GuestMemoryMapper();

    /**
     * A place without a guest.
     *
     * @param plane the guest's lane and what belongs to it
     * @param recollection what is known of the guest from before
     * @param accepts told what the guest takes, when that has changed or the guest has; a mask of {@link
     *     org.vhost4j.device.frame.Offloads}
     */
    GuestPort(
            String name,
            long mac,
            Endpoint endpoint,
            BackendConfig config,
            ForwardingPlane plane,
            Recollection recollection,
            BackendListener listener,
            IntConsumer accepts) {
        this.name = name;
        this.endpoint = endpoint;
        this.config = config;
        this.plane = plane;
        this.recollection = recollection;
        this.listener = listener;
        this.accepts = accepts;
        this.device = new NetDevice(
                new NetDeviceConfig(name, mac, config.queuePairs(), config.mtu(), config.speed(), config.patience()),
                plane.sink,
                plane.engine,
                HotCalls::checkpoint,
                this);
        if (config.switching() instanceof Switching.Flooded flooded) {
            source = new FrameSource(device, flooded.bytes());
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

    /** Where everything of this guest happens. */
    ForwardingPlane plane() {
        return plane;
    }

    /** A front-end has connected. A second one is turned away: a device has one driver. */
    void connected(Fd socket) {
        if (connection != null) {
            socket.close();
            listener.trouble(name, "a second front-end connected to " + endpoint + " and was turned away");
            return;
        }
        Optional<String> refusal = recollection.connected(socket);
        // Such a front-end tries again and again; it is said once.
        refusal.filter(reason -> !reason.equals(lastRefusal)).ifPresent(reason -> listener.trouble(name, reason));
        lastRefusal = refusal.orElse("");
        if (refusal.isPresent()) {
            socket.close();
            whenDisconnected.run();
            return;
        }
        GuestMemoryMapper memory = new GuestMemoryMapper();
        DeviceTarget effects = new DeviceTarget(
                name,
                device.control(),
                plane.lane,
                config.queuePairs(),
                new Announcer(device, plane.sink),
                listener,
                recollection::acknowledged);
        Session session = new Session(options(), effects, memory);
        mapper = memory;
        target = effects;
        plane.lane.add(device);
        if (source != null) {
            plane.lane.add(source);
        }
        connection = new Connection(plane.lane.loop(), socket, session, this::disconnected);
        listener.attached(name);
    }

    private void disconnected(String reason) {
        connection = null;
        target = null;
        plane.lane.remove(device);
        if (source != null) {
            plane.lane.remove(source);
        }
        device.control().reset();
        accepts.accept(device.accepts());
        listener.detached(name, reason, device.counters().toString());
        whenDisconnected.run();
    }

    /** What the device is like now. */
    DeviceSnapshot snapshot() {
        DeviceTarget effects = target;
        List<QueueSnapshot> queues = effects == null ? List.of() : effects.queues();
        DeviceSnapshot.State state;
        if (effects == null) {
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
                effects == null ? Optional.empty() : effects.settled(),
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
        if (target != null) {
            target.configChanged();
            target.tellLink();
        }
    }

    /** Ends the connection, if there is one. */
    void close() {
        if (connection != null) {
            connection.end("the back-end ends");
        }
        recollection.close();
    }

    private SessionOptions options() {
        boolean ownsConfig = endpoint.attach() != Attach.NETDEV;
        Set<ProtocolFeature> protocol = EnumSet.copyOf(SessionOptions.SERVED);
        if (!ownsConfig) {
            protocol.remove(ProtocolFeature.CONFIG);
        }
        return new SessionOptions(
                config.offered(),
                config.leftToFrontEnd(),
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
        if (target != null) {
            target.signalErrors();
        }
        listener.stopped(name, reason);
    }

    @Override
    public void offloadsChanged(int mask) {
        accepts.accept(mask);
    }

    @Override
    public void translationMissing(long address, boolean write) {
        if (target != null) {
            target.translationMissing(address, write);
        }
    }

    @Override
    public boolean memoryIntact() {
        return mapper.intact();
    }
}
