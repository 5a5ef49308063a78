// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.capture.FrameTap;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.LandingPort;

/**
 * Stands between a bridge and a port that is no guest, and sees what passes in both directions. The bridge has the gate as its port; the
 * port has {@link #sink} as its sink. Of the port's lane.
 */
public final class PortGate implements FramePort {
    private final FrameSink bridge;
    private final FrameSink inside = new Inside();
    private @Nullable FramePort port;

    /** Null while nothing is captured. */
    private @Nullable FrameTap tap;

    /** How many frames the port is to offer again that were copied. */
    private int again;

    /**
     * A gate without a port; {@link #to} gives it one before any frame passes.
     *
     * @param bridge where the port's frames go
     */
    public PortGate(FrameSink bridge) {
        this.bridge = bridge;
    }

    /**
     * Gives the gate its port.
     *
     * @param behind the port, which has {@link #sink} as its sink
     */
    public void to(FramePort behind) {
        port = behind;
    }

    /**
     * Where the port's frames go.
     *
     * @return always the same
     */
    public FrameSink sink() {
        return inside;
    }

    private FramePort port() {
        FramePort behind = port;
        if (behind == null) {
            throw new IllegalStateException("a gate without a port");
        }
        return behind;
    }

    /**
     * Has frames copied for a capture, or not any more.
     *
     * @param copying sees what passes from now on; null for none
     */
    public void tap(@Nullable FrameTap copying) {
        tap = copying;
        again = 0;
    }

    // The bridge's port.

    @Override
    public String name() {
        return port().name();
    }

    @Override
    public int accepts() {
        return port().accepts();
    }

    @Override
    public int deliver(Frame frame) {
        int result = port().deliver(frame);
        FrameTap copying = tap;
        if (copying != null && result != NO_ROOM && result != REFUSED) {
            copying.inbound(frame, frame.bytes);
        }
        return result;
    }

    @Override
    public int deliver(FrameBurst frames, int from, int to) {
        int done = port().deliver(frames, from, to);
        FrameTap copying = tap;
        if (copying != null) {
            copying.inbound(frames, from, from + done);
        }
        return done;
    }

    @Override
    public boolean queues() {
        return port().queues();
    }

    @Override
    public void dropped() {
        port().dropped();
    }

    @Override
    public void lost(int frames) {
        port().lost(frames);
    }

    @Override
    public void flush() {
        port().flush();
    }

    /** The port's sink. */
    private final class Inside implements FrameSink {
        @Override
        public int forward(FramePort from, Frame frame) {
            FrameTap copying = tap;
            if (copying == null) {
                return bridge.forward(PortGate.this, frame);
            }
            again = copying.outbound(frame, again);
            int result = bridge.forward(PortGate.this, frame);
            if (result == NO_ROOM) {
                again++;
            }
            return result;
        }

        @Override
        public int forward(FramePort from, FrameBurst frames) {
            FrameTap copying = tap;
            if (copying == null) {
                return bridge.forward(PortGate.this, frames);
            }
            again = copying.outbound(frames, again);
            int done = bridge.forward(PortGate.this, frames);
            again += frames.count() - done;
            return done;
        }

        @Override
        public void flush() {
            bridge.flush();
        }

        /** As long as frames are copied none lands in its receiver unseen. */
        @Override
        public @Nullable LandingPort soleReceiver(FramePort from) {
            return tap == null ? bridge.soleReceiver(PortGate.this) : null;
        }
    }
}
