// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;

/**
 * A queue of frames from one lane to another. It contains copies, so that no lane reads the memory of another lane's
 * guests. One lane writes and one lane reads. The ring needs no lock, and allocates nothing per frame.
 *
 * <p>There are {@value #ENTRIES} entries. Each has a frame's header and the address of its bytes in a circular data
 * area. A small area is allocated for the first frame, and replaced by a large one the first time it is full. When the
 * reader has removed all frames, the writer starts at the beginning of the area again, so that frames stay in the
 * processor's cache while the reader keeps up.
 *
 * <p>An entry, little-endian:
 *
 * <pre>
 *   0  u64  address of the frame's bytes, which are contiguous
 *   8  u32  length of the frame in bytes
 *  12  u32  offloads that the frame needs, a mask of {@link Offloads}
 *  16       the header, {@link NetHeader#TUNNEL_BYTES} bytes
 * </pre>
 */
final class FrameRing {
    /** Capacity in frames, a power of two. */
    static final int ENTRIES = 256;
    /** Initial size of the data area in bytes. */
    static final int SMALL_AREA = 16 << 10;
    /** Size of the data area in bytes after it was full once: room for seven frames of the maximum length. */
    static final int LARGE_AREA = 512 << 10;

    private static final int ENTRY_BYTES = 64;
    private static final int LENGTH = 8;
    private static final int NEEDS = 12;
    private static final int HEADER = 16;
    private static final int ALIGNMENT = 64;

    // Positions count frames since the start. The positions that the writer stores are 128 bytes away from those that
    // the reader stores, to avoid false sharing of cache lines.
    /** Position: frames that the writer has written. */
    private static final int PUT = 16;
    /** Position: frames that are visible to the reader. */
    private static final int PUBLISHED = 17;
    /** Position: the value of {@link #FREED} that the writer read last. */
    private static final int FREED_SEEN = 18;
    /** Offset in the data area of the newest frame's end. */
    private static final int END = 19;
    /** Number of frames that were dropped because there was no room. */
    private static final int LOST = 20;
    /** Position: frames that the reader has removed. */
    private static final int TAKEN = 32;
    /** Position: frames whose space the reader has freed. */
    private static final int FREED = 33;
    /** Position: the value of {@link #PUBLISHED} that the reader read last. */
    private static final int PUBLISHED_SEEN = 34;
    /** The value of {@link #LOST} that the reader read last. */
    private static final int LOST_SEEN = 35;
    /** Position of the frame for which the reader requests a wake-up, or {@link #AWAKE}. */
    private static final int WAKE_AT = 48;

    private static final int SLOTS = 64;
    private static final long AWAKE = -1;

    private static final VarHandle SLOT =
            MethodHandles.arrayElementVarHandle(long[].class).withInvokeExactBehavior();

    private final long[] slots = new long[SLOTS];
    private MemorySegment entries = MemorySegment.NULL;

    // Used by the writer only.
    private MemorySegment area = MemorySegment.NULL;
    /** For each entry, the offset of its frame in the data area. */
    private final int[] begin = new int[ENTRIES];
    /** The previous data area, which is kept until the reader has processed all frames in it. */
    MemorySegment areaBefore = MemorySegment.NULL;
    /** Position of the first frame that is not in the previous data area. */
    private long firstInArea;

    /** Creates an empty ring without memory. */
    FrameRing() {
        slots[WAKE_AT] = AWAKE;
    }

    // The writer's methods.

    /**
     * Copies a frame into the ring; {@link #publish} makes it visible to the reader.
     *
     * @param frame a frame of at most {@link Frame#MAX_BYTES}
     * @return false when there is no room now
     */
    boolean put(Frame frame) {
        int at = claim(frame.bytes);
        if (at < 0) {
            return false;
        }
        long to = area.address() + at;
        int done = 0;
        for (int i = 0; done < frame.bytes; i++) {
            int part = Math.min(frame.length[i], frame.bytes - done);
            HostMemory.copy(frame.address[i], to + done, part);
            done += part;
        }
        long entry = enter(at, frame.bytes, frame.needs);
        NetHeader.write(entry + HEADER, NetHeader.BYTES, frame, 0);
        NetHeader.writeTunnel(entry + HEADER, frame);
        return true;
    }

    /**
     * Copies frames of a burst into the ring; {@link #publish} makes them visible to the reader.
     *
     * <p>This is separate from {@link #put(Frame)} because it needs no scatter list and only half of the header.
     * ChainBenchmark.crossing (split ring) measured 70 ns for a frame of 64 bytes, and 76 ns with {@link #put(Frame)}
     * for each frame.
     *
     * @param frames the burst
     * @param from index of the first frame
     * @param to index after the last frame
     * @return the number of frames for which there is room now, from the first one on
     */
    int put(FrameBurst frames, int from, int to) {
        for (int i = from; i < to; i++) {
            int bytes = frames.bytes(i);
            int at = claim(bytes);
            if (at < 0) {
                return i - from;
            }
            HostMemory.copy(frames.address(i), area.address() + at, bytes);
            NetHeader.writePlain(enter(at, bytes, frames.needs(i)) + HEADER, NetHeader.BYTES, frames.partial(i));
        }
        return to - from;
    }

    /** Returns the offset in the data area of free space for a number of bytes, or -1 when there is none now. */
    private int claim(int bytes) {
        long put = slots[PUT];
        if (put == slots[PUBLISHED]) {
            // A burst begins: FREED is read again, once, which is enough for most bursts.
            lookForRoom();
        }
        int at = place(put, bytes);
        if (at < 0) {
            lookForRoom();
            at = place(put, bytes);
            if (at < 0) {
                at = enlarge(put);
            }
        }
        return at;
    }

    /** Allocates the space that {@link #claim} found; returns the entry, whose header is still to be written. */
    private long enter(int at, int bytes, int needs) {
        long put = slots[PUT];
        int index = (int) put & ENTRIES - 1;
        long entry = entries.address() + (long) index * ENTRY_BYTES;
        HostMemory.putLongLE(entry, area.address() + at);
        HostMemory.putIntLE(entry + LENGTH, bytes);
        HostMemory.putIntLE(entry + NEEDS, needs);
        begin[index] = at;
        slots[END] = (long) at + bytes + ALIGNMENT - 1 & -ALIGNMENT;
        slots[PUT] = put + 1;
        return entry;
    }

    /** Counts a frame that was dropped because the ring is full. */
    void lost() {
        SLOT.setOpaque(slots, LOST, slots[LOST] + 1);
    }

    /** Returns whether the reader has processed all frames. */
    boolean isDone() {
        return (long) SLOT.getAcquire(slots, FREED) == slots[PUT];
    }

    private void lookForRoom() {
        slots[FREED_SEEN] = (long) SLOT.getAcquire(slots, FREED);
    }

    /**
     * Returns the offset of free space in the data area, or -1. The used part reaches from the start of the oldest
     * frame to the end of the newest.
     */
    private int place(long put, int bytes) {
        long freed = slots[FREED_SEEN];
        if (put - freed == ENTRIES) {
            return -1;
        }
        freed = Math.max(freed, firstInArea);
        if (put == freed) {
            // No frame is in the data area: it may be replaced.
            if (bytes > area.byteSize()) {
                allocate(bytes);
            }
            return 0;
        }
        int oldest = begin[(int) freed & ENTRIES - 1];
        int end = (int) slots[END];
        if (end > oldest) {
            return end + bytes <= area.byteSize() ? end : bytes <= oldest ? 0 : -1;
        }
        return end + bytes <= oldest ? end : -1;
    }

    private void allocate(int bytes) {
        if (entries.byteSize() == 0) {
            entries = Arena.ofAuto().allocate((long) ENTRIES * ENTRY_BYTES, ALIGNMENT);
        }
        area = Arena.ofAuto().allocate(bytes > SMALL_AREA ? LARGE_AREA : SMALL_AREA, ALIGNMENT);
    }

    /**
     * Replaces a full small data area by a large one, without waiting for the reader: frames of senders that do not
     * wait would be dropped.
     */
    private int enlarge(long put) {
        if (put - slots[FREED_SEEN] == ENTRIES || area.byteSize() == LARGE_AREA) {
            return -1;
        }
        areaBefore = area;
        firstInArea = put;
        area = Arena.ofAuto().allocate(LARGE_AREA, ALIGNMENT);
        return 0;
    }

    /**
     * Makes the frames of {@link #put} visible to the lane that reads the ring.
     *
     * @return true when the caller must wake that lane
     */
    boolean publish() {
        long before = slots[PUBLISHED];
        long now = slots[PUT];
        // The writer stores PUBLISHED and then reads WAKE_AT; the reader stores WAKE_AT and then reads PUBLISHED. So at
        // least one of them sees the other's store.
        SLOT.setVolatile(slots, PUBLISHED, now);
        long wakeAt = (long) SLOT.getVolatile(slots, WAKE_AT);
        return before <= wakeAt && wakeAt < now;
    }

    // The reader's methods.

    /** Returns whether there is no frame to read. */
    boolean isEmpty() {
        long taken = slots[TAKEN];
        if (taken != slots[PUBLISHED_SEEN]) {
            return false;
        }
        long published = (long) SLOT.getAcquire(slots, PUBLISHED);
        slots[PUBLISHED_SEEN] = published;
        return taken == published;
    }

    /**
     * Reads the oldest frame without removing it. Its bytes stay valid until {@link #remove} and {@link #release}.
     *
     * @param frame set to the frame, in one piece
     */
    void peek(Frame frame) {
        peek(frame, 0);
    }

    /** Returns the number of frames in the ring, all of which can be read. */
    int count() {
        long published = (long) SLOT.getAcquire(slots, PUBLISHED);
        slots[PUBLISHED_SEEN] = published;
        return (int) (published - slots[TAKEN]);
    }

    /** Reads a frame after the oldest one without removing it. */
    void peek(Frame frame, int behind) {
        long entry = entries.address() + (slots[TAKEN] + behind & ENTRIES - 1) * ENTRY_BYTES;
        frame.clear();
        NetHeader.read(entry + HEADER, frame);
        NetHeader.readTunnel(entry + HEADER, frame);
        frame.needs = HostMemory.getIntLE(entry + NEEDS);
        boolean fits = frame.add(HostMemory.getLongLE(entry), HostMemory.getIntLE(entry + LENGTH));
        assert fits;
    }

    /**
     * Reads the oldest frames without removing them, up to the first one that is not plain or does not fit into one
     * burst. Their bytes stay valid until {@link #remove} and {@link #release}.
     *
     * @param frames set to the frames, without a virtio-net header before each
     * @param most the maximum number of frames
     */
    void peek(FrameBurst frames, int most) {
        long taken = slots[TAKEN];
        int there = (int) Math.min(slots[PUBLISHED_SEEN] - taken, Math.min(most, FrameBurst.CAPACITY));
        int count = 0;
        while (count < there) {
            long entry = entries.address() + (taken + count & ENTRIES - 1) * ENTRY_BYTES;
            long partial = NetHeader.readPlain(entry + HEADER);
            if (partial == NetHeader.NOT_PLAIN) {
                break;
            }
            frames.plain(count, HostMemory.getLongLE(entry), HostMemory.getIntLE(entry + LENGTH), partial);
            count++;
        }
        frames.count(count);
    }

    /** Returns the number of frames that were dropped since the last call because the ring was full. */
    int takeLost() {
        long lost = (long) SLOT.getOpaque(slots, LOST);
        int more = (int) (lost - slots[LOST_SEEN]);
        slots[LOST_SEEN] = lost;
        return more;
    }

    /** Removes the given number of oldest frames. */
    void remove(int frames) {
        slots[TAKEN] += frames;
    }

    /** Frees the space of all frames that were removed. */
    void release() {
        SLOT.setRelease(slots, FREED, slots[TAKEN]);
    }

    /**
     * Requests that {@link #publish} return true for the next frame, once, so that this lane is woken. {@link #disarm}
     * cancels the request.
     *
     * @return true when there is a frame already
     */
    boolean arm() {
        long taken = slots[TAKEN];
        SLOT.setVolatile(slots, WAKE_AT, taken);
        return (long) SLOT.getVolatile(slots, PUBLISHED) != taken;
    }

    /** Cancels the request of {@link #arm}: the lane that reads the ring is awake. */
    void disarm() {
        SLOT.setOpaque(slots, WAKE_AT, AWAKE);
    }
}
