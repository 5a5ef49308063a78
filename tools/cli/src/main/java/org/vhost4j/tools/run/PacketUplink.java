// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.packet.PacketPort;
import org.vhost4j.host.packet.PacketSocket;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * A network interface of the host as a port of the bridge.
 *
 * @param ifname the interface's name
 * @param trouble receives a line when an operation fails
 */
public record PacketUplink(String ifname, Consumer<String> trouble) implements Uplink {
    @Override
    public String name() {
        return "packet:" + ifname;
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        PacketPort port = port(PacketSocket.open(ifname), sink);
        port.attach(lane);
        return new OpenPacket(port);
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        Move move = Move.read(state);
        PacketPort port = port(PacketSocket.takeOver(move.socket(), ifname), sink);
        port.halt();
        port.attach(lane);
        return new OpenPacket(port);
    }

    private PacketPort port(PacketSocket socket, FrameSink sink) {
        return new PacketPort(name(), socket, sink, new OffloadEngine(), System::nanoTime, trouble);
    }

    /**
     * The port's state for another back-end.
     *
     * @param socket the packet socket
     * @param held a frame that was read and not forwarded; null for none
     */
    private record Move(Fd socket, @Nullable HeldFrame held) {
        static Move read(StateReader state) throws HandOverException {
            Fd socket = state.descriptor();
            if (socket == null) {
                throw new HandOverException("an interface was handed over without its socket");
            }
            try {
                return new Move(socket, FrameMove.read("an interface", state));
            } catch (HandOverException e) {
                socket.close();
                throw e;
            }
        }
    }

    /** The port while it is open. */
    private record OpenPacket(PacketPort open) implements Movable {
        @Override
        public CountedPort port() {
            return open;
        }

        @Override
        public void fault(String reason) {
            open.fault(reason);
        }

        /**
         * Does nothing, because a socket cannot set the interface's offloads. Frames that guests do not accept are segmented in software.
         */
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
            to.descriptor(open.socket().fd());
            FrameMove.save(open.held(), to);
        }

        @Override
        public void update(StateReader state) throws HandOverException {
            Move move = Move.read(state);
            // Nothing to update: the socket is the same, even when it was bound again since.
            move.socket().close();
            open.hold(move.held());
        }

        @Override
        public void close() {
            open.close();
        }
    }
}
