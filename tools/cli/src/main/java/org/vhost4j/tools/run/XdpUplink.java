// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.function.Consumer;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.xdp.XdpMode;
import org.vhost4j.host.xdp.XdpPort;
import org.vhost4j.host.xdp.XdpSocket;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * One queue of a network interface as a port of the bridge, by AF_XDP.
 *
 * @param portName the port's name in messages; it cannot be taken over, because a queue has one socket, so that {@link Uplink#name} is
 *     empty
 * @param ifname the interface's name
 * @param queue its number, from 0
 * @param mode who copies frames
 * @param trouble takes a line that says how it works here, and one when something does not work
 */
record XdpUplink(String portName, String ifname, int queue, XdpMode mode, Consumer<String> trouble) implements Uplink {
    @Override
    public Opened open(Lane lane, FrameSink sink) {
        XdpPort port =
                new XdpPort(portName, () -> XdpSocket.open(ifname, queue, mode), sink, System::nanoTime, trouble);
        port.attach(lane);
        return new OpenXdp(port);
    }

    /** The port while it is open. */
    private record OpenXdp(XdpPort open) implements Opened {
        @Override
        public CountedPort port() {
            return open;
        }

        @Override
        public void fault(String reason) {
            open.fault(reason);
        }

        /** The interface's frames are plain. */
        @Override
        public void guestsAccept(int offloads) {}

        @Override
        public void close() {
            open.close();
        }
    }
}
