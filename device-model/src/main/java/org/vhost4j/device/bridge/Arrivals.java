// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;

/**
 * The frames that other lanes have for the ports of this one: hands them to its bridge, each ring by itself, so that a port without
 * room holds up only what is sent to it. All {@link #remote} ports are made before this lane polls.
 */
public final class Arrivals implements Pollable {
    /** Frames of one ring in one turn. */
    private static final int BURST = 64;

    private final String name;
    private final Bridge bridge;
    private final Runnable wake;
    private final List<Way> ways = new ArrayList<>();
    private final FrameBurst burst = new FrameBurst(0);

    /** Whose frames are being handed over. */
    private @Nullable Way current;

    /** The frames of one other lane for one port. */
    private static final class Way {
        private final FrameRing ring;
        private final FramePort to;
        private final Consumer<String> fault;
        private int index = -1;
        private @Nullable Frame frame;

        /** Whether {@link #frame} waits for room. */
        private boolean waiting;

        private Way(FrameRing ring, FramePort to, Consumer<String> fault) {
            this.ring = ring;
            this.to = to;
            this.fault = fault;
        }

        private int port(Bridge bridge) {
            if (index < 0) {
                index = bridge.indexOf(to);
            }
            return index;
        }

        /** Made for the first frame, because there are many of these of which few are used. */
        private Frame frame() {
            Frame made = frame;
            if (made == null) {
                made = new Frame();
                frame = made;
            }
            return made;
        }
    }

    /**
     * Nothing yet.
     *
     * @param name what to call it in messages
     * @param bridge the one of this lane
     * @param wake wakes this lane; called by others
     */
    public Arrivals(String name, Bridge bridge, Runnable wake) {
        this.name = name;
        this.bridge = bridge;
        this.wake = wake;
    }

    /**
     * Makes one of this lane's ports a port for another lane.
     *
     * @param port one of this lane's bridge
     * @param fault stops the port, as {@link Pollable#fault}, when a frame could not be handed to it; called by this lane
     * @param checkpoint runs before the other lane publishes anything; makes a pending memory fault appear
     * @return for the other lane's bridge
     */
    public FramePort remote(FramePort port, Consumer<String> fault, Runnable checkpoint) {
        FrameRing ring = new FrameRing();
        ways.add(new Way(ring, port, fault));
        return new RemotePort(port.name(), ring, wake, checkpoint);
    }

    @Override
    public int poll() {
        int work = 0;
        for (int i = 0; i < ways.size(); i++) {
            Way way = ways.get(i);
            if (way.waiting || !way.ring.isEmpty()) {
                current = way;
                work += handOver(way);
                current = null;
            }
        }
        if (work != 0) {
            bridge.flush();
        }
        return work;
    }

    /** How many frames were handed over, or tried: one that waits keeps the lane awake, as it does in its sender's queue. */
    private int handOver(Way way) {
        FrameRing ring = way.ring;
        Frame frame = way.frame();
        int port = way.port(bridge);
        int done = 0;
        while (done < BURST && (way.waiting || !ring.isEmpty())) {
            int together = way.waiting ? 0 : handOverTogether(ring, port, BURST - done);
            if (together != 0) {
                done += together;
                continue;
            }
            done++;
            if (!way.waiting) {
                ring.peek(frame);
                way.waiting = true;
            }
            if (bridge.arrive(frame, port) == FramePort.NO_ROOM) {
                break;
            }
            way.waiting = false;
            ring.remove(1);
        }
        ring.release();
        return done;
    }

    /** Hands plain frames over as far as there is room; 0 when the next one has to go alone. */
    private int handOverTogether(FrameRing ring, int port, int most) {
        ring.peek(burst, most);
        int done = burst.count() == 0 ? 0 : bridge.arrive(burst, port);
        ring.remove(done);
        burst.count = 0;
        return done;
    }

    @Override
    public boolean arm() {
        boolean work = false;
        for (int i = 0; i < ways.size(); i++) {
            work |= ways.get(i).ring.arm();
        }
        return work;
    }

    @Override
    public void disarm() {
        for (int i = 0; i < ways.size(); i++) {
            ways.get(i).ring.disarm();
        }
    }

    /** What was being handed over is lost, and its port's is the fault: all other memory that was touched is ours. */
    @Override
    public void fault(String reason) {
        Way way = current;
        current = null;
        if (way != null) {
            way.ring.remove(way.waiting ? 1 : burst.count());
            way.ring.release();
            way.waiting = false;
            burst.count = 0;
            way.fault.accept(reason);
        }
    }

    @Override
    public String name() {
        return name;
    }
}
