// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import org.vhost4j.device.ring.Buffers;

/**
 * A burst of plain frames from one sender, which are processed together. Each frame is contiguous, and may have a
 * partial checksum but needs no other offload. All other frames are processed one by one, each as a {@link Frame}.
 * Reused for the next burst.
 */
public final class FrameBurst {
    /** The maximum number of frames in a burst. */
    public static final int CAPACITY = Buffers.CAPACITY;

    private final Buffers buffers;
    private final int headerBytes;
    private final long[] partial = new long[CAPACITY];
    private final Frame frame = new Frame();
    private int count;
    private int offered;

    /** Creates an empty burst for frames without virtio-net headers before them, which are added by their addresses. */
    public FrameBurst() {
        this(new Buffers(), 0);
    }

    /**
     * Creates an empty burst for frames in the buffers of a transmit queue. The caller pops chains into {@code
     * buffers}, then calls {@link #plain(int, long)} for each frame, then {@link #count(int)}.
     *
     * @param buffers the buffers, each with a virtio-net header and one frame
     * @param headerBytes length in bytes of the header before each frame
     */
    public FrameBurst(Buffers buffers, int headerBytes) {
        this.buffers = buffers;
        this.headerBytes = headerBytes;
    }

    /**
     * Sets the partial checksum of the frame in a buffer.
     *
     * @param index index of the buffer, 0 to {@link #CAPACITY} - 1
     * @param partialChecksum the frame's partial checksum, as in {@link NetHeader#readPlain}, already checked
     */
    public void plain(int index, long partialChecksum) {
        partial[index] = partialChecksum;
    }

    /**
     * Adds a frame to a burst of frames without virtio-net headers.
     *
     * @param index index of the frame, 0 to {@link #CAPACITY} - 1
     * @param address host address of the destination MAC address
     * @param bytes number of bytes from the destination MAC address on
     * @param partialChecksum the frame's partial checksum, as in {@link NetHeader#readPlain}, already checked
     */
    public void plain(int index, long address, int bytes, long partialChecksum) {
        buffers.address[index] = address;
        buffers.length[index] = bytes;
        partial[index] = partialChecksum;
    }

    /**
     * Sets the number of frames, and marks all of them as not {@linkplain #offered offered}.
     *
     * @param frames number of frames, 0 to {@link #CAPACITY}
     */
    public void count(int frames) {
        count = frames;
        offered = 0;
    }

    /**
     * Returns the number of frames.
     *
     * @return 0 to {@link #CAPACITY}
     */
    public int count() {
        return count;
    }

    /**
     * Returns the address of a frame.
     *
     * @param index index of the frame, 0 to {@link #count()} - 1
     * @return host address of its destination MAC address
     */
    public long address(int index) {
        return buffers.address[index] + headerBytes;
    }

    /**
     * Returns the length of a frame.
     *
     * @param index index of the frame, 0 to {@link #count()} - 1
     * @return number of bytes from the destination MAC address on, {@link Frame#ETHERNET_HEADER} to {@link
     *     Frame#MAX_BYTES}
     */
    public int bytes(int index) {
        return buffers.length[index] - headerBytes;
    }

    /**
     * Returns the offloads that the receiver must accept to get a frame unchanged.
     *
     * @param index index of the frame, 0 to {@link #count()} - 1
     * @return a mask of {@link Offloads}: 0 or CSUM
     */
    public int needs(int index) {
        return partial[index] == 0 ? 0 : Offloads.CSUM;
    }

    /**
     * Returns the partial checksum of a frame.
     *
     * @param index index of the frame, 0 to {@link #count()} - 1
     * @return the value, as in {@link NetHeader#readPlain}; 0 for a frame without a partial checksum
     */
    public long partial(int index) {
        return partial[index];
    }

    /**
     * Returns the number of frames with a partial checksum in a range.
     *
     * @param from index of the first frame
     * @param to index after the last frame
     * @return the number of frames
     */
    public int partialChecksums(int from, int to) {
        int frames = 0;
        for (int i = from; i < to; i++) {
            frames += partial[i] == 0 ? 0 : 1;
        }
        return frames;
    }

    /**
     * Returns the total length of a range of frames.
     *
     * @param from index of the first frame
     * @param to index after the last frame
     * @return number of bytes from the destination MAC addresses on
     */
    public long bytes(int from, int to) {
        long bytes = 0;
        for (int i = from; i < to; i++) {
            bytes += buffers.length[i];
        }
        return bytes - (long) (to - from) * headerBytes;
    }

    /**
     * Returns how many frames of a range fit into a number of bytes. The frame that reaches or exceeds the number is
     * included.
     *
     * @param from index of the first frame
     * @param to index after the last frame
     * @param most number of bytes
     * @return index after the last included frame; {@code from} when {@code most} is 0 or less
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
     * Returns a single frame, for operations on frames one by one.
     *
     * @param index index of the frame, 0 to {@link #count()} - 1
     * @return the frame, the same object for all frames of the burst
     */
    public Frame frame(int index) {
        frame.clear();
        boolean added = frame.add(address(index), bytes(index));
        assert added;
        header(index, frame);
        return frame;
    }

    /**
     * Copies the header of a frame of the burst to another frame.
     *
     * @param index index of the frame, 0 to {@link #count()} - 1
     * @param to the other frame; its pieces do not change
     */
    public void header(int index, Frame to) {
        to.flags = NetHeader.flags(partial[index]);
        to.checksumOffset = NetHeader.checksumOffset(partial[index]);
        to.checksumStart = NetHeader.checksumStart(partial[index]);
        to.needs = needs(index);
    }

    /**
     * Fills a burst of frames without virtio-net headers with copies of one plain frame.
     *
     * @param address host address of the frame's destination MAC address
     * @param bytes length of the frame in bytes
     */
    public void fill(long address, int bytes) {
        for (int i = 0; i < CAPACITY; i++) {
            plain(i, address, bytes, 0);
        }
        count(CAPACITY);
    }

    /**
     * Marks all frames before an index as offered to their receivers. Called just before they are, so that they are not
     * offered again if a fault ends this turn.
     *
     * @param end index after the last of these frames
     */
    public void offer(int end) {
        offered = end;
    }

    /**
     * Returns the number of frames that have been offered to their receivers, including those being delivered.
     *
     * @return 0 to {@link #count()}
     */
    public int offered() {
        return offered;
    }
}
