// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;

/**
 * The frames that other lanes have sent to the ports of this lane. In each turn it passes them to the lane's bridge,
 * ring by ring, so that a port without room delays only its own frames. {@link #remote} and {@link #seat} are called
 * before this lane polls, or by this lane.
 */
public final class LaneInbox implements Pollable {
    /** Maximum number of frames of one ring that are delivered in one turn. */
    private static final int BURST = 64;

    private final String name;
    private final Bridge bridge;
    private final Runnable wake;
    private final List<Inlet> inlets = new ArrayList<>();
    private final FrameBurst burst = new FrameBurst();

    /** Undelivered frames of another back-end that has handed its guests over to this one. */
    private final Deque<HeldFrame> returned = new ArrayDeque<>();

    /** The ring whose frames are being delivered. */
    private @Nullable Inlet current;

    /** The frames from one other lane for one port. */
    private static final class Inlet {
        private final FrameRing ring;
        private final FramePort to;
        private final Consumer<String> fault;
        private int index = -1;
        private @Nullable Frame frame;

        /** Whether {@link #frame} waits for room. */
        private boolean waiting;

        /**
         * Whether the other lane has already chosen this lane for each frame, as for a guest whose queues are on
         * several lanes.
         */
        private final boolean chosen;

        private Inlet(FrameRing ring, FramePort to, Consumer<String> fault, boolean chosen) {
            this.ring = ring;
            this.to = to;
            this.fault = fault;
            this.chosen = chosen;
        }

        private int port(Bridge bridge) {
            if (index < 0) {
                index = bridge.indexOf(to);
            }
            return index;
        }

        /** Returns the frame, created on first use, because there are many inlets and few are used. */
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
     * Creates an empty inbox.
     *
     * @param name name for messages
     * @param bridge the bridge of this lane
     * @param wake wakes this lane; called by other lanes
     */
    public LaneInbox(String name, Bridge bridge, Runnable wake) {
        this.name = name;
        this.bridge = bridge;
        this.wake = wake;
    }

    /**
     * Creates the port through which another lane sends frames to one of this lane's ports.
     *
     * @param port a port of this lane's bridge
     * @param fault stops the port, as {@link Pollable#fault} does, when the delivery of a frame to it fails; called by
     *     this lane
     * @param checkpoint runs before the other lane publishes frames, so that a pending memory fault is raised before
     *     that
     * @return the port for the other lane's bridge
     */
    public RemotePort remote(FramePort port, Consumer<String> fault, Runnable checkpoint) {
        return remote(port, fault, checkpoint, false);
    }

    /**
     * Creates the port through which another lane sends frames to a guest's seat on this lane: the part of the guest's
     * device that this lane processes. The guest has seats on several lanes; the sending lane chooses one per frame.
     *
     * @param port a port of this lane's bridge
     * @param fault as for {@link #remote}
     * @param checkpoint as for {@link #remote}
     * @return the port, which {@link SpreadPort} uses on the sending lane
     */
    public RemotePort seat(SpreadPort port, Consumer<String> fault, Runnable checkpoint) {
        return remote(port, fault, checkpoint, true);
    }

    private RemotePort remote(FramePort port, Consumer<String> fault, Runnable checkpoint, boolean chosen) {
        FrameRing ring = new FrameRing();
        inlets.add(new Inlet(ring, port, fault, chosen));
        return new RemotePort(port.name(), ring, wake, checkpoint);
    }

    /**
     * Removes a port of this lane, and the frames that wait for it, after the bridges of all other lanes have removed
     * it. Called by this lane.
     *
     * @param port a current or former port of this lane's bridge
     */
    @SuppressWarnings("ReferenceEquality")
    public void forget(FramePort port) {
        inlets.removeIf(inlet -> inlet.to == port);
    }

    @Override
    public int poll() {
        Inlet interrupted = current;
        if (interrupted != null) {
            // A fault of another object interrupted the delivery.
            interrupted.to.arriving(false);
            current = null;
        }
        int work = returned.isEmpty() ? 0 : handOverReturned();
        for (int i = 0; i < inlets.size(); i++) {
            Inlet inlet = inlets.get(i);
            if (inlet.waiting || !inlet.ring.isEmpty()) {
                current = inlet;
                if (inlet.chosen) {
                    inlet.to.arriving(true);
                }
                work += handOver(inlet);
                if (inlet.chosen) {
                    inlet.to.arriving(false);
                }
                current = null;
            }
        }
        if (work != 0) {
            bridge.flush();
        }
        return work;
    }

    /**
     * Delivers the frames of one ring. Returns the number of frames delivered or tried: a waiting frame keeps the lane
     * awake, as it does in its sender's queue.
     */
    private int handOver(Inlet inlet) {
        FrameRing ring = inlet.ring;
        Frame frame = inlet.frame();
        int port = inlet.port(bridge);
        int done = 0;
        while (done < BURST && (inlet.waiting || !ring.isEmpty())) {
            int together = inlet.waiting ? 0 : handOverTogether(ring, port, BURST - done);
            if (together != 0) {
                done += together;
                continue;
            }
            done++;
            if (!inlet.waiting) {
                ring.peek(frame);
                inlet.waiting = true;
            }
            if (bridge.arrive(frame, port) == FramePort.NO_ROOM) {
                break;
            }
            inlet.waiting = false;
            ring.remove(1);
        }
        ring.release();
        int lost = ring.takeLost();
        if (lost != 0) {
            inlet.to.lost(lost);
        }
        return done;
    }

    /**
     * Delivers plain frames as bursts while there is room. Returns the number delivered; 0 when the next frame must be
     * delivered alone.
     *
     * <p>This is separate from the delivery of a single frame, which calls the bridge for each frame.
     * ChainBenchmark.crossing (split ring) measured 70 ns for a frame of 64 bytes, and 91 ns with frames delivered one
     * by one.
     */
    private int handOverTogether(FrameRing ring, int port, int most) {
        ring.peek(burst, most);
        int done = burst.count() == 0 ? 0 : bridge.arrive(burst, port);
        ring.remove(done);
        burst.count(0);
        return done;
    }

    /** Returns whether all frames were delivered. */
    public boolean isEmpty() {
        if (!returned.isEmpty()) {
            return false;
        }
        for (Inlet inlet : inlets) {
            if (inlet.waiting || !inlet.ring.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /**
     * Copies the frames that were not delivered yet because their port has no room; they stay in the inbox, too. Called
     * by this lane while no other lane sends.
     *
     * @return the frames, for each port the oldest first
     */
    public List<HeldFrame> held() {
        List<HeldFrame> all = new ArrayList<>(returned);
        for (Inlet inlet : inlets) {
            int port = inlet.port(bridge);
            int ahead = inlet.waiting ? 1 : 0;
            if (inlet.waiting) {
                all.add(HeldFrame.copy(port, inlet.frame()));
            }
            Frame copied = new Frame();
            for (int i = ahead; i < inlet.ring.count(); i++) {
                inlet.ring.peek(copied, i);
                all.add(HeldFrame.copy(port, copied));
            }
        }
        return all;
    }

    /**
     * Adds the undelivered frames of another back-end, to be delivered before all others. Called before the lane polls
     * this inbox.
     *
     * @param frames frames for ports of this lane
     */
    public void hold(List<HeldFrame> frames) {
        returned.addAll(frames);
    }

    /** Delivers the undelivered frames of another back-end; returns the number delivered or tried. */
    private int handOverReturned() {
        int done = 0;
        while (!returned.isEmpty() && done < BURST) {
            HeldFrame first = returned.getFirst();
            done++;
            if (bridge.arrive(first.frame(), first.port()) == FramePort.NO_ROOM) {
                break;
            }
            returned.removeFirst();
        }
        return done;
    }

    @Override
    public boolean arm() {
        boolean work = false;
        for (int i = 0; i < inlets.size(); i++) {
            work |= inlets.get(i).ring.arm();
        }
        return work;
    }

    @Override
    public void disarm() {
        for (int i = 0; i < inlets.size(); i++) {
            inlets.get(i).ring.disarm();
        }
    }

    /**
     * Drops the frame that was being delivered and stops its port. Only the port's memory can be the cause: all other
     * memory that a delivery accesses belongs to this process.
     */
    @Override
    public void fault(String reason) {
        Inlet inlet = current;
        current = null;
        if (inlet != null) {
            inlet.to.arriving(false);
            inlet.ring.remove(inlet.waiting ? 1 : burst.count());
            inlet.ring.release();
            inlet.waiting = false;
            burst.count(0);
            inlet.fault.accept(reason);
        }
    }

    @Override
    public String name() {
        return name;
    }
}
