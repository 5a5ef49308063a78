// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.function.Consumer;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.xdp.XdpMode;
import org.vhost4j.host.xdp.XdpPort;
import org.vhost4j.host.xdp.XdpSocket;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * One queue of a network interface as a port of the bridge, through an AF_XDP socket. A queue can have only one socket, whose memory
 * belongs to its process. A back-end that hands over therefore closes its socket, and the next back-end opens a new one. Frames in flight
 * are lost, as on a network.
 *
 * @param name the port's name in messages
 * @param ifname the interface's name
 * @param queue number of the queue, from 0
 * @param mode copy or zero-copy mode
 * @param trouble receives a line with the active mode, and a line when an operation fails
 */
record XdpUplink(String name, String ifname, int queue, XdpMode mode, Consumer<String> trouble) implements Uplink {
    @Override
    public Opened open(Lane lane, FrameSink sink) {
        XdpPort port = new XdpPort(name, this::socket, sink, System::nanoTime, trouble);
        port.attach(lane);
        return new OpenXdp(port, ifname);
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) {
        XdpPort port = XdpPort.later(name, this::socket, sink, System::nanoTime, trouble);
        port.attach(lane);
        return new OpenXdp(port, ifname);
    }

    private XdpSocket socket() {
        return XdpSocket.open(ifname, queue, mode);
    }

    /** The port while it is open. */
    private record OpenXdp(XdpPort open, String ifname) implements Movable {
        @Override
        public CountedPort port() {
            return open;
        }

        @Override
        public void fault(String reason) {
            open.fault(reason);
        }

        /** Does nothing, because frames of the interface use no offloads. */
        @Override
        public void guestsAccept(int offloads) {}

        @Override
        public void halt() {
            open.halt();
        }

        @Override
        public void proceed() {
            open.proceed(ifname);
        }

        @Override
        public void save(StateWriter to) {}

        @Override
        public void update(StateReader state) {}

        @Override
        public void close() {
            open.close();
        }
    }
}
