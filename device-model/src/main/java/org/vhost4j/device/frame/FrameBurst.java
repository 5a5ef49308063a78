// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.vhost4j.device.ring.Buffers;

/**
 * Frames of one sender that go through the device together: each lies in one piece, and none needs more of its receiver than that it
 * completes a checksum. What else there is goes as a {@link Frame}, one by one. Reused for the next burst.
 */
public final class FrameBurst {
    /** The most frames of a burst. */
    public static final int CAPACITY = Buffers.CAPACITY;

    private final Buffers buffers;
    private final int headerBytes;
    private final long[] partial = new long[CAPACITY];
    private final Frame frame = new Frame();
    private int count;
    private int offered;

    /** An empty burst of frames that are put in by their addresses, without headers in front of them. */
    public FrameBurst() {
        this(new Buffers(), 0);
    }

    /**
     * An empty burst of frames in chains that a virtqueue takes: the buffers are its owner's to fill, who says with {@link #plain} and
     * {@link #count(int)} what is in them.
     *
     * @param buffers one frame each, after its header
     * @param headerBytes how long the header in front of each frame is
     */
    public FrameBurst(Buffers buffers, int headerBytes) {
        this.buffers = buffers;
        this.headerBytes = headerBytes;
    }

    /**
     * Says what frame is in a buffer.
     *
     * @param index 0 to {@link #CAPACITY} - 1
     * @param partialChecksum as in {@link NetHeader#readPlain}, checked
     */
    public void plain(int index, long partialChecksum) {
        partial[index] = partialChecksum;
    }

    /**
     * Puts a frame into a burst whose frames have no headers in front of them.
     *
     * @param index 0 to {@link #CAPACITY} - 1
     * @param address the host address of the destination MAC address
     * @param bytes from the destination MAC address on
     * @param partialChecksum as in {@link NetHeader#readPlain}, checked
     */
    public void plain(int index, long address, int bytes, long partialChecksum) {
        buffers.address[index] = address;
        buffers.length[index] = bytes;
        partial[index] = partialChecksum;
    }

    /**
     * Says how many frames there are; none of them has been offered.
     *
     * @param frames 0 to {@link #CAPACITY}
     */
    public void count(int frames) {
        count = frames;
        offered = 0;
    }

    /**
     * The number of frames.
     *
     * @return 0 to {@link #CAPACITY}
     */
    public int count() {
        return count;
    }

    /**
     * Where a frame is.
     *
     * @param index 0 to {@link #count()} - 1
     * @return the host address of its destination MAC address
     */
    public long address(int index) {
        return buffers.address[index] + headerBytes;
    }

    /**
     * The length of a frame.
     *
     * @param index 0 to {@link #count()} - 1
     * @return bytes from the destination MAC address on, {@link Frame#ETHERNET_HEADER} to {@link Frame#MAX_BYTES}
     */
    public int bytes(int index) {
        return buffers.length[index] - headerBytes;
    }

    /**
     * What a frame needs of its receiver.
     *
     * @param index 0 to {@link #count()} - 1
     * @return a mask of {@link Offloads}: none, or CSUM
     */
    public int needs(int index) {
        return partial[index] == 0 ? 0 : Offloads.CSUM;
    }

    /**
     * The partial checksum of a frame.
     *
     * @param index 0 to {@link #count()} - 1
     * @return as in {@link NetHeader#readPlain}; 0 for a frame without
     */
    public long partial(int index) {
        return partial[index];
    }

    /**
     * How many of some frames have a partial checksum.
     *
     * @param from the first one
     * @param to the index after the last one
     * @return their number
     */
    public int partialChecksums(int from, int to) {
        int frames = 0;
        for (int i = from; i < to; i++) {
            frames += partial[i] == 0 ? 0 : 1;
        }
        return frames;
    }

    /**
     * How long some frames are together.
     *
     * @param from the first one
     * @param to the index after the last one
     * @return bytes from the destination MAC addresses on
     */
    public long bytes(int from, int to) {
        long bytes = 0;
        for (int i = from; i < to; i++) {
            bytes += buffers.length[i];
        }
        return bytes - (long) (to - from) * headerBytes;
    }

    /**
     * Which of some frames are within a number of bytes; the frame with which they are reached still is.
     *
     * @param from the first one
     * @param to the index after the last one
     * @param most bytes
     * @return the index after the last one that is; {@code from} when {@code most} is 0 or less
     */
    public int within(int from, int to, long most) {
        long bytes = 0;
        int end = from;
        while (end < to && bytes < most) {
            bytes += bytes(end);
            end++;
        }
        return end;
    }

    /**
     * A frame by itself, for what frames have done to them one by one.
     *
     * @param index 0 to {@link #count()} - 1
     * @return one and the same object for all frames
     */
    public Frame frame(int index) {
        frame.clear();
        boolean added = frame.add(address(index), bytes(index));
        assert added;
        header(index, frame);
        return frame;
    }

    /**
     * Gives another frame the header that one of the burst has.
     *
     * @param index 0 to {@link #count()} - 1
     * @param to its pieces stay as they are
     */
    public void header(int index, Frame to) {
        to.flags = NetHeader.flags(partial[index]);
        to.checksumOffset = NetHeader.checksumOffset(partial[index]);
        to.checksumStart = NetHeader.checksumStart(partial[index]);
        to.needs = needs(index);
    }

    /**
     * Fills a burst whose frames have no headers in front of them with one and the same plain frame.
     *
     * @param address the host address of its destination MAC address
     * @param bytes its length
     */
    public void fill(long address, int bytes) {
        for (int i = 0; i < CAPACITY; i++) {
            plain(i, address, bytes, 0);
        }
        count(CAPACITY);
    }

    /**
     * Says that everything up to a frame has been offered to its receivers or is about to be: should a fault end this turn, it will not
     * be offered again.
     *
     * @param end the index after the last one of them
     */
    public void offer(int end) {
        offered = end;
    }

    /**
     * The number of frames that have been offered to their receivers, the ones that are on their way included.
     *
     * @return 0 to {@link #count()}
     */
    public int offered() {
        return offered;
    }
}
