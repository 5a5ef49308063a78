// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;

/**
 * A port of another lane, as a lane sees it. A frame for it is copied into a ring that {@link LaneInbox} empties on the port's own
 * lane; there it is adapted to what the port takes, and waits while the port has no room. When the ring is full the frame waits
 * with its sender.
 *
 * <p>Of the lane whose bridge has it as a port.
 */
public final class RemotePort implements FramePort {
    private final String name;
    private final FrameRing ring;
    private final Runnable wake;
    private final Runnable checkpoint;

    /**
     * The way to a port.
     *
     * @param name the port's
     * @param ring where its frames go
     * @param wake wakes the lane that empties the ring
     * @param checkpoint runs before anything is published; makes a pending memory fault appear
     */
    RemotePort(String name, FrameRing ring, Runnable wake, Runnable checkpoint) {
        this.name = name;
        this.ring = ring;
        this.wake = wake;
        this.checkpoint = checkpoint;
    }

    /** Everything: what the port does not take is for its own lane to do. */
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

    /** Whether the port has processed all frames of this path. */
    boolean isDone() {
        return ring.isDone();
    }

    @Override
    public String name() {
        return name;
    }
}
