// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.steering.ReceiveSteering;

/**
 * The port of a guest whose queue pairs are on several lanes, on the bridge of one of those lanes. The part of the
 * guest's device on a lane is called a seat. This port chooses the queue pair of a frame before the frame crosses
 * lanes: it passes the frame to the guest's seat on this lane, or to the seat on the pair's lane. All frames of a
 * flow take the same path, so they stay in order. A frame that has arrived from another lane is delivered on this lane,
 * even if the driver has changed the steering meanwhile. Only when this lane has lost its last queue is the frame
 * forwarded to the lane of the first pair, which never forwards such frames. So no two lanes ever wait for each other.
 *
 * <p>Belongs to one lane.
 */
public final class SpreadPort implements LandingPort {
    private final FrameSink bridge;
    private final FrameSink inside = new Inside();
    private final int lane;
    private final PairPlacement placement;

    /** For each other lane, the port to the seat on that lane; null for this lane. */
    private final @Nullable RemotePort[] others;

    /** For each lane, whether frames were passed to its seat and not published yet. */
    private final boolean[] unflushed;

    private @Nullable LandingPort seat;
    private @Nullable ReceiveSteering steering;

    /** The port to which the last frame was delivered. */
    private @Nullable FramePort last;

    private boolean arriving;

    /**
     * Creates a port without a seat; {@link #setSeat} sets the seat before any frame passes.
     *
     * @param bridge the bridge of this lane
     * @param lane the number of this lane, from 0
     * @param lanes the number of lanes
     * @param placement the lanes of the guest's queue pairs
     */
    public SpreadPort(FrameSink bridge, int lane, int lanes, PairPlacement placement) {
        this.bridge = bridge;
        this.lane = lane;
        this.placement = placement;
        this.others = new RemotePort[lanes];
        this.unflushed = new boolean[lanes];
    }

    /**
     * Sets the port's seat on this lane.
     *
     * @param device the seat, whose sink is {@link #sink}
     * @param itsSteering chooses the queue pair of each frame for the guest
     */
    public void setSeat(LandingPort device, ReceiveSteering itsSteering) {
        seat = device;
        steering = itsSteering;
    }

    /**
     * Sets the port to the seat on another lane. Called before any frame passes.
     *
     * @param number the number of that lane
     * @param remote the port that {@link LaneInbox#seat} of that lane returned
     */
    public void setRemoteSeat(int number, RemotePort remote) {
        others[number] = remote;
    }

    /**
     * Returns the sink to which the seat passes its frames.
     *
     * @return always the same object
     */
    public FrameSink sink() {
        return inside;
    }

    private LandingPort seat() {
        LandingPort its = seat;
        if (its == null) {
            throw new IllegalStateException("a port without a seat");
        }
        return its;
    }

    private ReceiveSteering steering() {
        ReceiveSteering its = steering;
        if (its == null) {
            throw new IllegalStateException("a port without a seat");
        }
        return its;
    }

    /** Returns the port to the seat that has a queue pair. */
    private FramePort way(int pair) {
        int target = placement.laneFor(pair);
        RemotePort other = others[target];
        if (other == null) {
            return seat();
        }
        unflushed[target] = true;
        return other;
    }

    /** Returns the port for a frame that has arrived from another lane. */
    private FramePort wayOfArrival() {
        return placement.hasAny(lane) ? seat() : way(0);
    }

    private FramePort way(Frame frame) {
        if (arriving) {
            return wayOfArrival();
        }
        ReceiveSteering its = steering();
        return way(its.singleQueue() ? 0 : its.pairFor(frame));
    }

    @Override
    public String name() {
        return seat().name();
    }

    /** Returns the offloads that the seat on this lane accepts. Frames for other lanes are converted to these, too. */
    @Override
    public int accepts() {
        return seat().accepts();
    }

    @Override
    public boolean countsSegments() {
        return seat().countsSegments();
    }

    @Override
    public int deliver(Frame frame) {
        FramePort to = way(frame);
        last = to;
        return to.deliver(frame);
    }

    @Override
    public int deliver(FrameBurst frames, int from, int to) {
        FramePort first;
        int end = to;
        ReceiveSteering its = steering();
        if (arriving) {
            first = wayOfArrival();
        } else if (its.singleQueue()) {
            first = way(0);
        } else if (its.reportsHash()) {
            return 0;
        } else {
            first = way(its.pairFor(frames, from));
            end = sameWay(frames, from, to, first);
        }
        last = first;
        return first.deliver(frames, from, end);
    }

    /** Returns the index after the last frame that goes to the same port as the frame at {@code from}. */
    @SuppressWarnings("ReferenceEquality")
    private int sameWay(FrameBurst frames, int from, int to, FramePort first) {
        ReceiveSteering its = steering();
        int end = from + 1;
        while (end < to && way(its.pairFor(frames, end)) == first) {
            end++;
        }
        return end;
    }

    @Override
    public boolean queues() {
        FramePort to = last;
        return to != null && to.queues();
    }

    @Override
    public void dropped() {
        FramePort to = last;
        (to == null ? seat() : to).dropped();
    }

    @Override
    public void lost(int frames) {
        seat().lost(frames);
    }

    @Override
    public void flush() {
        seat().flush();
        for (int i = 0; i < unflushed.length; i++) {
            RemotePort other = others[i];
            if (unflushed[i] && other != null) {
                unflushed[i] = false;
                other.flush();
            }
        }
    }

    @Override
    public void arriving(boolean now) {
        arriving = now;
    }

    /**
     * Reserves receive buffers for a frame whose contents are not known yet. This is possible only when every frame
     * goes to the first pair, and that pair is on this lane.
     */
    @Override
    public boolean reserve(Frame landing, int atLeast) {
        return placement.laneFor(0) == lane && steering().singleQueue() && seat().reserve(landing, atLeast);
    }

    @Override
    @SuppressWarnings("ReferenceEquality")
    public boolean reserve(Frame landing, Frame frame) {
        LandingPort its = seat();
        return way(frame) == its && its.reserve(landing, frame);
    }

    @Override
    public boolean extend(Frame landing, int atLeast) {
        return seat().extend(landing, atLeast);
    }

    @Override
    public void commit(Frame landing, int bytes) {
        seat().commit(landing, bytes);
    }

    @Override
    public void discard(Frame landing) {
        seat().discard(landing);
    }

    /** The sink of the seat's frames. */
    private final class Inside implements FrameSink {
        @Override
        public int forward(FramePort from, Frame frame) {
            return bridge.forward(SpreadPort.this, frame);
        }

        @Override
        public int forward(FramePort from, FrameBurst frames) {
            return bridge.forward(SpreadPort.this, frames);
        }

        @Override
        public void flush() {
            bridge.flush();
        }

        @Override
        public @Nullable LandingPort soleReceiver(FramePort from) {
            return bridge.soleReceiver(SpreadPort.this);
        }
    }
}
