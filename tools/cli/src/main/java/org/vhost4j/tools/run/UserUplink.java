// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.List;
import java.util.function.Consumer;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.passt.PasstPeer;
import org.vhost4j.host.passt.PasstProcess;
import org.vhost4j.host.stream.StreamPort;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * The host's network by passt, as a port of the bridge.
 *
 * @param command passt and its arguments but those that name the connection
 * @param trouble takes what passt says, and a line when something does not work
 */
public record UserUplink(List<String> command, Consumer<String> trouble) implements Uplink {
    private static final String NAME = "user";

    /** Copies the list. */
    public UserUplink {
        command = List.copyOf(command);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        StreamPort port = new StreamPort(NAME, new PasstPeer(new OffloadEngine()), sink, System::nanoTime, trouble);
        PasstProcess passt = new PasstProcess(command, port, lane, trouble);
        port.attach(lane);
        try {
            passt.start();
        } catch (RuntimeException e) {
            passt.close();
            port.close();
            throw e;
        }
        return new OpenUser(port, passt);
    }

    /**
     * The port while it is open.
     *
     * @param stream the port
     * @param passt at its other end
     */
    public record OpenUser(StreamPort stream, PasstProcess passt) implements Opened {
        @Override
        public CountedPort port() {
            return stream;
        }

        @Override
        public void fault(String reason) {
            stream.fault(reason);
        }

        /** What a guest does not take is done in software: passt knows of no offloads. */
        @Override
        public void guestsAccept(int offloads) {}

        @Override
        public void close() {
            passt.close();
            stream.close();
        }
    }
}
