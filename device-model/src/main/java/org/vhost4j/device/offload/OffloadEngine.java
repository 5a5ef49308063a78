// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;

/**
 * Converts frames between senders that use offloads and receivers that may not accept them. A frame is delivered
 * unchanged when its receiver accepts all offloads that the frame needs; otherwise those offloads are first done in
 * software.
 *
 * <p>One engine serves all ports of one lane. It allocates its buffers once and nothing per frame.
 */
public final class OffloadEngine {
    /**
     * Flag in the mask of {@link Offloads} that a sender may use: {@link Frame#DATA_VALID} from this sender is trusted.
     * Set for a TAP, because the kernel has verified the checksum; never set for a guest.
     */
    public static final int TRUSTED = 1 << 30;

    private final OffloadCounters counters = new OffloadCounters();
    private final PacketHeaders headers = new PacketHeaders();
    private final Segmenter segmenter = new Segmenter(headers);
    private final Fragmenter fragmenter = new Fragmenter(headers);
    private final FrameCursor rest = new FrameCursor();
    private final Frame completed = new Frame();
    private final Frame whole = new Frame();

    /** Creates an engine with all counters at 0. */
    public OffloadEngine() {}

    /**
     * Returns the engine's counters.
     *
     * @return counters that any thread may read
     */
    public OffloadCounters counters() {
        return counters;
    }

    /**
     * Compares a frame's header with its packet and with the sender's negotiated features, and sets {@link
     * Frame#needs}. Called once for each frame from a sender, before {@link #deliver}. An invalid frame is counted
     * here; the caller must drop it.
     *
     * <p>The header is normalised: undefined flags are cleared, and a super-frame that fits into one segment becomes a
     * plain frame with a partial checksum.
     *
     * @param frame the frame, with the header that the sender wrote
     * @param allowed the offloads that the sender may use: a mask of {@link Offloads}, with {@link #TRUSTED} for a TAP
     * @return null when the frame is valid, otherwise the reason why it is not
     */
    public @Nullable BadFrame check(Frame frame, int allowed) {
        BadFrame bad = SuperFrameRules.check(frame, headers, allowed);
        if (bad != null) {
            frame.needs = Frame.UNCHECKED;
            counters.add(bad);
        }
        return bad;
    }

    /**
     * Returns whether a partial checksum is inside its frame, and after the headers that a checksum cannot cover.
     *
     * @param start csum_start, the offset from the destination MAC address
     * @param offset csum_offset, the offset from csum_start
     * @param bytes the frame's length in bytes
     * @return false for an invalid frame
     */
    public static boolean checksumInside(int start, int offset, int bytes) {
        return SuperFrameRules.checksumInside(start, offset, bytes);
    }

    /**
     * Delivers frames of a burst to one port, in order: together where the port supports it, otherwise one by one.
     *
     * @param frames the burst, whose frames were checked
     * @param from index of the first frame for this port
     * @param to index after the last frame for this port
     * @param port the receiver
     * @return the number of frames that were delivered or dropped, from {@code from} on; less than all only when the
     *     port has no room for the next frame
     */
    public int deliver(FrameBurst frames, int from, int to, FramePort port) {
        int next = from;
        int taken = port.accepts();
        int end = from;
        while (end < to && (frames.needs(end) & ~taken) == 0) {
            end++;
        }
        int together = next < end ? port.deliver(frames, next, end) : 0;
        while (together != 0) {
            if (!port.queues()) {
                int partial = frames.partialChecksums(next, next + together);
                counters.add(OffloadCounter.PASSED, together - partial);
                counters.add(OffloadCounter.PASSED_CSUM, partial);
            }
            next += together;
            together = next < end ? port.deliver(frames, next, end) : 0;
        }
        while (next < to && deliver(frames.frame(next), port) != FramePort.NO_ROOM) {
            next++;
        }
        return next - from;
    }

    /**
     * Delivers a frame to a port: unchanged when the port accepts the offloads that the frame needs, otherwise with a
     * completed checksum, in segments, or in IP fragments.
     *
     * <p>When the port runs out of room between two segments, {@link Frame#segmentsDone} is the number of delivered
     * segments, and the next call with the same frame and port continues there.
     *
     * @param frame the frame; if {@link #check} has not checked it yet, it is checked as if its sender may use all
     *     offloads
     * @param port the receiver
     * @return {@link FramePort#DELIVERED}; {@link FramePort#NO_ROOM} when the frame, or the rest of it, must be
     *     delivered again later; {@link FramePort#REFUSED} when the frame, or the rest of it, was dropped and counted,
     *     by the port or as a {@link BadFrame}; {@link FramePort#QUEUED} when the port belongs to another lane, whose
     *     engine counts the frame
     */
    public int deliver(Frame frame, FramePort port) {
        if (frame.needs == Frame.UNCHECKED && check(frame, Offloads.ALL_WITH_TUNNELS) != null) {
            return FramePort.REFUSED;
        }
        int missing = frame.needs & ~port.accepts();
        if (missing == 0 && frame.segmentsDone == 0) {
            return pass(frame, port);
        }
        int result = frame.gsoType == Frame.GSO_NONE ? complete(frame, port) : cut(frame, port);
        if (result != FramePort.NO_ROOM) {
            frame.segmentsDone = 0;
        }
        return result;
    }

    /**
     * Delivers a TCP super-frame to a port that accepts long packets but no super-frames: as one packet with a complete
     * checksum if it is short enough, otherwise as the smallest number of packets. Lengths in the sender's headers are
     * overwritten, not read. The port must have room for the whole frame.
     *
     * @param frame a TCP super-frame without a tunnel that {@link #check} has accepted; it is not changed
     * @param longest the longest packet that the port accepts, in bytes with its Ethernet header; more than {@link
     *     PacketHeaders#COPIED}
     * @param port the receiver
     * @return {@link FramePort#DELIVERED}, or {@link FramePort#REFUSED} when the frame was dropped and counted
     */
    public int deliverWhole(Frame frame, int longest, FramePort port) {
        whole.copy(frame);
        BadFrame bad = SuperFrameRules.check(whole, headers, Offloads.ALL | TRUSTED);
        if (bad != null) {
            counters.add(bad);
            return FramePort.REFUSED;
        }
        if (headers.protocol() != PacketHeaders.TCP) {
            counters.add(BadFrame.GSO_TYPE);
            return FramePort.REFUSED;
        }
        int type = frame.gsoType;
        whole.gsoSize = longest - headers.length();
        int result = segmenter.cut(whole, port, counters);
        if (result == FramePort.DELIVERED) {
            counters.add(whole.segmentsDone == 1 ? OffloadCounter.passed(type) : OffloadCounter.cut(type));
        }
        return result;
    }

    private int pass(Frame frame, FramePort port) {
        int flags = frame.flags;
        if ((flags & Frame.DATA_VALID) != 0 && (port.accepts() & Offloads.CSUM) == 0) {
            // A driver without GUEST_CSUM must see no flags at all (virtio 1.4 section 5.1.6.4.1).
            frame.flags = 0;
        }
        int result = port.deliver(frame);
        frame.flags = flags;
        if (result == FramePort.DELIVERED) {
            counters.add(
                    frame.needs == 0
                            ? OffloadCounter.PASSED
                            : frame.gsoType == Frame.GSO_NONE
                                    ? OffloadCounter.PASSED_CSUM
                                    : OffloadCounter.passed(frame.gsoType));
        }
        return result;
    }

    private int complete(Frame frame, FramePort port) {
        int field = frame.checksumStart + frame.checksumOffset;
        int checksum = Checksum.finish(Checksum.sum(frame, frame.checksumStart));
        // In UDP, 0 means "no checksum". Linux writes 0xffff instead of 0 for every protocol (skb_checksum_help).
        checksum = checksum == 0 ? 0xffff : checksum;

        // Copies the bytes up to the checksum field and writes the field in the copy; a field far from the start is
        // copied alone.
        int before = field + 2 <= PacketHeaders.COPIED ? 0 : field;
        int replaced = field + 2 - before;
        long copy = headers.address();
        if (before == 0) {
            headers.copy(frame, replaced);
        }
        HostMemory.putShortBE(copy + replaced - 2, checksum);
        completed.clear();
        completed.needs = 0;
        rest.moveTo(frame, 0);
        boolean fits = rest.append(frame, before, completed) && completed.add(copy, replaced);
        rest.moveTo(frame, field + 2);
        if (!fits || !rest.append(frame, frame.bytes - field - 2, completed)) {
            counters.add(BadFrame.TOO_MANY_PIECES);
            return FramePort.REFUSED;
        }
        int result = port.deliver(completed);
        if (result == FramePort.DELIVERED) {
            counters.add(OffloadCounter.CSUM_COMPLETED);
        }
        return result;
    }

    private int cut(Frame frame, FramePort port) {
        // The sender may have changed its headers since check(): they are copied, the copy is checked again, and the
        // copy is sent.
        int gsoType = frame.gsoType;
        BadFrame bad = SuperFrameRules.check(frame, headers, Offloads.ALL_WITH_TUNNELS | TRUSTED);
        if (bad != null) {
            counters.add(bad);
            return FramePort.REFUSED;
        }
        if (frame.gsoType == Frame.GSO_NONE) {
            return complete(frame, port);
        }
        int before = frame.segmentsDone;
        int result;
        if (gsoType == Frame.GSO_UDP) {
            result = fragmenter.cut(frame, port, counters);
            tally(frame, before, headers.fragmentable(), fragmenter.leadBytes());
        } else {
            result = segmenter.cut(frame, port, counters);
            tally(frame, before, headers.length(), headers.length());
        }
        if (result == FramePort.DELIVERED) {
            counters.add(OffloadCounter.cut(gsoType));
        }
        return result;
    }

    /**
     * Adds the segments that were made of a frame to the frame's counts.
     *
     * @param before number of segments that were delivered before
     * @param from offset in the frame of the part that is divided among the segments
     * @param repeated length in bytes of the headers that each segment has
     */
    private static void tally(Frame frame, int before, int from, int repeated) {
        int shared = frame.bytes - from;
        int done = frame.segmentsDone;
        int payload = Math.min(done * frame.gsoSize, shared) - Math.min(before * frame.gsoSize, shared);
        frame.segmentsMade += done - before;
        frame.segmentBytes += (done - before) * repeated + payload;
    }
}
