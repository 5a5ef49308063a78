// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.HotCalls;
import org.vhost4j.sys.IoVector;

/**
 * Writes frames to a stream: the length of each frame, 4 bytes big-endian, and the frame. Long frames are written
 * without copying their pieces; short ones are collected until {@link #flush}. Bytes that the socket does not accept
 * are kept, and written when there is room again: no call blocks.
 */
final class StreamWriter {
    /** Size in bytes of the length before each frame. */
    static final int LENGTH_BYTES = 4;

    /** Maximum number of bytes that wait for room. */
    static final int CAPACITY = 1 << 20;

    /** Length in bytes up to which copying a frame costs less than a system call. */
    private static final int SHORT = 2048;

    /** Room in bytes for the headers that are repeated when a frame is sent in two parts. */
    private static final int SLACK = 1024;

    private static final int NONE = -1;

    private final MemorySegment memory = Arena.ofAuto().allocate(CAPACITY, 64);
    private final long buffer = memory.address();
    private final MemorySegment prefix = Arena.ofAuto().allocate(LENGTH_BYTES, LENGTH_BYTES);
    private final IoVector vector = new IoVector();

    private int fd = -1;
    private int head;
    private int tail;
    /** Whether the socket is full; {@link #writable} resets it. */
    private boolean blocked;

    private boolean halted;

    private int broken;
    /** Offset of the frame that is being copied, or {@link #NONE}. */
    private int keeping = NONE;

    /** Offset of the first waiting frame that is complete: {@code head}, or after the rest of a partly written one. */
    private int boundary;

    private long partialWrites;

    /** Starts to write to a new stream. */
    void open(int number) {
        fd = number;
        blocked = halted;
        broken = 0;
    }

    /**
     * Ends the stream.
     *
     * @return the number of frames that were not written completely
     */
    int close() {
        fd = -1;
        int lost = boundary == head ? 0 : 1;
        for (int at = boundary; at < tail; at = next(at)) {
            lost++;
        }
        head = 0;
        tail = 0;
        boundary = 0;
        keeping = NONE;
        return lost;
    }

    /** Stops writing until {@link #proceed}; frames are kept meanwhile. */
    void halt() {
        halted = true;
        blocked = true;
    }

    /** Continues after {@link #halt}. */
    void proceed() {
        halted = false;
        if (fd >= 0) {
            writable();
        }
    }

    /** Returns the bytes that wait for room. */
    byte[] unwritten() {
        scrub();
        return memory.asSlice(head, tail - head).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Returns the offset in {@link #unwritten} of the length field of the first complete frame. */
    int whole() {
        return boundary - head;
    }

    /**
     * Restores the bytes that the previous back-end process has not written. Called after {@link #open}, before anything is written.
     *
     * @throws IllegalArgumentException when the bytes are not the rest of a frame followed by complete frames
     */
    void restore(StreamState state) {
        byte[] kept = state.unwritten();
        if (kept.length > CAPACITY || state.whole() < 0 || state.whole() > kept.length) {
            throw new IllegalArgumentException(kept.length + " bytes that wait");
        }
        MemorySegment.copy(kept, 0, memory, ValueLayout.JAVA_BYTE, 0, kept.length);
        int at = state.whole();
        while (at < kept.length) {
            int length = kept.length - at < LENGTH_BYTES ? -1 : HostMemory.getIntBE(buffer + at);
            if (length < 0 || length > Frame.MAX_BYTES || length > kept.length - at - LENGTH_BYTES) {
                throw new IllegalArgumentException("a frame that waits in part");
            }
            at += LENGTH_BYTES + length;
        }
        boundary = state.whole();
        tail = kept.length;
    }

    /** Returns whether there is room for a frame, even in two parts. */
    boolean hasRoom(int frameBytes) {
        return CAPACITY - (tail - head) >= frameBytes + SLACK;
    }

    /** Returns whether bytes wait for room. */
    boolean waits() {
        return tail != head;
    }

    /** Returns the errno with which the connection was lost; 0 while it works. */
    int broken() {
        return broken;
    }

    /**
     * Accepts a frame for which {@link #hasRoom} returned true.
     *
     * @return false when the frame's memory is lost, and no byte of it was written
     */
    boolean write(Frame frame) {
        scrub();
        if (blocked || broken != 0 || frame.bytes <= SHORT || frame.pieces > IoVector.MAX_PIECES - 2) {
            append(frame, 0);
        } else if (!send(frame)) {
            return false;
        }
        return true;
    }

    private boolean send(Frame frame) {
        int before = tail - head;
        HostMemory.putIntBE(prefix.address(), frame.bytes);
        int count = 0;
        if (before != 0) {
            vector.set(count++, buffer + head, before);
        }
        vector.set(count++, prefix.address(), LENGTH_BYTES);
        for (int i = 0; i < frame.pieces; i++) {
            vector.set(count++, frame.address[i], frame.length[i]);
        }
        int written = vector.write(fd, count);
        if (written == -Errno.EFAULT) {
            return false;
        }
        if (written < 0) {
            failed(-written);
            append(frame, 0);
        } else if (written <= before) {
            wrote(written);
            blocked = true;
            append(frame, 0);
        } else {
            wrote(before);
            int done = written - before;
            if (done < LENGTH_BYTES + frame.bytes) {
                partialWrites++;
                blocked = true;
                append(frame, done);
            }
        }
        return true;
    }

    /** Keeps a frame with its length, except for the bytes that were written. */
    private void append(Frame frame, int written) {
        int left = LENGTH_BYTES + frame.bytes - written;
        if (CAPACITY - tail < left) {
            HostMemory.copy(buffer + head, buffer, tail - head);
            tail -= head;
            boundary -= head;
            head = 0;
        }
        int at = tail;
        // Set before the bytes are copied: if their memory is lost, the length is sent anyway, and as many bytes must
        // follow.
        tail += left;
        if (at == head && written != 0) {
            boundary = tail;
        }
        int skip = written;
        if (skip < LENGTH_BYTES) {
            HostMemory.putIntBE(prefix.address(), frame.bytes);
            HostMemory.copy(prefix.address() + skip, buffer + at, LENGTH_BYTES - skip);
            at += LENGTH_BYTES - skip;
            skip = 0;
        } else {
            skip -= LENGTH_BYTES;
        }
        keeping = at;
        for (int i = 0; i < frame.pieces; i++) {
            int length = frame.length[i];
            if (skip >= length) {
                skip -= length;
            } else {
                HostMemory.copy(frame.address[i] + skip, buffer + at, length - skip);
                at += length - skip;
                skip = 0;
            }
        }
        HotCalls.checkpoint();
        keeping = NONE;
    }

    /** Overwrites with zeros a frame whose memory was lost while it was copied, so that stale bytes are not sent. */
    private void scrub() {
        if (keeping != NONE) {
            memory.asSlice(keeping, tail - keeping).fill((byte) 0);
            keeping = NONE;
        }
    }

    /** Continues to write after the socket has reported room. */
    void writable() {
        if (!halted) {
            blocked = false;
            flush();
        }
    }

    /** Writes the collected frames, as far as there is room. */
    void flush() {
        scrub();
        if (blocked || broken != 0 || head == tail) {
            return;
        }
        int waiting = tail - head;
        vector.set(0, buffer + head, waiting);
        int written = vector.write(fd, 1);
        if (written < 0) {
            failed(-written);
        } else {
            wrote(written);
            if (written < waiting) {
                partialWrites++;
                blocked = true;
            }
        }
    }

    private void wrote(int count) {
        head += count;
        if (head == tail) {
            head = 0;
            tail = 0;
            boundary = 0;
        }
        while (boundary < head) {
            boundary = next(boundary);
        }
    }

    /** Returns the offset of the frame after the one at an offset. */
    private int next(int at) {
        return at + LENGTH_BYTES + HostMemory.getIntBE(buffer + at);
    }

    private void failed(int errno) {
        if (errno == Errno.EAGAIN) {
            blocked = true;
        } else if (errno != Errno.EINTR) {
            broken = errno;
        }
    }

    long partialWrites() {
        return partialWrites;
    }
}
