// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.packet.Coalescer;
import org.vhost4j.device.packet.OffloadEngine;

/**
 * A learning bridge (IEEE 802.1D without the spanning tree): a frame goes to the port where its destination was heard, to all
 * others when it was not or when it is for a group, and never back.
 *
 * <p>A frame with one receiver waits with its sender while the receiver has no room; a flooded one does not wait for anybody.
 */
public final class Bridge implements FrameSink {
    private static final int GROUP_BIT = 40;

    private final OffloadEngine engine;
    private final MacTable stations;
    private final boolean coalesce;
    private NetPort[] ports = new NetPort[0];
    private Coalescer[] coalescers = new Coalescer[0];
    private boolean[] touched = new boolean[0];
    private final byte[] addresses = new byte[12];
    private long runts;

    /**
     * A bridge without ports.
     *
     * @param engine adapts frames to what their receiver takes
     */
    public Bridge(OffloadEngine engine) {
        this(engine, false);
    }

    /**
     * A bridge without ports.
     *
     * @param engine adapts frames to what their receiver takes
     * @param coalesce whether plain frames are put together for receivers that take super-frames
     */
    public Bridge(OffloadEngine engine, boolean coalesce) {
        this(engine, coalesce, new MacTable());
    }

    private Bridge(OffloadEngine engine, boolean coalesce, MacTable stations) {
        this.engine = engine;
        this.coalesce = coalesce;
        this.stations = stations;
    }

    /**
     * The same bridge on another lane, without ports. It is to get all ports in the same order, those of other lanes by
     * {@link Arrivals#remote}. What one of the two learns of stations both know.
     *
     * @param other the other lane's engine
     * @return its bridge
     */
    public Bridge on(OffloadEngine other) {
        return new Bridge(other, coalesce, stations);
    }

    /**
     * Adds a port.
     *
     * @param port not a port of this bridge yet
     */
    public void add(NetPort port) {
        int n = ports.length;
        ports = Arrays.copyOf(ports, n + 1);
        touched = Arrays.copyOf(touched, n + 1);
        ports[n] = port;
        coalescers = Arrays.copyOf(coalescers, n + 1);
        coalescers[n] = new Coalescer(port, engine);
        stations.ports(n + 1);
    }

    /**
     * How many ports there are.
     *
     * @return 0 or more
     */
    public int ports() {
        return ports.length;
    }

    /**
     * Forgets the stations behind a port, because whoever was there is gone.
     *
     * @param port a port of this bridge
     */
    public void forget(NetPort port) {
        stations.forget(indexOf(port));
    }

    /**
     * Frames that were too short to have two addresses.
     *
     * @return how many were dropped for that
     */
    public long runts() {
        return runts;
    }

    @Override
    public int forward(NetPort from, Frame frame) {
        if (frame.bytes < Frame.ETHERNET_HEADER) {
            runts++;
            return NetPort.DELIVERED;
        }
        int source = indexOf(from);
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
        stations.heard(sourceMac, source);
        boolean group = (destinationMac >>> GROUP_BIT & 1) != 0;
        int destination = group ? -1 : stations.find(destinationMac);
        if (destination == source) {
            return NetPort.DELIVERED;
        }
        if (destination < 0 && ports.length == 2) {
            destination = 1 - source;
        }
        if (destination >= 0) {
            return handOver(frame, destination);
        }
        for (int i = 0; i < ports.length; i++) {
            if (i != source) {
                touched[i] = true;
                frame.segmentsDone = 0;
                coalescers[i].pass(frame);
            }
        }
        return NetPort.DELIVERED;
    }

    private int handOver(Frame frame, int destination) {
        touched[destination] = true;
        int result = coalesce ? coalescers[destination].offer(frame) : engine.deliver(frame, ports[destination]);
        return result == NetPort.NO_ROOM ? NetPort.NO_ROOM : NetPort.DELIVERED;
    }

    /**
     * Hands over a frame that the bridge on another lane has sent here. {@link #flush} ends a burst of them.
     *
     * @param frame the frame, in one piece
     * @param destination the port that it was sent to, one of this lane
     * @return {@link NetPort#DELIVERED}, also for a frame that was dropped; or {@link NetPort#NO_ROOM}: the frame waits and is to be
     *     handed over again
     */
    int arrive(Frame frame, int destination) {
        int result = handOver(frame, destination);
        // What was flooded waits for nobody.
        boolean waits = result == NetPort.NO_ROOM
                && (ports.length == 2 || stations.find(HostMemory.getLongBE(frame.address[0]) >>> 16) == destination);
        return waits ? NetPort.NO_ROOM : NetPort.DELIVERED;
    }

    @Override
    public void flush() {
        for (int i = 0; i < ports.length; i++) {
            if (touched[i]) {
                touched[i] = false;
                coalescers[i].close();
                ports[i].flush();
            }
        }
    }

    @Override
    public @Nullable NetPort soleReceiver(NetPort from) {
        // Frames that land in a receiver's buffers unseen cannot be put together.
        return ports.length == 2 && !coalesce ? ports[1 - indexOf(from)] : null;
    }

    /** A port is itself and nobody else, whatever it thinks of equality. */
    @SuppressWarnings("ReferenceEquality")
    int indexOf(NetPort port) {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i] == port) {
                return i;
            }
        }
        throw new IllegalArgumentException(port.name() + " is not a port of this bridge");
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
