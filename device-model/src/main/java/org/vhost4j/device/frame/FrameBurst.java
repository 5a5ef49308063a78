// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import java.util.Arrays;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.net.TxQueue;
import org.vhost4j.device.ring.Buffers;

/**
 * Frames of one sender that go through the device together: each lies in one piece, and none needs more of its receiver than that it
 * completes a checksum. What else there is goes as a {@link Frame}, one by one. Reused for the next burst.
 */
public final class FrameBurst {
    /** The most frames of a burst. */
    public static final int CAPACITY = Buffers.CAPACITY;

    private static final int OFFSET_SHIFT = 16;
    private static final int START_SHIFT = 48;
    /** Flags and csum_start, where they are in the first eight bytes of a virtio-net header. */
    private static final long FLAGS_AND_START = 0xffff_0000_0000_00ffL;

    /** The buffers with the frames, each behind a header. */
    public final Buffers buffers = new Buffers();

    /**
     * The partial checksum of each frame, 0 for a frame without: flags in the lowest byte, csum_offset in bits 16 to 31 and csum_start in
     * the highest 16, all as checked.
     */
    public final long[] checksum = new long[CAPACITY];

    /** How many frames there are. */
    public int count;

    /**
     * How many frames have been offered to their receivers, the ones that are on their way included: should a fault end this turn, they
     * will not be offered again.
     */
    public int offered;

    private final int headerBytes;
    private final Frame frame = new Frame();

    /** What {@link TxQueue} has read of the frames to have their cache lines come: kept, so that the compiler keeps the reading. */
    public long prefetched;

    /**
     * An empty burst.
     *
     * @param headerBytes how long the header in front of each frame is
     */
    public FrameBurst(int headerBytes) {
        this.headerBytes = headerBytes;
    }

    /**
     * How many frames there are.
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
     * How long a frame is.
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
        return checksum[index] == 0 ? 0 : Offloads.CSUM;
    }

    /**
     * How many of some frames have a partial checksum.
     *
     * @param from the first one
     * @param to behind the last one
     * @return their number
     */
    public int partialChecksums(int from, int to) {
        int partial = 0;
        for (int i = from; i < to; i++) {
            partial += checksum[i] == 0 ? 0 : 1;
        }
        return partial;
    }

    /** How long some frames are together. */
    public long bytes(int from, int to) {
        long bytes = 0;
        for (int i = from; i < to; i++) {
            bytes += buffers.length[i];
        }
        return bytes - (long) (to - from) * headerBytes;
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
        long partial = checksum[index];
        frame.flags = (int) partial & 0xff;
        frame.checksumOffset = (int) (partial >>> OFFSET_SHIFT) & 0xffff;
        frame.checksumStart = (int) (partial >>> START_SHIFT);
        frame.needs = needs(index);
        return frame;
    }

    /** Fills the burst with one and the same plain frame. */
    public void fill(long address, int bytes) {
        Arrays.fill(buffers.address, address - headerBytes);
        Arrays.fill(buffers.length, bytes + headerBytes);
        count = CAPACITY;
    }

    /** Says that everything up to a frame has been offered to its receivers or is about to be. */
    public void offer(int end) {
        offered = end;
    }

    /** A partial checksum as it is kept. */
    public static long checksum(int start, int offset) {
        return Frame.NEEDS_CSUM | (long) offset << OFFSET_SHIFT | (long) start << START_SHIFT;
    }

    /**
     * Writes the header that a frame's receiver finds in front of it.
     *
     * @param address where there is room
     * @param bytes {@link NetHeader#BYTES} or {@link NetHeader#LEGACY_BYTES}
     * @param partial the frame's checksum
     */
    public static void writeHeader(long address, int bytes, long partial) {
        int offset = (int) (partial >>> OFFSET_SHIFT) & 0xffff;
        HostMemory.putLongLE(address, partial & FLAGS_AND_START);
        if (bytes == NetHeader.BYTES) {
            HostMemory.putIntLE(address + 8, offset | 1 << 16);
        } else {
            HostMemory.putShortLE(address + 8, offset);
        }
    }
}
