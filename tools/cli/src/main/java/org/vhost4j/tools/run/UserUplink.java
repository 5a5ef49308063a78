// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.passt.PasstPeer;
import org.vhost4j.host.passt.PasstProcess;
import org.vhost4j.host.stream.StreamPort;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * The host's network through passt, as a port of the bridge. A back-end that takes over continues with the running passt and its
 * connection, including all data in flight, so that no connection of a guest ends.
 *
 * @param command passt and its arguments, except those for the connection
 * @param trouble receives the output of passt, and a line when an operation fails
 */
public record UserUplink(List<String> command, Consumer<String> trouble) implements Uplink {
    private static final int MOST_ARGUMENTS = 1 << 10;

    /** Copies the list. */
    public UserUplink {
        command = List.copyOf(command);
    }

    @Override
    public String name() {
        return "user";
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        OpenUser open = attached(lane, sink);
        try {
            open.passt().start();
        } catch (RuntimeException e) {
            open.close();
            throw e;
        }
        return open;
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) throws HandOverException {
        read(state).ifPresent(PasstMove::close);
        OpenUser open = attached(lane, sink);
        open.halt();
        return open;
    }

    private OpenUser attached(Lane lane, FrameSink sink) {
        StreamPort port = new StreamPort(name(), new PasstPeer(new OffloadEngine()), sink, System::nanoTime, trouble);
        PasstProcess passt = new PasstProcess(command, port, lane, trouble);
        port.attach(lane);
        return new OpenUser(this, port, passt);
    }

    private Optional<PasstMove> read(StateReader state) throws HandOverException {
        List<String> there = new ArrayList<>();
        for (int left = state.count(MOST_ARGUMENTS); left > 0; left--) {
            there.add(state.text());
        }
        if (!there.equals(command)) {
            throw new HandOverException("port user: passt runs as '" + String.join(" ", there)
                    + "' there and would as '" + String.join(" ", command) + "' here: give the same --port");
        }
        return PasstMove.read(state);
    }

    /**
     * The port while it is open.
     *
     * @param uplink description of the port
     * @param stream the open port
     * @param passt process at its other end
     */
    public record OpenUser(UserUplink uplink, StreamPort stream, PasstProcess passt) implements Movable {
        @Override
        public CountedPort port() {
            return stream;
        }

        @Override
        public void fault(String reason) {
            stream.fault(reason);
        }

        /** Does nothing, because passt supports no offloads. Offloads that a guest does not accept are done in software. */
        @Override
        public void guestsAccept(int offloads) {}

        @Override
        public void halt() {
            stream.halt();
        }

        @Override
        public void proceed() {
            stream.proceed();
            passt.proceed();
        }

        @Override
        public void save(StateWriter to) {
            to.number(uplink.command.size());
            uplink.command.forEach(to::text);
            PasstMove.save(stream, passt, to);
        }

        @Override
        public void update(StateReader state) throws HandOverException {
            Optional<PasstMove> move = uplink.read(state);
            if (move.isPresent()) {
                move.get().adopt(stream, passt);
            }
        }

        /** Closes the port; passt is not ended when the port is halted, because another back-end has taken it over. */
        @Override
        public void close() {
            if (stream.isHalted()) {
                passt.leave();
            } else {
                passt.close();
            }
            stream.close();
        }
    }
}
