// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.function.Consumer;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.stream.StreamConnector;
import org.vhost4j.host.stream.StreamPeer;
import org.vhost4j.host.stream.StreamPort;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * A network behind a stream socket as a port of the bridge. A back-end that hands over closes its connection, and the next back-end makes a
 * new one. Frames in flight are lost, as on a network.
 *
 * @param name name of the port
 * @param address address on which the peer listens, or on which to listen for it
 * @param listens whether the peer connects to this program
 * @param trouble receives a line when a connection is made or lost, and when an operation fails
 */
public record StreamUplink(String name, SocketAddress address, boolean listens, Consumer<String> trouble)
        implements Uplink {
    @Override
    public Opened open(Lane lane, FrameSink sink) {
        OpenStream open = attached(lane, sink);
        try {
            open.proceed();
        } catch (RuntimeException e) {
            open.close();
            throw e;
        }
        return open;
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) {
        return attached(lane, sink);
    }

    private OpenStream attached(Lane lane, FrameSink sink) {
        StreamPort port = new StreamPort(name, StreamPeer.PLAIN, sink, System::nanoTime, trouble);
        port.attach(lane);
        return new OpenStream(port, new StreamConnector(port, lane, address, listens, trouble));
    }

    /** The port while it is open. */
    private static final class OpenStream implements Movable {
        private final StreamPort port;
        private final StreamConnector connector;

        OpenStream(StreamPort port, StreamConnector connector) {
            this.port = port;
            this.connector = connector;
        }

        @Override
        public CountedPort port() {
            return port;
        }

        @Override
        public void fault(String reason) {
            port.fault(reason);
        }

        /** Does nothing, because the peer's frames use no offloads. */
        @Override
        public void guestsAccept(int offloads) {}

        @Override
        public void halt() {
            connector.stop();
        }

        @Override
        public void proceed() {
            connector.start();
        }

        @Override
        public void save(StateWriter to) {}

        @Override
        public void update(StateReader state) {}

        @Override
        public void close() {
            connector.close();
            port.close();
        }
    }
}
