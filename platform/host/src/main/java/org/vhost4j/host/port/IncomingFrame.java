// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.port;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.stats.PortCounters;

/**
 * A frame that a port has read and forwards to the sink. It is counted once, and kept while its receiver has no room. Its bytes stay in the
 * port's memory.
 */
public final class IncomingFrame {
    /** Result: there is no frame. */
    public static final int EMPTY = 0;
    /** Result: a frame was forwarded or dropped. */
    public static final int MOVED = 1;
    /** Result: a frame was read and its receiver has no room. */
    public static final int BLOCKED = 2;
    /** Result: the interface or the connection is gone or down. */
    public static final int GONE = 3;

    /** The frame. The port may fill it unless it {@linkplain #waits waits}. */
    public final Frame frame = new Frame();

    private final FramePort port;
    private final PortCounters counters;
    private final FrameSink sink;
    private boolean waiting;
    private boolean forwarded;

    /**
     * Creates an empty frame.
     *
     * @param port port that receives the frames
     * @param counters counters of the port
     * @param sink destination of the frames
     */
    public IncomingFrame(FramePort port, PortCounters counters, FrameSink sink) {
        this.port = port;
        this.counters = counters;
        this.sink = sink;
    }

    /**
     * Returns whether the frame waits for its receiver.
     *
     * @return true until {@link #offer} has forwarded it
     */
    public boolean waits() {
        return waiting;
    }

    /**
     * Counts and forwards the frame.
     *
     * @return {@link #MOVED} or {@link #BLOCKED}
     */
    public int pass() {
        counters.in(frame.bytes, frame.gsoType != Frame.GSO_NONE);
        waiting = true;
        return offer();
    }

    /**
     * Forwards the waiting frame.
     *
     * @return {@link #MOVED} or {@link #BLOCKED}
     */
    public int offer() {
        forwarded = true;
        if (sink.forward(port, frame) == FramePort.NO_ROOM) {
            return BLOCKED;
        }
        waiting = false;
        return MOVED;
    }

    /** Ends a burst of calls of {@link #pass} and {@link #offer}. */
    public void flush() {
        if (forwarded) {
            forwarded = false;
            sink.flush();
        }
    }

    /**
     * Returns a copy of the waiting frame, which may be handed over to the next back-end process.
     *
     * @return the copy; null when none waits
     */
    public @Nullable HeldFrame held() {
        return waiting ? HeldFrame.copy(0, frame) : null;
    }

    /**
     * Restores a frame that the previous back-end process has read and counted; it waits for room at its receiver.
     *
     * @param held the frame; null for none
     * @param memory address of {@link Frame#MAX_BYTES} bytes, where the frame can stay
     */
    public void hold(@Nullable HeldFrame held, long memory) {
        if (held == null) {
            return;
        }
        Frame from = held.frame();
        frame.copy(from);
        frame.segmentsDone = from.segmentsDone;
        HostMemory.copy(from.address[0], memory, from.bytes);
        frame.address[0] = memory;
        waiting = true;
    }
}
