// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.LandingPort;

/**
 * Merges consecutive TCP segments or UDP datagrams of one flow into a super-frame, for a receiver that accepts
 * super-frames while the sender does not produce them (generic receive offload).
 *
 * <p>Every frame is copied directly into the receiver's buffers; each further frame appends only its payload. So no
 * byte is copied twice, and the sender's memory is not needed after {@link #offer} has returned. Frames are delivered
 * in order, at the latest by {@link #close} at the end of a burst.
 *
 * <p>A frame is merged only if segmenting the super-frame again ({@link OffloadEngine}) produces exactly that frame,
 * including checksums and IPv4 identification. This excludes frames out of sequence, wrong checksums, padding, IP
 * options, extension headers and fragments, among others.
 *
 * <p>A duplicate acknowledgement (RFC 5681 section 2) between the segments of a flow is merged, too, if the receiver's
 * header reports the number of duplicates ({@link LandingPort#countsSegments}). It only increases that number.
 */
public final class Coalescer {
    /** Maximum number of datagrams in a super-frame: the limit of Linux up to 6.8. */
    private static final int MAX_UDP_SEGMENTS = 64;

    private static final int MAX_IP_LENGTH = 0xffff;

    private final FramePort port;

    /** The port, if frames can be written directly into its buffers; otherwise null, and nothing is merged. */
    private final @Nullable LandingPort room;

    private final OffloadEngine engine;
    private final OffloadCounters counters;
    private final SegmentHeaders headers = new SegmentHeaders();
    private final Frame landing = new Frame();
    private final LandingCursor end = new LandingCursor();

    private boolean open;
    private int segments;
    private int duplicateAcks;
    /** Number of bytes written to the buffers: those of the first frame, and the payload of the others. */
    private int bytes;

    private int gsoSize;

    /** Whether the first frame's checksums were verified, which is done only when a second frame is merged. */
    private boolean firstIsRight;

    private boolean last;

    /**
     * Creates a coalescer for a port.
     *
     * @param port the receiver; a port that is not a {@link LandingPort} gets every frame unchanged
     * @param engine delivers frames that are not merged, and counts all frames
     */
    public Coalescer(FramePort port, OffloadEngine engine) {
        this.port = port;
        this.room = port instanceof LandingPort landingPort ? landingPort : null;
        this.engine = engine;
        this.counters = engine.counters();
    }

    /**
     * Delivers a frame to the port, immediately or merged with the previous frames.
     *
     * @param frame the frame; delivered immediately if {@link OffloadEngine#check} has not checked it
     * @return the result, as of {@link OffloadEngine#deliver}; {@link FramePort#DELIVERED} also for a frame that {@link
     *     #close} will deliver
     */
    public int offer(Frame frame) {
        LandingPort receiver = room;
        if (receiver == null
                || frame.gsoType != Frame.GSO_NONE
                || frame.needs == Frame.UNCHECKED
                || !headers.parse(frame, receiver.countsSegments())) {
            return pass(frame);
        }
        if (frame.bytes == headers.length()) {
            if (!duplicates(frame)) {
                return pass(frame);
            }
            duplicateAcks++;
            return FramePort.DELIVERED;
        }
        if (open) {
            if (continues(frame) && append(receiver, frame)) {
                if (last) {
                    close();
                }
                return FramePort.DELIVERED;
            }
            close();
        }
        return begin(receiver, frame) ? FramePort.DELIVERED : engine.deliver(frame, port);
    }

    /**
     * Delivers a frame unmerged, after all previous frames.
     *
     * @param frame the frame
     * @return the result, as of {@link OffloadEngine#deliver}
     */
    public int pass(Frame frame) {
        close();
        return engine.deliver(frame, port);
    }

    /** Delivers the frames that were merged so far. */
    public void close() {
        LandingPort receiver = room;
        if (!open || receiver == null) {
            return;
        }
        open = false;
        if (segments > 1) {
            counters.add(OffloadCounter.COALESCED, segments + duplicateAcks);
            landing.coalesced = segments;
            landing.duplicateAcks = duplicateAcks;
            headers.writeSuperFrame(landing, bytes, gsoSize);
            counters.add(OffloadCounter.passed(landing.gsoType));
        } else {
            counters.add(landing.flags == 0 ? OffloadCounter.PASSED : OffloadCounter.PASSED_CSUM);
        }
        receiver.commit(landing, bytes);
    }

    private boolean begin(LandingPort receiver, Frame frame) {
        int kind = headers.kind();
        int takes = receiver.accepts();
        if ((takes & kind) != kind || headers.isLast() || !receiver.reserve(landing, frame)) {
            return false;
        }
        end.start(landing);
        end.append(frame, 0);
        landing.flags = frame.flags;
        landing.checksumStart = frame.checksumStart;
        landing.checksumOffset = frame.checksumOffset;
        headers.keep(frame);
        segments = 1;
        duplicateAcks = 0;
        bytes = frame.bytes;
        gsoSize = frame.bytes - headers.length();
        firstIsRight = false;
        last = false;
        open = true;
        return true;
    }

    private boolean continues(Frame frame) {
        int payload = frame.bytes - headers.length();
        if (payload > gsoSize
                || bytes + payload - headers.networkOffset() > MAX_IP_LENGTH
                || segments >= (headers.isTcp() ? SuperFrameRules.MAX_TCP_SEGMENTS : MAX_UDP_SEGMENTS)
                || !headers.isNext(segments + duplicateAcks, bytes)) {
            return false;
        }
        firstIsRight = firstIsRight || headers.isFirstRight(landing);
        return firstIsRight && headers.isRight(frame);
    }

    /**
     * Returns whether a frame is a duplicate acknowledgement: without payload, and with the last segment's
     * acknowledgement number.
     */
    private boolean duplicates(Frame frame) {
        return open
                && segments > 1
                && headers.isBareAck()
                && headers.isNext(segments + duplicateAcks, bytes)
                && headers.isRight(frame);
    }

    private boolean append(LandingPort receiver, Frame frame) {
        int from = headers.length();
        int payload = frame.bytes - from;
        if (!receiver.extend(landing, bytes + payload)) {
            return false;
        }
        end.append(frame, from);
        headers.add();
        segments++;
        bytes += payload;
        last = headers.isLast() || payload < gsoSize;
        return true;
    }
}
