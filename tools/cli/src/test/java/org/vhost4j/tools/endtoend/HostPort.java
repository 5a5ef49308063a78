// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.vhostuser.server.Uplink;

/** A port that stands for the network in tests: it sends any frame and records the received ones. */
final class HostPort implements CountedPort, Uplink.Opened {
    private static final long SECONDS = 60;

    private final MemorySegment memory = Arena.ofAuto().allocate(Frame.MAX_BYTES);
    private final Frame frame = new Frame();
    private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
    private final PortCounters counters = new PortCounters();
    private final FrameSink sink;
    private final Lane lane;
    private volatile boolean closed;

    private HostPort(Lane lane, FrameSink sink) {
        this.lane = lane;
        this.sink = sink;
    }

    /** An uplink that completes a future with the port. */
    static Uplink opening(CompletableFuture<HostPort> opened) {
        return (lane, sink) -> {
            HostPort port = new HostPort(lane, sink);
            opened.complete(port);
            return port;
        };
    }

    /** An uplink with a part on every lane, and a name; the parts are added in the order of their lanes. */
    static Uplink onEveryLane(String name, List<HostPort> parts) {
        return new Uplink() {
            @Override
            public Opened open(Lane lane, FrameSink sink) {
                HostPort part = new HostPort(lane, sink);
                parts.add(part);
                return part;
            }

            @Override
            public Opened openPart(Lane lane, FrameSink sink) {
                return open(lane, sink);
            }

            @Override
            public boolean onEveryLane() {
                return true;
            }

            @Override
            public String name() {
                return name;
            }
        };
    }

    /** Whether the port was closed, by its own lane. */
    boolean closed() {
        return closed;
    }

    /** Sends a frame; when this returns the bridge has dealt with it. */
    void send(byte[] bytes) {
        lane.submit(() -> {
                    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
                    frame.clear();
                    boolean unused = frame.add(memory.address(), bytes.length);
                    int result = sink.forward(this, frame);
                    sink.flush();
                    return result;
                })
                .join();
    }

    /** The next frame that came. */
    byte[] receive() {
        try {
            byte[] next = received.poll(SECONDS, TimeUnit.SECONDS);
            if (next == null) {
                throw new AssertionError("no frame came to the host within " + SECONDS + " s");
            }
            return next;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** What came until now and was not taken. */
    List<byte[]> waiting() {
        return List.copyOf(received);
    }

    @Override
    public int accepts() {
        return 0;
    }

    @Override
    public int deliver(Frame taken) {
        received.add(Frames.bytes(taken));
        counters.out(taken.bytes, false);
        return DELIVERED;
    }

    @Override
    public void flush() {}

    @Override
    public String name() {
        return "host";
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public CountedPort port() {
        return this;
    }

    @Override
    public void fault(String reason) {
        throw new IllegalStateException(reason);
    }

    @Override
    public void guestsAccept(int offloads) {}

    @Override
    public void close() {
        closed = lane.inLane();
    }
}
