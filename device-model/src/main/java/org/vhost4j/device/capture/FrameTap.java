// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.offload.OffloadEngine;

/**
 * Copies the frames of one port into a {@link CaptureRing}. Belongs to the port's lane. It allocates nothing per frame
 * and delays no frame: frames for which the ring has no room are counted, not copied.
 *
 * <p>A frame that is forwarded repeatedly, because its receiver had no room, is copied only the first time: the caller
 * stores the number of frames that were already copied.
 */
public final class FrameTap {
    private final CaptureRing ring;
    private final int number;
    private final int snapLength;
    private final @Nullable CaptureFilter filter;
    private final LongSupplier clock;

    /** Null when super-frames are copied unchanged. */
    private final @Nullable OffloadEngine engine;

    private final Segments segments = new Segments();
    private final Frame scratch = new Frame();

    private long time;
    private int direction;

    private long seen;
    private long matched;
    private long dropped;

    /**
     * Creates a tap that has seen no frame.
     *
     * @param ring the ring of the port's lane
     * @param number the port's number in the capture
     * @param snapLength maximum number of bytes copied of a frame, 1 or more
     * @param segmented whether frames are copied as a receiver without offloads gets them: super-frames segmented,
     *     checksums completed
     * @param filter selects the frames to copy; null for all
     * @param clock clock in nanoseconds since 1970-01-01 UTC
     */
    public FrameTap(
            CaptureRing ring,
            int number,
            int snapLength,
            boolean segmented,
            @Nullable CaptureFilter filter,
            LongSupplier clock) {
        this.ring = ring;
        this.number = number;
        this.snapLength = snapLength;
        this.filter = filter;
        this.clock = clock;
        this.engine = segmented ? new OffloadEngine() : null;
    }

    /** Records the segments: a port without offloads, to which the engine delivers them. */
    private final class Segments implements FramePort {
        @Override
        public String name() {
            return "capture";
        }

        @Override
        public int accepts() {
            return 0;
        }

        @Override
        public int deliver(Frame frame) {
            put(frame);
            return DELIVERED;
        }

        @Override
        public void flush() {}
    }

    /**
     * Records a frame that was delivered to the peer of the port.
     *
     * @param frame the delivered frame; not changed
     * @param bytes its length in bytes
     */
    public void inbound(Frame frame, int bytes) {
        begin(CaptureRing.INBOUND);
        look(frame, bytes);
    }

    /**
     * Records frames that were delivered to the peer of the port.
     *
     * @param frames the burst; not changed, except for {@link FrameBurst#frame}
     * @param from index of the first delivered frame
     * @param to index after the last one
     */
    public void inbound(FrameBurst frames, int from, int to) {
        if (from < to) {
            begin(CaptureRing.INBOUND);
            look(frames, from, to);
        }
    }

    /**
     * Records a frame from the peer of the port, before it is forwarded.
     *
     * @param frame the frame; not changed
     * @param again number of frames, from this one on, that were already recorded and are forwarded again
     * @return number of already recorded frames after this one
     */
    public int outbound(Frame frame, int again) {
        if (again > 0) {
            return again - 1;
        }
        begin(CaptureRing.OUTBOUND);
        look(frame, frame.bytes);
        return 0;
    }

    /**
     * Records frames from the peer of the port, before they are forwarded.
     *
     * @param frames the burst; not changed, except for {@link FrameBurst#frame}
     * @param again number of frames, from this one on, that were already recorded and are forwarded again
     * @return number of already recorded frames after these
     */
    public int outbound(FrameBurst frames, int again) {
        int count = frames.count();
        if (again < count) {
            begin(CaptureRing.OUTBOUND);
            look(frames, again, count);
        }
        return Math.max(0, again - count);
    }

    private void begin(int way) {
        time = clock.getAsLong();
        direction = way;
    }

    private void look(FrameBurst frames, int from, int to) {
        for (int i = from; i < to; i++) {
            seen++;
            CaptureFilter wanted = filter;
            if (wanted == null || wanted.matches(frames.address(i), frames.bytes(i))) {
                matched++;
                // The burst's own frame may be in use.
                Frame copy = scratch;
                copy.clear();
                boolean unused = copy.add(frames.address(i), frames.bytes(i));
                frames.header(i, copy);
                copy(copy);
            }
        }
    }

    private void look(Frame frame, int bytes) {
        seen++;
        CaptureFilter wanted = filter;
        if (wanted != null && !wanted.matches(frame)) {
            return;
        }
        matched++;
        Frame copy = scratch;
        copy.copy(frame);
        copy.bytes = bytes;
        copy(copy);
    }

    private void copy(Frame frame) {
        OffloadEngine cutter = engine;
        if (cutter == null || (frame.gsoType == Frame.GSO_NONE && (frame.flags & Frame.NEEDS_CSUM) == 0)) {
            put(frame);
            return;
        }
        trim(frame);
        frame.needs = Frame.UNCHECKED;
        if (cutter.deliver(frame, segments) != FramePort.DELIVERED) {
            // The super-frame cannot be segmented: record it unchanged.
            put(frame);
        }
    }

    /** Ends the last piece where the frame ends. */
    private static void trim(Frame frame) {
        int left = frame.bytes;
        int pieces = 0;
        while (left > 0) {
            frame.length[pieces] = Math.min(frame.length[pieces], left);
            left -= frame.length[pieces];
            pieces++;
        }
        frame.pieces = pieces;
    }

    private void put(Frame frame) {
        if (!ring.put(number, time, direction, frame, snapLength)) {
            dropped++;
        }
    }

    /**
     * Returns the number of frames that passed the port.
     *
     * @return the number since the capture began
     */
    public long seen() {
        return seen;
    }

    /**
     * Returns the number of frames that the filter accepted.
     *
     * @return the number since the capture began; {@link #seen} without a filter
     */
    public long matched() {
        return matched;
    }

    /**
     * Returns the number of frames or segments for which the ring had no room.
     *
     * @return the number since the capture began
     */
    public long dropped() {
        return dropped;
    }
}
