// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.server.IdlePort;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * A port that has no room for any frame until another back-end has taken it over.
 *
 * @param refused counted down by the first refused frame
 * @param taken the first frame from the other back-end
 */
record FullUplink(CountDownLatch refused, CompletableFuture<byte[]> taken) implements Uplink {
    /** What the port counts for the first frame. */
    static final int FIRST_BYTES = 1234;

    static final int FIRST_DROPS = 5;

    /** What is behind the port. */
    static final int STATION = 7;

    @Override
    public String name() {
        return "full";
    }

    @Override
    public Opened open(Lane lane, FrameSink sink) {
        OpenFull port = new OpenFull(this, false);
        // When the bridge has the port.
        lane.execute(() -> announce(port, sink));
        return port;
    }

    /** Makes the bridge know the station behind the port. */
    private static void announce(OpenFull port, FrameSink sink) {
        byte[] bytes = PacketBuilder.udp4().macs(STATION, 255).payload(80, 0).complete();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            Frame frame = new Frame();
            frame.clear();
            boolean unused = frame.add(memory.address(), bytes.length);
            int unusedResult = sink.forward(port, frame);
            sink.flush();
        }
    }

    @Override
    public Movable takeOver(Lane lane, FrameSink sink, StateReader state) {
        return new OpenFull(this, true);
    }

    private static final class OpenFull extends IdlePort {
        private final FullUplink uplink;
        private final boolean room;

        OpenFull(FullUplink uplink, boolean room) {
            super("full");
            this.uplink = uplink;
            this.room = room;
        }

        @Override
        public int deliver(Frame frame) {
            if (!room) {
                if (uplink.refused.getCount() != 0) {
                    counters().out(FIRST_BYTES, true);
                    counters().drop(PortDrop.TOO_LONG, FIRST_DROPS);
                }
                uplink.refused.countDown();
                return NO_ROOM;
            }
            boolean unused = uplink.taken.complete(Frames.bytes(frame));
            return DELIVERED;
        }
    }
}
