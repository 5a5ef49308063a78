// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.CopySink;
import org.vhost4j.device.bridge.EchoSink;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.bridge.LaneInbox;
import org.vhost4j.device.bridge.NullSink;
import org.vhost4j.device.bridge.PortGate;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.RemotePort;
import org.vhost4j.device.bridge.SpreadPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.LaneAlarm;
import org.vhost4j.host.lane.LaneListener;
import org.vhost4j.sys.CoreSet;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.ThreadAffinity;

/**
 * A lane with the objects that process its guests' frames: an offload engine, a frame sink such as a bridge, and the guests' sockets. Lanes
 * share only the forwarding database. On a lane's bridge, guests of other lanes are remote ports.
 */
final class LaneContext {
    final Lane lane;
    final OffloadEngine engine = new OffloadEngine();
    final FrameSink sink;

    /** Sockets that the lane closes before it ends. */
    final List<AutoCloseable> sockets = new ArrayList<>();

    /**
     * Frames from other lanes and from uplinks to this lane; null when there are neither other lanes nor uplinks, or there is no bridge.
     */
    private @Nullable LaneInbox inbox;

    private @Nullable EventFd wake;

    private final LongSupplier clock;

    /**
     * The gate between the bridge and each port of this lane that is not a guest. The gate of a port's part on this lane is also found by
     * the port itself.
     */
    private final IdentityHashMap<FramePort, PortGate> gates = new IdentityHashMap<>();

    /** The bridge's port for each guest whose queue pairs are on several lanes, by the guest's device and by its seat on this lane. */
    private final IdentityHashMap<FramePort, SpreadPort> spreads = new IdentityHashMap<>();

    /** This lane's parts of ports that are not guests, by the port on the first lane; on the first lane, all its own ports. */
    private final IdentityHashMap<Uplink.Opened, Uplink.Opened> parts = new IdentityHashMap<>();

    /**
     * Starts a lane without guests and ports.
     *
     * @param index index of the lane, from 0
     * @param first the context of the first lane; null for that lane itself
     * @param faulted called by the lane for pollables that were stopped
     * @param listener called for tasks that fail
     * @throws SystemError when there is no descriptor left, or the kernel refuses the lane's core
     */
    LaneContext(
            int index,
            BackendConfig config,
            @Nullable LaneContext first,
            BiConsumer<Pollable, String> faulted,
            BackendListener listener) {
        String name = "lane" + index;
        sink = sink(config, engine, first);
        clock = config.clock();
        // Frames of an uplink wait for a guest in the same inbox as frames of other lanes.
        boolean uplinks = config.switching() instanceof Switching.Bridged bridged
                && !bridged.uplinks().isEmpty();
        if (sink instanceof Bridge bridge && (uplinks || config.lanesInUse() > 1)) {
            EventFd counter = EventFd.create();
            wake = counter;
            inbox = new LaneInbox("frames of other lanes", bridge, counter::signal);
        } else {
            wake = null;
            inbox = null;
        }
        LaneListener faults = new LaneListener() {
            @Override
            public void faulted(Pollable pollable, String reason, Throwable cause) {
                if (pollable == inbox) {
                    // The inbox has passed the fault to the port that it was serving. It stays on the lane, because it
                    // also serves other ports.
                    lane.execute(() -> lane.add(pollable));
                } else {
                    faulted.accept(pollable, reason);
                }
            }

            @Override
            public void failed(Throwable cause) {
                listener.trouble(name, "a task failed: " + cause);
            }
        };
        lane = Lane.start(name, config.idle(), faults, config.clock());
        try {
            Backend.inLane(this, () -> moveTo(index, config.cores()));
        } catch (SystemError e) {
            lane.close();
            throw e;
        }
    }

    /** Binds the lane's thread to its core, before any pollable is added. */
    private static void moveTo(int index, CoreSet cores) {
        if (!cores.isEmpty()) {
            ThreadAffinity.move(CoreSet.of(IntStream.of(cores.get(index % cores.size()))));
        }
    }

    private static FrameSink sink(BackendConfig config, OffloadEngine engine, @Nullable LaneContext first) {
        return switch (config.switching()) {
            case Switching.Bridged bridged ->
                first != null && first.sink instanceof Bridge bridge
                        ? bridge.on(engine)
                        : new Bridge(engine, bridged.coalesce(), config.clock());
            case Switching.Echoed echoed -> new EchoSink(engine);
            case Switching.Dropped dropped -> new NullSink();
            case Switching.Copied copied -> new CopySink();
            case Switching.Source source -> new NullSink();
        };
    }

    /** Opens a port that is not a guest, or takes it over from another back-end. */
    @FunctionalInterface
    interface Opening<P extends Uplink.Opened, E extends Exception> {
        P open(FrameSink to) throws E;
    }

    /**
     * Opens a port of this lane that is not a guest, with a gate between it and the bridge.
     *
     * @param rates rate limits of its frames
     * @param opening opens the port for a given sink
     * @return the open port
     */
    <P extends Uplink.Opened, E extends Exception> P open(PortRates rates, Opening<P, E> opening) throws E {
        PortGate gate = new PortGate(sink, clock, new LaneAlarm(lane)::after);
        gate.rates(rates);
        P opened = opening.open(gate.sink());
        gate.setPort(opened.port());
        gates.put(opened.port(), gate);
        parts.put(opened, opened);
        return opened;
    }

    /**
     * Opens this lane's part of a port of the first lane, and adds it to the bridge before its first frame.
     *
     * @param whole the port on the first lane
     * @param opening opens the part for a given sink
     * @param joining adds the part, whose gate is the argument, to the bridge
     * @return the open part
     */
    <P extends Uplink.Opened, E extends Exception> P openPart(
            Uplink.Opened whole, Opening<P, E> opening, Consumer<FramePort> joining) throws E {
        PortGate gate = new PortGate(sink, clock, new LaneAlarm(lane)::after);
        P opened = opening.open(gate.sink());
        gate.setPort(opened.port());
        gates.put(opened.port(), gate);
        gates.put(whole.port(), gate);
        parts.put(whole, opened);
        whole.port().counters().include(opened.port().counters());
        joining.accept(gate);
        return opened;
    }

    /** Returns this lane's part of a port of the first lane; null when it has none. Called by this lane. */
    Uplink.@Nullable Opened part(Uplink.Opened whole) {
        return parts.get(whole);
    }

    /** Closes this lane's part of a port of the first lane, if it has one. Called by this lane. */
    void closePart(Uplink.Opened whole) {
        Uplink.Opened part = parts.remove(whole);
        if (part != null) {
            gates.remove(whole.port());
            gates.remove(part.port());
            part.close();
        }
    }

    /** Changes the rate limits of a port of this lane. Called by any thread except this lane's. */
    void rates(FramePort port, PortRates rates) {
        Backend.inLane(this, () -> {
            PortGate gate = gates.get(port);
            if (gate != null) {
                gate.rates(rates);
            }
        });
    }

    /** Returns the gate between the bridge and a port of this lane; null when there is none. */
    @Nullable
    PortGate gate(FramePort port) {
        return gates.get(port);
    }

    /** Returns the object that the bridge uses for a port of this lane. */
    FramePort bridgePort(FramePort port) {
        PortGate gate = gates.get(port);
        SpreadPort spread = spreads.get(port);
        return gate != null ? gate : spread != null ? spread : port;
    }

    /** Sets the port that this lane's bridge has for a device with a seat here. Called by this lane. */
    void spread(FramePort device, SpreadPort port) {
        spreads.put(device, port);
    }

    /** Undoes {@link #spread}. Called by this lane. */
    void forgetSpread(FramePort device) {
        spreads.remove(device);
    }

    /** Creates the port by which another lane sends frames to a seat of this lane. Called by this lane. */
    RemotePort seat(SpreadPort port, Consumer<String> fault) {
        LaneInbox to = inbox;
        if (to == null) {
            throw new IllegalStateException("a guest on several lanes, and only one lane");
        }
        return to.seat(port, fault, HotCalls::checkpoint);
    }

    /**
     * Adds a port of this lane to every bridge. Called before any lane except the first has called {@link #begin}, and in the same order
     * for all bridges.
     *
     * @param port a port of this lane
     * @param rules rules for what the port may send
     * @param fault stops the port when another lane's frame could not be delivered to it; called by this lane
     * @param lanes the contexts of all lanes
     */
    void join(FramePort port, PortRules rules, Consumer<String> fault, List<LaneContext> lanes) {
        for (LaneContext context : lanes) {
            if (context.sink instanceof Bridge bridge) {
                bridge.add(
                        context == this || inbox == null
                                ? bridgePort(port)
                                : inbox.remote(bridgePort(port), fault, HotCalls::checkpoint),
                        rules);
            }
        }
    }

    /** Adds a port of this lane to its own bridge. */
    void add(FramePort port, PortRules rules) {
        if (sink instanceof Bridge bridge) {
            bridge.add(port, rules);
        }
    }

    /** Creates a queue in which frames of this lane's uplinks wait for one guest of this lane. */
    void park(FramePort port, Consumer<String> fault) {
        if (sink instanceof Bridge bridge && inbox != null) {
            bridge.park(bridgePort(port), inbox.remote(bridgePort(port), fault, HotCalls::checkpoint));
        }
    }

    /** Returns the bridge of this lane; null with another kind of switching. */
    @Nullable
    Bridge bridge() {
        return sink instanceof Bridge bridge ? bridge : null;
    }

    /**
     * Creates the port by which another lane, or an uplink of this lane, sends frames to a port of this lane. Called by this lane while
     * frames are forwarded.
     *
     * @param fault stops the port when a frame could not be delivered to it; called by this lane
     */
    RemotePort remote(FramePort port, Consumer<String> fault) {
        LaneInbox to = inbox;
        if (to == null) {
            EventFd counter = EventFd.create();
            wake = counter;
            to = new LaneInbox("frames of other lanes", (Bridge) sink, counter::signal);
            inbox = to;
            begin();
        }
        return to.remote(bridgePort(port), fault, HotCalls::checkpoint);
    }

    /** Does the same as {@link #park} while frames are forwarded. Called by this lane. */
    void parkLate(FramePort port, Consumer<String> fault) {
        if (sink instanceof Bridge bridge && !bridge.parks(bridgePort(port))) {
            bridge.park(bridgePort(port), remote(port, fault));
        }
    }

    /** Removes frames of other lanes for a port of this lane that is being removed. */
    void forgetInlets(FramePort port) {
        if (inbox != null) {
            inbox.forget(bridgePort(port));
        }
        gates.remove(port);
    }

    /** Removes the stations behind a port of this lane from the forwarding database. */
    void forget(FramePort port) {
        if (sink instanceof Bridge bridge) {
            bridge.forget(bridgePort(port));
        }
    }

    /** Sets whether the guest of a port of this lane accepts frames. */
    void running(FramePort port, boolean now) {
        if (sink instanceof Bridge bridge) {
            bridge.running(bridgePort(port), now);
        }
    }

    /**
     * Announces a station behind a port of this lane.
     *
     * @param frame a frame from the station to a group address
     * @return false when the port's rules do not allow the station; true without a bridge, because there is nothing to update
     */
    boolean announce(FramePort port, Frame frame) {
        if (!(sink instanceof Bridge bridge)) {
            return true;
        }
        boolean done = bridge.announce(bridgePort(port), frame);
        bridge.flush();
        return done;
    }

    /** Returns whether a station is behind a port of this lane. */
    boolean has(FramePort port, long station) {
        return sink instanceof Bridge bridge && bridge.has(bridgePort(port), station);
    }

    /** Returns the addresses of stations behind a port of this lane, in all VLANs, up to a maximum number. */
    List<Long> addresses(FramePort port, int most) {
        return stations(port, Integer.MAX_VALUE).stream()
                .map(station -> station & 0xffff_ffff_ffffL)
                .distinct()
                .limit(most)
                .toList();
    }

    /**
     * Returns stations behind a port of this lane with their VLANs, as {@link Bridge#stations} does, up to a maximum.
     */
    List<Long> stations(FramePort port, int most) {
        return sink instanceof Bridge bridge
                ? Arrays.stream(bridge.stations(bridgePort(port), Math.min(most, bridge.capacity())))
                        .boxed()
                        .toList()
                : List.of();
    }

    /** Returns the first station that was seen behind a port of this lane, or {@link PortRules#NO_MAC}. */
    long oldestStation(FramePort port) {
        return sink instanceof Bridge bridge ? bridge.oldestStation(bridgePort(port)) : PortRules.NO_MAC;
    }

    /** Adds a station that another back-end has handed over to the forwarding database. */
    void learn(FramePort port, long station) {
        if (sink instanceof Bridge bridge) {
            bridge.learn(bridgePort(port), station);
        }
    }

    /** Returns the number of ports. */
    int ports() {
        return sink instanceof Bridge bridge ? bridge.ports() : 0;
    }

    /** Returns whether all frames from other lanes are delivered. */
    boolean isDrained() {
        return inbox == null || inbox.isEmpty();
    }

    /** Delivers no frame from another lane until {@link #proceed}. */
    void halt() {
        if (inbox != null) {
            lane.remove(inbox);
        }
    }

    /** Continues after {@link #halt}. */
    void proceed() {
        if (inbox != null) {
            lane.add(inbox);
        }
    }

    /** Returns the frames from other lanes that are not delivered yet. */
    List<HeldFrame> held() {
        return inbox == null ? List.of() : inbox.held();
    }

    /** Adds frames that another back-end has handed over, to be delivered. */
    void hold(List<HeldFrame> frames) {
        if (frames.isEmpty()) {
            return;
        }
        LaneInbox to = inbox;
        if (to == null && sink instanceof Bridge bridge) {
            to = new LaneInbox("frames of another back-end", bridge, () -> {});
            inbox = to;
            lane.add(to);
        }
        if (to != null) {
            to.hold(frames);
        }
    }

    /** Starts to deliver frames from other lanes. Called by the lane's thread after all ports were added. */
    void begin() {
        if (wake != null && inbox != null) {
            lane.wakeOn(wake, () -> {
                // Nothing to do: the event only wakes the lane, whose next turn polls every port.
            });
            lane.add(inbox);
        }
    }

    /** Ends the lane. */
    void end() {
        lane.close();
    }

    /** Releases objects that other lanes may have used, after all lanes have ended. */
    void close() {
        if (wake != null) {
            wake.close();
        }
    }
}
