// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.datagram.DatagramPort;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * A network behind a datagram socket as a port of the bridge. A back-end that takes over receives the socket, with all datagrams queued in
 * it.
 *
 * @param name name of the port
 * @param local address to which the socket is bound
 * @param remote address to which frames are sent
 * @param trouble receives a line when an operation fails
 */
public record DgramUplink(String name, SocketAddress local, SocketAddress remote, Consumer<String> trouble)
        implements Uplink {
    @Override
    public Opened open(Lane lane, FrameSink sink) {
        DatagramPort port = new DatagramPort(name, local, remote, sink, System::nanoTime, trouble);
        port.attach(lane);
        return new OpenDatagrams(this, port);
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        Move move = read(state);
        DatagramPort port = DatagramPort.takeOver(name, local, remote, move.socket(), sink, System::nanoTime, trouble);
        port.attach(lane);
        return new OpenDatagrams(this, port);
    }

    /**
     * The port's state for another back-end.
     *
     * @param socket the bound socket
     * @param held a frame that was read and not forwarded; null for none
     */
    private record Move(Fd socket, @Nullable HeldFrame held) {}

    private Move read(StateReader state) throws HandOverException {
        Fd socket = state.descriptor();
        if (socket == null) {
            throw new HandOverException(name + " was handed over without its socket");
        }
        try {
            String there = state.text();
            if (!there.equals(remote.toString())) {
                throw new HandOverException(
                        name + " sends to " + there + " there and to " + remote + " here: give the same --port");
            }
            return new Move(socket, FrameMove.read(name, state));
        } catch (HandOverException e) {
            socket.close();
            throw e;
        }
    }

    /** The port while it is open. */
    private record OpenDatagrams(DgramUplink uplink, DatagramPort open) implements Movable {
        @Override
        public CountedPort port() {
            return open;
        }

        @Override
        public void fault(String reason) {
            open.fault(reason);
        }

        /** Does nothing, because the peer's frames use no offloads. */
        @Override
        public void guestsAccept(int offloads) {}

        @Override
        public void halt() {
            open.halt();
        }

        @Override
        public void proceed() {
            open.proceed();
        }

        @Override
        public void save(StateWriter to) {
            to.descriptor(open.socket()).text(uplink.remote.toString());
            FrameMove.save(open.held(), to);
        }

        @Override
        public void update(StateReader state) throws HandOverException {
            Move move = uplink.read(state);
            // Nothing to update: the socket is the same.
            move.socket().close();
            open.hold(move.held());
        }

        @Override
        public void close() {
            open.close();
        }
    }
}
