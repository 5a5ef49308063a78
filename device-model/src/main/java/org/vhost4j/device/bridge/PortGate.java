// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.capture.FrameTap;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.rate.PortRates;
import org.vhost4j.device.rate.RateMeter;
import org.vhost4j.device.rate.WireLength;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;

/**
 * Captures, counts and rate-limits frames in both directions between a bridge and a port that is not a guest. The
 * bridge uses the gate as its port; the port uses {@link #sink} as its sink. Belongs to the port's lane.
 */
public final class PortGate implements FramePort {
    private final FrameSink bridge;
    private final FrameSink inside = new Inside();
    private final LongSupplier clock;
    private final LongConsumer wake;
    private @Nullable FramePort port;

    /** The port's counters, obtained once, because a port may read them from the kernel. */
    private @Nullable PortCounters counters;

    /** Null while nothing is captured. */
    private @Nullable FrameTap tap;

    /** Limits frames to the port; null without a limit. */
    private @Nullable RateMeter inbound;

    /** Limits frames from the port; null without a limit. */
    private @Nullable RateMeter outbound;

    /** Number of frames that were captured already and that the port will pass again, because they had to wait. */
    private int again;

    /**
     * Creates a gate without a port; {@link #setPort} sets the port before any frame passes.
     *
     * @param bridge sink for the port's frames
     * @param clock clock in nanoseconds, from any origin
     * @param wake requests that the lane poll the port again after the given number of nanoseconds
     */
    public PortGate(FrameSink bridge, LongSupplier clock, LongConsumer wake) {
        this.bridge = bridge;
        this.clock = clock;
        this.wake = wake;
    }

    /**
     * Sets the port behind the gate.
     *
     * @param target the port, which passes its frames to {@link #sink}
     */
    public void setPort(FramePort target) {
        port = target;
        counters = target instanceof CountedPort counted ? counted.counters() : null;
    }

    /**
     * Returns the sink to which the port passes its frames.
     *
     * @return always the same object
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
     * Starts or stops copying frames for a capture.
     *
     * @param copying copies all frames from now on; null to stop
     */
    public void tap(@Nullable FrameTap copying) {
        tap = copying;
        again = 0;
    }

    /**
     * Sets the rate limits. Frames from the port that exceed its rate wait in the port; frames to the port that exceed
     * it are dropped and counted.
     *
     * @param rates the limits from now on
     */
    public void rates(PortRates rates) {
        inbound = RateMeter.of(rates.inbound(), clock);
        outbound = RateMeter.of(rates.outbound(), clock);
    }

    // Methods that the bridge calls.

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
        RateMeter limit = inbound;
        if (limit != null && limit.allowance() <= 0) {
            PortCounters its = counters;
            if (its != null) {
                its.drop(PortDrop.RATE);
            }
            return REFUSED;
        }
        int result = port().deliver(frame);
        if (result == DELIVERED) {
            if (limit != null) {
                limit.spend(WireLength.of(frame, frame.bytes));
            }
            FrameTap copying = tap;
            if (copying != null) {
                copying.inbound(frame, frame.bytes);
            }
        }
        return result;
    }

    @Override
    public int deliver(FrameBurst frames, int from, int to) {
        RateMeter limit = inbound;
        int end = limit == null ? to : frames.within(from, to, limit.allowance());
        int done = end == from ? 0 : port().deliver(frames, from, end);
        if (limit != null) {
            limit.spend(frames.bytes(from, from + done));
        }
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

    /** The sink of the port's frames. */
    private final class Inside implements FrameSink {
        @Override
        public int forward(FramePort from, Frame frame) {
            if (mustWait()) {
                return NO_ROOM;
            }
            FrameTap copying = tap;
            if (copying != null) {
                again = copying.outbound(frame, again);
            }
            long length = outbound == null ? 0 : WireLength.of(frame, frame.bytes);
            int result = bridge.forward(PortGate.this, frame);
            if (result == NO_ROOM) {
                again++;
            } else {
                spent(length);
            }
            return result;
        }

        @Override
        public int forward(FramePort from, FrameBurst frames) {
            if (mustWait()) {
                return 0;
            }
            FrameTap copying = tap;
            if (copying != null) {
                again = copying.outbound(frames, again);
            }
            int done = bridge.forward(PortGate.this, frames);
            again += frames.count() - done;
            if (outbound != null) {
                spent(frames.bytes(0, done));
            }
            return done;
        }

        /**
         * Returns whether frames from the port must wait for the rate limit. If so, requests that the port be polled
         * again when it may send.
         */
        private boolean mustWait() {
            RateMeter limit = outbound;
            if (limit == null || limit.allowance() > 0) {
                return false;
            }
            wake.accept(limit.nanosToWait());
            return true;
        }

        private void spent(long bytes) {
            RateMeter limit = outbound;
            if (limit != null) {
                limit.spend(bytes);
            }
        }

        @Override
        public void flush() {
            bridge.flush();
        }

        /**
         * Returns the bridge's sole receiver, as {@link FrameSink#soleReceiver}. Returns null while frames are captured
         * or rate-limited, because frames that are written directly to the receiver bypass the gate.
         */
        @Override
        public @Nullable LandingPort soleReceiver(FramePort from) {
            return tap == null && outbound == null ? bridge.soleReceiver(PortGate.this) : null;
        }
    }
}
