// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.function.Consumer;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.tap.TapDevice;
import org.vhost4j.host.tap.TapPort;
import org.vhost4j.host.tap.TapRejoin;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * A TAP as a port of the bridge. The port uses the offloads that the kernel supports according to the probe; other offloads are done in
 * software.
 *
 * @param ifname the interface's name
 * @param multiQueue whether the interface may have been created with multi_queue, as for guests with several queue
 *     pairs; one of its queues is used
 * @param onEveryLane whether every lane has a queue of the interface; it must have been created with multi_queue, and
 *     is created so if it does not exist
 * @param host capabilities that the probe found
 * @param trouble receives a line when an operation fails
 */
public record TapUplink(
        String ifname, boolean multiQueue, boolean onEveryLane, HostCapabilities host, Consumer<String> trouble)
        implements Uplink {
    /**
     * Creates a TAP without multi_queue.
     *
     * @param ifname the interface's name
     * @param host capabilities that the probe found
     * @param trouble receives a line when an operation fails
     */
    public TapUplink(String ifname, HostCapabilities host, Consumer<String> trouble) {
        this(ifname, false, false, host, trouble);
    }

    /**
     * Returns a TAP with one queue per lane.
     *
     * @param ifname the interface's name
     * @param host capabilities that the probe found
     * @param trouble receives a line when an operation fails
     * @return a port that otherwise behaves like a TAP with one queue
     */
    public static TapUplink onEveryLane(String ifname, HostCapabilities host, Consumer<String> trouble) {
        return new TapUplink(ifname, true, true, host, trouble);
    }

    @Override
    public String name() {
        return "tap:" + ifname;
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        TapPort port = port(device(), sink);
        port.attach(lane);
        return new OpenTap(port, rejoin(port, lane));
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        TapMove move = TapMove.read(state);
        TapPort port = port(TapDevice.takeOver(move.queue(), ifname, move.headerBytes()), sink);
        port.attachHalted(lane, move.offloads());
        return new OpenTap(port, rejoin(port, lane));
    }

    /**
     * Opens a lane's queue. The kernel delivers the frames of a flow to the queue on which the flow's last frame was
     * sent.
     */
    @Override
    public Opened openPart(Lane lane, FrameSink sink) {
        return part(lane).open(lane, sink);
    }

    @Override
    public Movable takeOverPart(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        return part(lane).takeOver(lane, sink, state);
    }

    /** Returns the port for one of several queues, whose error messages name the lane. */
    private TapUplink part(Lane lane) {
        return new TapUplink(ifname, multiQueue, onEveryLane, host, line -> trouble.accept(lane.name() + ": " + line));
    }

    private TapPort port(TapDevice device, FrameSink sink) {
        return new TapPort(name(), device, writable(), sink, new OffloadEngine(), trouble);
    }

    private TapRejoin rejoin(TapPort port, Lane lane) {
        return new TapRejoin(port, lane, ifname, this::device, trouble);
    }

    /** The port while it is open. */
    private final class OpenTap implements Movable {
        private final TapPort port;
        private final TapRejoin rejoin;

        OpenTap(TapPort port, TapRejoin rejoin) {
            this.port = port;
            this.rejoin = rejoin;
        }

        @Override
        public CountedPort port() {
            return port;
        }

        @Override
        public void fault(String reason) {
            port.fault(reason);
        }

        @Override
        public void guestsAccept(int offloads) {
            try {
                // Offloads that are not enabled are done by the kernel, so guests get all frames.
                port.receiveOffloads(TapDevice.settable(offloads & readable()));
            } catch (SystemError e) {
                trouble.accept(e.getMessage());
            }
        }

        @Override
        public void halt() {
            port.halt();
        }

        @Override
        public void proceed() {
            try {
                port.proceed();
            } catch (SystemError e) {
                trouble.accept(e.getMessage());
            }
        }

        @Override
        public void save(StateWriter to) {
            TapMove.save(port, to);
        }

        @Override
        public void update(StateReader state) throws HandOverException {
            TapMove move = TapMove.read(state);
            // The interface may have been removed, and joined again, since the first save.
            port.rejoin(TapDevice.takeOver(move.queue(), ifname, move.headerBytes()))
                    .close();
            port.hold(move.held());
        }

        @Override
        public void close() {
            rejoin.close();
            port.close();
        }
    }

    private TapDevice device() {
        if (onEveryLane) {
            return TapDevice.open(
                    ifname, true, host.has(HostCapability.TAP_TUNNEL) ? NetHeader.TUNNEL_BYTES : NetHeader.BYTES);
        }
        TapDevice device = multiQueue ? TapDevice.openAsMade(ifname) : TapDevice.open(ifname, false);
        if (host.has(HostCapability.TAP_TUNNEL)) {
            device.tunnels();
        }
        return device;
    }

    /**
     * Returns the offloads that the kernel accepts from this program: TCP segmentation unless a probe's write failed,
     * UDP segmentation only if a write succeeded.
     */
    private int writable() {
        int mask = Offloads.CSUM;
        if (host.answer(HostCapability.TAP_WRITE_TSO).verdict() != Answer.Verdict.NO) {
            mask |= Offloads.TSO4 | Offloads.TSO6 | Offloads.ECN;
        }
        mask |= offloads(HostCapability.TAP_UFO, Offloads.UFO);
        mask |= offloads(HostCapability.TAP_TUNNEL, Offloads.UDP_TUNNEL);
        mask |= offloads(HostCapability.TAP_TUNNEL_CSUM, Offloads.UDP_TUNNEL_CSUM);
        // A kernel that accepts only 64 segments would refuse super-frames that a guest may send.
        return host.has(HostCapability.TAP_UDP_L4_128) ? mask | Offloads.USO4 | Offloads.USO6 : mask;
    }

    private int readable() {
        return offloads(HostCapability.TAP_CSUM, Offloads.CSUM)
                | offloads(HostCapability.TAP_TSO, Offloads.TSO4 | Offloads.TSO6)
                | offloads(HostCapability.TAP_ECN, Offloads.ECN)
                | offloads(HostCapability.TAP_UFO, Offloads.UFO)
                | offloads(HostCapability.TAP_USO, Offloads.USO4 | Offloads.USO6);
    }

    private int offloads(HostCapability capability, int mask) {
        return host.has(capability) ? mask : 0;
    }
}
