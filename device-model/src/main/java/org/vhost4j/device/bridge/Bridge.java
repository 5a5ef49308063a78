// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.Arrays;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.offload.Coalescer;
import org.vhost4j.device.offload.OffloadEngine;

/**
 * A learning bridge (IEEE 802.1D without the spanning tree protocol). It forwards a frame to the port of its
 * destination address, or floods it to all other ports when the address is unknown or a group address. A frame never
 * goes back to the port that it came from.
 *
 * <p>A frame for one port stays in its sender's queue while the receiver has no room; a flooded frame never waits. An
 * uplink does not wait for one of several guests: its frames for a guest without room wait in a queue for that guest,
 * or are dropped.
 *
 * <p>{@link PortRules} restrict what a port may send: frames that violate them are dropped. When a port has a {@link
 * PortVlan}, frames stay within their VLAN, and each VLAN learns its stations separately; without VLANs, tags are
 * ignored.
 */
public final class Bridge implements FrameSink {
    private static final int NO_PAIR = -1;

    /** Stands in for a port that was removed. */
    private static final FramePort VACANT = new VacantPort();

    private final OffloadEngine engine;
    private final VlanTables tables;

    /** The table of VLAN 0: the only table while no port has VLANs. */
    private final MacTable stations;

    /** Null while no port has VLANs. */
    private @Nullable VlanSwitch vlans;

    private PortVlan[] portVlans = new PortVlan[0];
    private final boolean coalesce;
    private FramePort[] ports = new FramePort[0];
    private Coalescer[] coalescers = new Coalescer[0];
    private boolean[] unflushed = new boolean[0];
    private boolean[] uplink = new boolean[0];
    private @Nullable FloodLimit[] floods = new FloodLimit[0];
    private StationWatch[] watches = new StationWatch[0];

    /**
     * With exactly two ports, which are each other's only receiver, the sum of their numbers; otherwise {@link
     * #NO_PAIR}.
     */
    private int pair = NO_PAIR;

    /** For each port, the queue in which frames from uplinks wait for this port; null for none. */
    private @Nullable RemotePort[] parking = new RemotePort[0];

    private final LongSupplier clock;
    private final byte[] addresses = new byte[12];
    private long runts;

    /**
     * Creates a bridge without ports and without coalescing.
     *
     * @param engine converts frames to the offloads that their receiver accepts
     */
    public Bridge(OffloadEngine engine) {
        this(engine, false);
    }

    /**
     * Creates a bridge without ports.
     *
     * @param engine converts frames to the offloads that their receiver accepts
     * @param coalesce whether plain frames are merged into super-frames for receivers that accept them
     */
    public Bridge(OffloadEngine engine, boolean coalesce) {
        this(engine, coalesce, System::nanoTime);
    }

    /**
     * Creates a bridge without ports.
     *
     * @param engine converts frames to the offloads that their receiver accepts
     * @param coalesce whether plain frames are merged into super-frames for receivers that accept them
     * @param clock clock in nanoseconds, from any origin, for the limits of flooded frames
     */
    public Bridge(OffloadEngine engine, boolean coalesce, LongSupplier clock) {
        this(engine, coalesce, clock, new VlanTables());
    }

    private Bridge(OffloadEngine engine, boolean coalesce, LongSupplier clock, VlanTables tables) {
        this.engine = engine;
        this.coalesce = coalesce;
        this.clock = clock;
        this.tables = tables;
        this.stations = tables.untagged();
    }

    /**
     * Creates the part of this bridge that runs on another lane, without ports. Add all ports to it in the same order;
     * ports of other lanes are represented by {@link LaneInbox#remote}. Both parts share the stations that they learn.
     *
     * @param other the offload engine of the other lane
     * @return the bridge of that lane
     */
    public Bridge on(OffloadEngine other) {
        return new Bridge(other, coalesce, clock, tables);
    }

    /**
     * Adds a port without restrictions.
     *
     * @param port a port that this bridge does not have yet
     */
    public void add(FramePort port) {
        add(port, PortRules.NONE);
    }

    /**
     * Adds a port.
     *
     * @param port a port that this bridge does not have yet
     * @param rules the rules for what the port may send
     */
    public void add(FramePort port, PortRules rules) {
        int n = ports.length;
        ports = Arrays.copyOf(ports, n + 1);
        unflushed = Arrays.copyOf(unflushed, n + 1);
        ports[n] = port;
        coalescers = Arrays.copyOf(coalescers, n + 1);
        coalescers[n] = new Coalescer(port, engine);
        tables.port(n, port.name(), rules);
        portVlans = Arrays.copyOf(portVlans, n + 1);
        portVlans[n] = rules.vlan();
        if (vlans != null) {
            vlans.add(rules.vlan());
        } else if (!rules.vlan().equals(PortVlan.ALL)) {
            vlans = new VlanSwitch();
            Arrays.stream(portVlans).forEach(vlans::add);
        }
        uplink = Arrays.copyOf(uplink, n + 1);
        uplink[n] = rules.uplink();
        watches = Arrays.copyOf(watches, n + 1);
        watches[n] = rules.watch();
        floods = Arrays.copyOf(floods, n + 1);
        floods[n] = tables.floods(n, rules, clock);
        parking = Arrays.copyOf(parking, n + 1);
        findPair();
    }

    /** Updates {@link #pair} after a port was added or removed. */
    private void findPair() {
        int count = 0;
        int sum = 0;
        for (int i = 0; i < ports.length; i++) {
            if (!(ports[i] instanceof VacantPort)) {
                count++;
                sum += i;
            }
        }
        pair = count == 2 ? sum : NO_PAIR;
    }

    // Methods that add and remove ports while frames are forwarded. To add a port, the calling thread calls place once,
    // occupy on every bridge, then enterOwnAddress once; to remove one, vacate on every bridge, then release once.

    /**
     * Assigns a number to a new port, in this bridge and in all that share stations with it. Any thread may call it;
     * the caller serializes the calls.
     *
     * @param name the port's name
     * @param rules the rules for what the port may send
     * @return the port's number, for {@link #occupy}
     * @throws IllegalStateException when there are too many ports
     */
    public int place(String name, PortRules rules) {
        return tables.place(name, rules);
    }

    /**
     * Assigns a port to its number in this bridge. Called by this bridge's lane, between two bursts.
     *
     * @param number the number that {@link #place} returned
     * @param port on the port's own lane, the port; on other lanes, the result of {@link LaneInbox#remote}; null for a
     *     port that is not open yet
     * @param rules the rules that were passed to {@link #place}
     */
    public void occupy(int number, @Nullable FramePort port, PortRules rules) {
        if (number >= ports.length) {
            int n = number + 1;
            int before = ports.length;
            ports = Arrays.copyOf(ports, n);
            unflushed = Arrays.copyOf(unflushed, n);
            coalescers = Arrays.copyOf(coalescers, n);
            portVlans = Arrays.copyOf(portVlans, n);
            uplink = Arrays.copyOf(uplink, n);
            watches = Arrays.copyOf(watches, n);
            floods = Arrays.copyOf(floods, n);
            parking = Arrays.copyOf(parking, n);
            for (int i = before; i < n; i++) {
                set(i, VACANT, PortRules.NONE);
            }
        }
        set(number, port == null ? VACANT : port, rules);
        refresh();
        findPair();
    }

    private void set(int number, FramePort port, PortRules rules) {
        ports[number] = port;
        coalescers[number] = new Coalescer(port, engine);
        unflushed[number] = false;
        parking[number] = null;
        rules(number, rules);
    }

    private void rules(int number, PortRules rules) {
        portVlans[number] = rules.vlan();
        uplink[number] = rules.uplink();
        watches[number] = rules.watch();
        floods[number] = tables.floods(number, rules, clock);
    }

    /** Updates the VLANs to those of the current ports. Called by this bridge's lane, between two bursts. */
    public void refresh() {
        VlanSwitch now = tables.switching();
        vlans = now == null ? null : new VlanSwitch(now);
    }

    /**
     * Enters {@link PortRules#mac}, the port's own address, into the table of stations. Called by the port's lane,
     * after {@link #occupy} on all bridges.
     *
     * @param number the port's number
     */
    public void enterOwnAddress(int number) {
        tables.enterOwnAddress(number);
    }

    /**
     * Removes the port with a number from this bridge: frames for it are dropped. Called by this bridge's lane, between
     * two bursts.
     *
     * @param number the number of an existing port
     */
    public void vacate(int number) {
        set(number, VACANT, PortRules.NONE);
        findPair();
    }

    /**
     * Forgets all stations of a port that was removed from all bridges by {@link #vacate}; its number is then free. Any
     * thread may call it; the caller serializes the calls.
     *
     * @param number the port's number
     */
    public void release(int number) {
        tables.release(number);
    }

    /**
     * Changes the rules of a port of this lane. The caller must then call {@link #applyRules} on all bridges.
     *
     * @param number the port's number
     * @param rules the new rules; they cannot change whether the port is an uplink
     * @return true when {@link #enterOwnAddress} must be called after that
     */
    public boolean change(int number, PortRules rules) {
        return tables.change(number, rules);
    }

    /**
     * Applies the changed rules of a port to this bridge. Called by this bridge's lane, between two bursts.
     *
     * @param number the port's number
     * @param rules the rules that were passed to {@link #change}
     */
    public void applyRules(int number, PortRules rules) {
        rules(number, rules);
        refresh();
    }

    /**
     * Returns the number of a port.
     *
     * @param port a port of this bridge
     * @return 0 or more
     */
    public int numberOf(FramePort port) {
        return indexOf(port);
    }

    /**
     * Sets the queue in which frames from uplinks wait for a port.
     *
     * @param port a port of this bridge and lane
     * @param queue the result of {@link LaneInbox#remote} for this port and lane
     */
    public void park(FramePort port, RemotePort queue) {
        parking[indexOf(port)] = queue;
    }

    /**
     * Returns whether frames from uplinks wait for a port in a queue of the port.
     *
     * @param port a port of this bridge and lane
     * @return true after {@link #park}
     */
    public boolean parks(FramePort port) {
        return parking[indexOf(port)] != null;
    }

    /**
     * Returns the number of port numbers, including those of removed ports.
     *
     * @return 0 or more
     */
    public int ports() {
        return ports.length;
    }

    /**
     * Forgets the stations behind a port. Called when the port's peer has disconnected.
     *
     * @param port a port of this bridge
     */
    public void forget(FramePort port) {
        tables.forget(indexOf(port));
    }

    /**
     * Sets whether the guest of a port accepts frames; initially it does. While it does not, an uplink may take over
     * the port's own address and the stations of {@link PortRules#keepsStations}, because the guest has migrated to
     * another host or has not yet arrived from there. When the guest begins to run, the port gets its own address back,
     * unless another port with the same address has a running guest.
     *
     * @param port a port of this bridge and lane
     * @param running whether the guest accepts frames from now on
     */
    public void running(FramePort port, boolean running) {
        tables.running(indexOf(port), running);
    }

    /**
     * Returns the stations behind a port.
     *
     * @param port a port of this bridge and lane
     * @param most the maximum number of stations to return
     * @return at most {@code most} stations in no particular order: the address in the low 48 bits, the VLAN ID in the
     *     12 bits above, 0 without VLANs
     */
    public long[] stations(FramePort port, int most) {
        return tables.stations(indexOf(port), most);
    }

    /**
     * Sets the time that is stored for stations seen from now on, on all lanes. Any thread may call it; the caller
     * serializes the calls.
     *
     * @param time the time, of any origin and unit, not 0
     */
    public void mark(long time) {
        tables.mark(time);
    }

    /**
     * Returns when a station was last seen.
     *
     * @param station the station with its VLAN, as in {@link #stations}
     * @return the time of the last {@link #mark} before the station was last seen; 0 when it was not seen since the
     *     first mark
     */
    public long lastSeen(long station) {
        return tables.lastSeen(station);
    }

    /**
     * Returns the station that was learned first behind a port.
     *
     * @param port a port of this bridge and lane
     * @return the address, 48 bits, or {@link PortRules#NO_MAC} when there is none; any station of the port when its
     *     number of stations is unlimited
     */
    public long oldestStation(FramePort port) {
        int index = indexOf(port);
        int vlan = vlans == null ? 0 : vlans.ofUntagged(index);
        return vlan == VlanSwitch.NO_VLAN ? PortRules.NO_MAC : tables.of(vlan).eldest(index);
    }

    /**
     * Adds a station that another back-end has learned behind this port, if the port's rules allow it.
     *
     * @param port a port of this bridge and lane
     * @param station the station with its VLAN, as in {@link #stations}
     */
    public void learn(FramePort port, long station) {
        tables.learn(indexOf(port), station);
    }

    /**
     * Returns the maximum number of stations.
     *
     * @return the largest useful limit for {@link #stations}
     */
    public int capacity() {
        return tables.capacity();
    }

    /**
     * Learns a station behind a port and floods a frame that announces the station. The frame does not wait for ports
     * without room. The caller must call {@link #flush} afterwards. With VLANs, the announcement is in the VLAN of the
     * port's untagged frames; nothing is sent when there is none.
     *
     * @param port a port of this bridge and lane
     * @param frame a frame from the station to a group address
     * @return false when the port's rules do not allow the station
     */
    public boolean announce(FramePort port, Frame frame) {
        int source = indexOf(port);
        VlanSwitch switched = vlans;
        if (switched != null) {
            return announce(switched, source, frame);
        }
        gatherAddresses(frame);
        if (!stations.heard(address(6), source, 1)) {
            return false;
        }
        flood(source, frame);
        return true;
    }

    /**
     * Returns whether a station is behind a port.
     *
     * @param port a port of this bridge
     * @param station the address, 48 bits
     * @return true when frames for the station go to the port; with VLANs, in the VLAN of the port's untagged frames
     */
    public boolean has(FramePort port, long station) {
        int index = indexOf(port);
        int vlan = vlans == null ? 0 : vlans.ofUntagged(index);
        return vlan != VlanSwitch.NO_VLAN && tables.of(vlan).find(station) == index;
    }

    /**
     * Returns the number of frames that were dropped because they were too short to have two addresses.
     *
     * @return the number of frames
     */
    public long runts() {
        return runts;
    }

    @Override
    public int forward(FramePort from, Frame frame) {
        if (frame.bytes < Frame.ETHERNET_HEADER) {
            runts++;
            return FramePort.DELIVERED;
        }
        VlanSwitch switched = vlans;
        return switched == null ? forward(indexOf(from), frame) : forward(switched, indexOf(from), frame);
    }

    private int forward(int source, Frame frame) {
        long destinationMac;
        long sourceMac;
        if (frame.length[0] >= 16) {
            long at = frame.address[0];
            destinationMac = HostMemory.getLongBE(at) >>> 16;
            sourceMac = HostMemory.getLongBE(at + 6) >>> 16;
        } else {
            gatherAddresses(frame);
            destinationMac = address(0);
            sourceMac = address(6);
        }
        int destination = route(source, destinationMac, sourceMac, 1);
        if (destination == source) {
            return FramePort.DELIVERED;
        }
        if (destination >= 0) {
            return uplink[source] && pair == NO_PAIR
                    ? handOverWithoutWaiting(frame, destination)
                    : handOver(frame, destination);
        }
        flood(source, frame);
        return FramePort.DELIVERED;
    }

    private void flood(int source, Frame frame) {
        if (mayFlood(source)) {
            for (int i = 0; i < ports.length; i++) {
                if (i != source && !(ports[i] instanceof VacantPort)) {
                    floodTo(i, frame);
                }
            }
        }
    }

    private boolean mayFlood(int source) {
        FloodLimit limit = floods[source];
        if (limit != null && !limit.admits()) {
            watches[source].flooded();
            return false;
        }
        return true;
    }

    private void floodTo(int destination, Frame frame) {
        unflushed[destination] = true;
        frame.segmentsDone = 0;
        if (coalescers[destination].pass(frame) == FramePort.NO_ROOM) {
            ports[destination].dropped();
        }
    }

    /** Forwards a frame within its VLAN. */
    private int forward(VlanSwitch switched, int source, Frame frame) {
        if (frame.needs == Frame.UNCHECKED && engine.check(frame, Offloads.ALL_WITH_TUNNELS) != null) {
            return FramePort.DELIVERED;
        }
        int vlan = switched.enter(source, frame);
        if (vlan == VlanSwitch.NO_VLAN) {
            watches[source].outsideVlans(switched.source());
            return FramePort.DELIVERED;
        }
        MacTable table = tables.of(vlan);
        if (!table.heard(switched.source(), source, 1)) {
            return FramePort.DELIVERED;
        }
        int destination = switched.route(table, vlan, source, switched.destination());
        if (destination == source) {
            return FramePort.DELIVERED;
        }
        if (destination < 0) {
            flood(switched, vlan, source);
            return FramePort.DELIVERED;
        }
        Frame leaving = switched.leave(vlan, destination);
        if (leaving == null) {
            ports[destination].dropped();
            return FramePort.DELIVERED;
        }
        // An uplink does not wait, because guests in other VLANs use it as well.
        int result = uplink[source] && pair == NO_PAIR
                ? handOverWithoutWaiting(leaving, destination)
                : handOver(leaving, destination);
        switched.progress(leaving);
        return result;
    }

    private void flood(VlanSwitch switched, int vlan, int source) {
        if (!mayFlood(source)) {
            return;
        }
        for (int i : switched.members(vlan)) {
            Frame leaving = i == source ? null : switched.leave(vlan, i);
            if (leaving != null) {
                floodTo(i, leaving);
            }
        }
    }

    private boolean announce(VlanSwitch switched, int source, Frame frame) {
        int vlan = switched.enter(source, frame);
        if (vlan == VlanSwitch.NO_VLAN) {
            return true;
        }
        if (!tables.of(vlan).heard(switched.source(), source, 1)) {
            return false;
        }
        flood(switched, vlan, source);
        return true;
    }

    /**
     * Delivers a frame from an uplink, after the frames that wait for the same port. Drops it when the port has no room
     * and no queue.
     */
    private int handOverWithoutWaiting(Frame frame, int destination) {
        RemotePort queue = parking[destination];
        boolean first = queue == null || queue.isDone();
        if (first && handOver(frame, destination) != FramePort.NO_ROOM) {
            return FramePort.DELIVERED;
        }
        if (queue == null || frame.segmentsDone != 0) {
            // The receiver has the first segments of a super-frame; the others are dropped.
            frame.segmentsDone = 0;
            ports[destination].dropped();
            return FramePort.DELIVERED;
        }
        unflushed[destination] = true;
        if (queue.deliver(frame) != FramePort.QUEUED) {
            queue.dropped();
        }
        return FramePort.DELIVERED;
    }

    private int handOver(Frame frame, int destination) {
        unflushed[destination] = true;
        int result = coalesce ? coalescers[destination].offer(frame) : engine.deliver(frame, ports[destination]);
        return result == FramePort.NO_ROOM ? FramePort.NO_ROOM : FramePort.DELIVERED;
    }

    /**
     * Delivers a frame that the bridge of another lane has sent to this lane. The caller calls {@link #flush} after a
     * burst.
     *
     * @param frame the frame, in one piece
     * @param destination number of the port that it was sent to, a port of this lane
     * @return {@link FramePort#DELIVERED}, also for a frame that was dropped; {@link FramePort#NO_ROOM} when the frame
     *     must wait: the caller passes it again later
     */
    int arrive(Frame frame, int destination) {
        int result = handOver(frame, destination);
        // A flooded frame never waits.
        boolean waits = result == FramePort.NO_ROOM && waits(frame, destination);
        if (result == FramePort.NO_ROOM && !waits) {
            ports[destination].dropped();
        }
        return waits ? FramePort.NO_ROOM : FramePort.DELIVERED;
    }

    /** Returns whether a frame from another lane is for one port only, and therefore waits for room. */
    private boolean waits(Frame frame, int destination) {
        long station = HostMemory.getLongBE(frame.address[0]) >>> 16;
        VlanSwitch switched = vlans;
        if (switched == null) {
            return pair != NO_PAIR || stations.find(station) == destination;
        }
        int vlan = switched.leaving(destination, frame);
        return vlan != VlanSwitch.NO_VLAN
                && (switched.members(vlan).length == 2 || tables.of(vlan).find(station) == destination);
    }

    /**
     * Delivers a burst of frames that the bridge of another lane has sent to this lane.
     *
     * @param frames the burst
     * @param destination the number of the port that they were sent to, a port of this lane
     * @return the number of frames delivered, from the first one on; the next frame must be passed to {@link
     *     #arrive(Frame, int)}
     */
    int arrive(FrameBurst frames, int destination) {
        if (coalesce) {
            return 0;
        }
        unflushed[destination] = true;
        return engine.deliver(frames, 0, frames.count(), ports[destination]);
    }

    @Override
    public int forward(FramePort from, FrameBurst frames) {
        int source = indexOf(from);
        VlanSwitch switched = vlans;
        int n = frames.count();
        int next = 0;
        while (next < n) {
            int end = sameStations(frames, next, n);
            int done = switched == null
                    ? forwardRow(source, frames, next, end)
                    : forwardRow(switched, source, frames, next, end);
            next += done;
            if (next < end) {
                break;
            }
        }
        return next;
    }

    /** Returns the index after the last frame that has the same source and destination as the frame at {@code from}. */
    private static int sameStations(FrameBurst frames, int from, int to) {
        long first = frames.address(from);
        long addresses = HostMemory.getLongLE(first);
        int rest = HostMemory.getIntLE(first + 8);
        int end = from + 1;
        while (end < to
                && HostMemory.getLongLE(frames.address(end)) == addresses
                && HostMemory.getIntLE(frames.address(end) + 8) == rest) {
            end++;
        }
        return end;
    }

    /** Forwards consecutive frames with the same addresses; returns how many were forwarded, from the first one on. */
    private int forwardRow(int source, FrameBurst frames, int from, int to) {
        long at = frames.address(from);
        int destination = coalesce
                ? -1
                : route(source, HostMemory.getLongBE(at) >>> 16, HostMemory.getLongBE(at + 6) >>> 16, to - from);
        if (destination == source) {
            return to - from;
        }
        if (destination >= 0 && !uplink[source]) {
            unflushed[destination] = true;
            frames.offer(to);
            return engine.deliver(frames, from, to, ports[destination]);
        }
        for (int i = from; i < to; i++) {
            frames.offer(i + 1);
            if (forward(source, frames.frame(i)) == FramePort.NO_ROOM) {
                return i - from;
            }
        }
        return to - from;
    }

    /**
     * Forwards consecutive frames with the same addresses within their VLAN; returns how many were forwarded, from the
     * first one on. Forwards several at a time only between access ports of the same VLAN: no tag is inserted or
     * removed, and a tag that a guest writes meanwhile does not change the VLAN.
     */
    private int forwardRow(VlanSwitch switched, int source, FrameBurst frames, int from, int to) {
        int vlan = switched.ofUntagged(source);
        if (!coalesce && !uplink[source] && switched.isAccess(source, vlan) && untagged(frames, from, to)) {
            long at = frames.address(from);
            MacTable table = tables.of(vlan);
            if (!table.heard(HostMemory.getLongBE(at + 6) >>> 16, source, to - from)) {
                return to - from;
            }
            int destination = switched.route(table, vlan, source, HostMemory.getLongBE(at) >>> 16);
            if (destination == source) {
                return to - from;
            }
            if (destination >= 0 && switched.isAccess(destination, vlan)) {
                unflushed[destination] = true;
                frames.offer(to);
                return engine.deliver(frames, from, to, ports[destination]);
            }
        }
        for (int i = from; i < to; i++) {
            frames.offer(i + 1);
            if (forward(switched, source, frames.frame(i)) == FramePort.NO_ROOM) {
                return i - from;
            }
        }
        return to - from;
    }

    private static boolean untagged(FrameBurst frames, int from, int to) {
        for (int i = from; i < to; i++) {
            if (TaggedFrames.hasTag(frames.address(i))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void flush() {
        for (int i = 0; i < ports.length; i++) {
            if (unflushed[i]) {
                unflushed[i] = false;
                coalescers[i].close();
                ports[i].flush();
                RemotePort queue = parking[i];
                if (queue != null && !queue.isDone()) {
                    queue.flush();
                }
            }
        }
    }

    @Override
    public @Nullable LandingPort soleReceiver(FramePort from) {
        // Frames that are written to a receiver's buffers directly can neither be merged nor have tags inserted or
        // removed.
        return pair != NO_PAIR && !coalesce && vlans == null && ports[pair - indexOf(from)] instanceof LandingPort port
                ? port
                : null;
    }

    /** Compares by identity, because a port may override equals. */
    @SuppressWarnings("ReferenceEquality")
    int indexOf(FramePort port) {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i] == port) {
                return i;
            }
        }
        throw new IllegalArgumentException(port.name() + " is not a port of this bridge");
    }

    /**
     * Learns the source station. Returns the port of the destination; -1 to flood; or the source port to drop the
     * frames, because the destination is behind the source port, or the rules forbid the source address.
     */
    private int route(int source, long destinationMac, long sourceMac, int frames) {
        if (!stations.heard(sourceMac, source, frames)) {
            return source;
        }
        int destination = MacAddress.isGroup(destinationMac) ? -1 : stations.find(destinationMac);
        return destination < 0 && pair != NO_PAIR ? pair - source : destination;
    }

    private void gatherAddresses(Frame frame) {
        int n = 0;
        for (int i = 0; n < addresses.length; i++) {
            for (int j = 0; j < frame.length[i] && n < addresses.length; j++) {
                addresses[n++] = (byte) HostMemory.getByte(frame.address[i] + j);
            }
        }
    }

    private long address(int offset) {
        long mac = 0;
        for (int i = offset; i < offset + 6; i++) {
            mac = (mac << 8) | (addresses[i] & 0xff);
        }
        return mac;
    }
}
