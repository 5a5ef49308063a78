// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.function.Consumer;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.datagram.DatagramPort;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * A network behind datagrams as a port of the bridge.
 *
 * @param portName the port's name in messages; it cannot be taken over, so that {@link Uplink#name} is empty
 * @param local where the socket is bound
 * @param remote where frames go
 * @param trouble takes a line when something does not work
 */
public record DgramUplink(String portName, SocketAddress local, SocketAddress remote, Consumer<String> trouble)
        implements Uplink {
    @Override
    public Opened open(Lane lane, FrameSink sink) {
        DatagramPort port = new DatagramPort(portName, local, remote, sink, System::nanoTime, trouble);
        port.attach(lane);
        return new OpenDatagrams(port);
    }

    /** The port while it is open. */
    private static final class OpenDatagrams implements Opened {
        private final DatagramPort port;

        OpenDatagrams(DatagramPort port) {
            this.port = port;
        }

        @Override
        public CountedPort port() {
            return port;
        }

        @Override
        public void fault(String reason) {
            port.fault(reason);
        }

        /** The peer's frames are plain. */
        @Override
        public void guestsAccept(int offloads) {}

        @Override
        public void close() {
            port.close();
        }
    }
}
