// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.capture;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * A lock-free ring of copied frames: a lane adds them, and the thread that writes the capture file removes them. All
 * memory is allocated with the ring. A frame for which there is no room is not recorded.
 *
 * <p>A record is contiguous, begins at a multiple of 8 and is little-endian:
 *
 * <pre>
 *   0  u32  length of the record, a multiple of 8; 0: continue at the start of the area
 *   4  u32  number of the port
 *   8  u64  time, in nanoseconds since 1970-01-01 UTC
 *  16 u32 recorded length in bytes
 *  20 u32 original length of the frame in bytes
 *  24  u32  direction, {@link #INBOUND} or {@link #OUTBOUND}
 *  28  u32  flags of the virtio-net header
 *  32  u32  gso_type
 *  36  u32  gso_size
 *  40  u32  hdr_len
 *  44  u32  csum_start
 *  48  u32  csum_offset
 *  56       the bytes
 * </pre>
 */
public final class CaptureRing {
    /** Direction of a frame to the peer of the port: a guest receives it. */
    public static final int INBOUND = 1;
    /** Direction of a frame from the peer of the port: a guest sends it. */
    public static final int OUTBOUND = 2;

    static final int HEADER = 56;
    private static final int ALIGNMENT = 8;

    /** The minimum memory of a ring in bytes: room for two frames of the maximum length. */
    public static final int MIN_BYTES = 1 << 18;
    /** The maximum memory of a ring in bytes. */
    public static final int MAX_BYTES = 1 << 30;

    // Positions count bytes since the start. They are stored 128 bytes apart, to avoid false sharing of cache lines.
    private static final int PUT = 16;
    private static final int TAKEN = 32;
    private static final int SLOTS = 48;
    private static final VarHandle SLOT =
            MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();

    private final MemorySegment area;
    private final long base;
    private final int bytes;
    private final ByteBuffer view;

    private final long[] slots = new long[SLOTS];

    // Used by the lane only.
    private long takenSeen;
    /** Position of the record that is being copied. */
    private long claimed;

    // Used by the writing thread only.
    private long putSeen;

    /**
     * Creates an empty ring.
     *
     * @param atLeast minimum size of its memory in bytes, {@link #MIN_BYTES} to {@link #MAX_BYTES}; the next power of
     *     two is allocated
     * @throws IllegalArgumentException when the size is out of its range
     */
    public CaptureRing(int atLeast) {
        if (atLeast < MIN_BYTES || atLeast > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "a capture's buffer has " + MIN_BYTES + " to " + MAX_BYTES + " bytes, not " + atLeast);
        }
        bytes = Integer.highestOneBit(atLeast - 1) << 1;
        area = Arena.ofAuto().allocate(bytes, 64);
        base = area.address();
        view = area.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Returns the size of the ring's memory.
     *
     * @return the size in bytes, a power of two
     */
    public int bytes() {
        return bytes;
    }

    // The lane's methods.

    /**
     * Copies a frame into the ring and makes it visible to the other thread.
     *
     * @param port the port's number
     * @param time nanoseconds since 1970-01-01 UTC
     * @param direction {@link #INBOUND} or {@link #OUTBOUND}
     * @param frame the frame; its pieces together may be longer than {@code frame.bytes}
     * @param most maximum number of bytes to copy
     * @return false when there is no room; nothing is copied then
     */
    boolean put(int port, long time, int direction, Frame frame, int most) {
        int length = Math.min(most, frame.bytes);
        long at = claim(port, time, direction, length, frame.bytes);
        if (at == 0) {
            return false;
        }
        HostMemory.putIntLE(at + 28, frame.flags);
        HostMemory.putIntLE(at + 32, frame.gsoType);
        HostMemory.putIntLE(at + 36, frame.gsoSize);
        HostMemory.putIntLE(at + 40, frame.headerLength);
        HostMemory.putIntLE(at + 44, frame.checksumStart);
        HostMemory.putIntLE(at + 48, frame.checksumOffset);
        long to = at + HEADER;
        int done = 0;
        for (int i = 0; done < length; i++) {
            int part = Math.min(frame.length[i], length - done);
            HostMemory.copy(frame.address[i], to + done, part);
            done += part;
        }
        publish(length);
        return true;
    }

    private long claim(int port, long time, int direction, int length, int original) {
        long position = slots[PUT];
        int record = record(length);
        int offset = (int) position & bytes - 1;
        int toEnd = bytes - offset;
        int skipped = record <= toEnd ? 0 : toEnd;
        if (position + skipped + record - takenSeen > bytes) {
            takenSeen = (long) SLOT.getAcquire(slots, TAKEN);
            if (position + skipped + record - takenSeen > bytes) {
                return 0;
            }
        }
        if (skipped != 0) {
            HostMemory.putIntLE(base + offset, 0);
            offset = 0;
        }
        // These stores become visible together with the record's position: the other thread reads only records before
        // the position that it sees.
        claimed = position + skipped;
        long at = base + offset;
        HostMemory.putIntLE(at, record);
        HostMemory.putIntLE(at + 4, port);
        HostMemory.putLongLE(at + 8, time);
        HostMemory.putIntLE(at + 16, length);
        HostMemory.putIntLE(at + 20, original);
        HostMemory.putIntLE(at + 24, direction);
        return at;
    }

    private void publish(int length) {
        SLOT.setRelease(slots, PUT, claimed + record(length));
    }

    private static int record(int length) {
        return HEADER + length + ALIGNMENT - 1 & -ALIGNMENT;
    }

    // The methods of the thread that writes to the file.

    /**
     * Returns the oldest record of the ring.
     *
     * @return offset of the record in {@link #view}, or -1 when there is none
     */
    public int peek() {
        long position = slots[TAKEN];
        if (position >= putSeen) {
            putSeen = (long) SLOT.getAcquire(slots, PUT);
            if (position >= putSeen) {
                return -1;
            }
        }
        int offset = (int) position & bytes - 1;
        if (view.getInt(offset) == 0) {
            SLOT.setRelease(slots, TAKEN, position + bytes - offset);
            return peek();
        }
        return offset;
    }

    /** Frees the record that {@link #peek} returned. */
    public void remove() {
        long position = slots[TAKEN];
        SLOT.setRelease(slots, TAKEN, position + view.getInt((int) position & bytes - 1));
    }

    /**
     * Returns the ring's memory.
     *
     * @return a little-endian buffer; for absolute reads only
     */
    public ByteBuffer view() {
        return view;
    }

    /**
     * Returns the port of a copied frame.
     *
     * @param record a record that {@link #peek} returned
     * @return the port's number in the capture
     */
    public int port(int record) {
        return view.getInt(record + 4);
    }

    /**
     * Returns the time at which a frame was copied.
     *
     * @param record a record that {@link #peek} returned
     * @return nanoseconds since 1970-01-01 UTC
     */
    public long time(int record) {
        return view.getLong(record + 8);
    }

    /**
     * Returns the recorded length of a frame.
     *
     * @param record a record that {@link #peek} returned
     * @return number of bytes, which begin at {@link #data}
     */
    public int length(int record) {
        return view.getInt(record + 16);
    }

    /**
     * Returns the original length of a frame.
     *
     * @param record a record that {@link #peek} returned
     * @return number of bytes from the destination MAC address on
     */
    public int originalLength(int record) {
        return view.getInt(record + 20);
    }

    /**
     * Returns the direction of a frame.
     *
     * @param record a record that {@link #peek} returned
     * @return {@link #INBOUND} or {@link #OUTBOUND}
     */
    public int direction(int record) {
        return view.getInt(record + 24);
    }

    /**
     * Returns a field of a frame's virtio-net header.
     *
     * @param record a record that {@link #peek} returned
     * @param field the field
     * @return the field's value
     */
    public int header(int record, HeaderField field) {
        return view.getInt(record + field.offset);
    }

    /**
     * Returns the position of a frame's bytes.
     *
     * @param record a record that {@link #peek} returned
     * @return offset in {@link #view}
     */
    public int data(int record) {
        return record + HEADER;
    }

    /** The fields of the virtio-net header (virtio 1.4 section 5.1.6). */
    public enum HeaderField {
        /** Flags, see {@link Frame#flags}. */
        FLAGS(28),
        /** See {@link Frame#gsoType}. */
        GSO_TYPE(32),
        /** Payload bytes of each segment. */
        GSO_SIZE(36),
        /** Length of all headers in bytes, as set by the sender. */
        HDR_LEN(40),
        /** Offset in the frame at which the checksum calculation starts. */
        CSUM_START(44),
        /** Offset after csum_start at which the checksum is stored. */
        CSUM_OFFSET(48);

        private final int offset;

        HeaderField(int offset) {
            this.offset = offset;
        }
    }
}
