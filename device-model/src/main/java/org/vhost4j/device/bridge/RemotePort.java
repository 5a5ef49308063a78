// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

/**
 * Represents a port of another lane on this lane's bridge. A frame for the port is copied into a ring that {@link
 * LaneInbox} empties on the port's own lane. There it is converted to the offloads that the port accepts, and waits
 * while the port has no room. When the ring is full, the frame stays in its sender's queue.
 *
 * <p>Belongs to the lane whose bridge has it as a port.
 */
public final class RemotePort implements FramePort {
    private final String name;
    private final FrameRing ring;
    private final Runnable wake;
    private final Runnable checkpoint;

    /**
     * Creates the port.
     *
     * @param name the port's name
     * @param ring the ring for its frames
     * @param wake wakes the lane that empties the ring
     * @param checkpoint runs before frames are published, so that a pending memory fault is raised before that
     */
    RemotePort(String name, FrameRing ring, Runnable wake, Runnable checkpoint) {
        this.name = name;
        this.ring = ring;
        this.wake = wake;
        this.checkpoint = checkpoint;
    }

    /** Returns all offloads: the port's own lane emulates those that the port does not accept. */
    @Override
    public int accepts() {
        return Offloads.ALL_WITH_TUNNELS;
    }

    @Override
    public int deliver(Frame frame) {
        if (frame.bytes > Frame.MAX_BYTES) {
            return REFUSED;
        }
        return ring.put(frame) ? QUEUED : NO_ROOM;
    }

    @Override
    public int deliver(FrameBurst frames, int from, int to) {
        return ring.put(frames, from, to);
    }

    @Override
    public boolean queues() {
        return true;
    }

    @Override
    public void flush() {
        checkpoint.run();
        if (ring.publish()) {
            wake.run();
        }
    }

    @Override
    public void dropped() {
        ring.lost();
    }

    /** Returns whether the port has processed all frames that were sent through this object. */
    boolean isDone() {
        return ring.isDone();
    }

    @Override
    public String name() {
        return name;
    }
}
