// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.IoVector;
import org.vhost4j.sys.SystemError;

/** The way in over a stream: several frames with one readv(2), into a buffer of our own, from which the sink takes them. */
final class StreamReader {
    /** {@link #read}: nothing is there. */
    static final int EMPTY = 0;
    /** {@link #read}: a frame was passed on or dropped. */
    static final int MOVED = 1;
    /** {@link #read}: a frame is here and its receiver has no room. */
    static final int BLOCKED = 2;
    /** {@link #read}: the connection is lost; {@link #reason} says why. */
    static final int ENDED = 3;

    private static final int CAPACITY = 1 << 18;

    private final StreamPeer peer;
    private final FramePort port;
    private final FrameSink sink;
    private final MemorySegment memory = Arena.ofAuto().allocate(CAPACITY, 64);
    private final long buffer = memory.address();
    private final IoVector vector = new IoVector();
    private final Frame staged = new Frame();

    private int fd = -1;
    private int head;
    private int tail;
    private boolean waiting;
    private boolean forwarded;
    private String reason = "";

    private long frames;
    private long bytes;
    private long superFrames;
    private long runts;

    StreamReader(StreamPeer peer, FramePort port, FrameSink sink) {
        this.peer = peer;
        this.port = port;
        this.sink = sink;
    }

    /** Begins a stream. A frame of the one before that waits for room keeps waiting. */
    void open(int number) {
        fd = number;
        // The bytes of a frame that waits stay where they are until it has gone.
        if (!waiting) {
            head = 0;
        }
        tail = head;
    }

    /** Passes one frame on. */
    int read() {
        if (waiting) {
            return forward();
        }
        while (true) {
            int there = tail - head;
            if (there >= StreamWriter.LENGTH_BYTES) {
                int length = HostMemory.getIntBE(buffer + head);
                if (length < 0 || length > Frame.MAX_BYTES) {
                    reason = "the peer announced a frame of " + Integer.toUnsignedString(length) + " bytes, "
                            + Frame.MAX_BYTES + " is the most";
                    return ENDED;
                }
                if (there >= StreamWriter.LENGTH_BYTES + length) {
                    head += StreamWriter.LENGTH_BYTES;
                    return take(length);
                }
            }
            int result = fill();
            if (result != MOVED) {
                return result;
            }
        }
    }

    private int take(int length) {
        long at = buffer + head;
        head += length;
        if (length < Frame.ETHERNET_HEADER) {
            runts++;
            return MOVED;
        }
        staged.clear();
        boolean added = staged.add(at, length);
        assert added;
        peer.received(staged);
        frames++;
        bytes += length;
        if (staged.gsoType != Frame.GSO_NONE) {
            superFrames++;
        }
        waiting = true;
        return forward();
    }

    private int forward() {
        forwarded = true;
        if (sink.forward(port, staged) == FramePort.NO_ROOM) {
            return BLOCKED;
        }
        waiting = false;
        return MOVED;
    }

    private int fill() {
        if (head == tail) {
            head = 0;
            tail = 0;
        } else if (CAPACITY - head < StreamWriter.LENGTH_BYTES + Frame.MAX_BYTES) {
            HostMemory.copy(buffer + head, buffer, tail - head);
            tail -= head;
            head = 0;
        }
        vector.set(0, buffer + tail, CAPACITY - tail);
        int count = vector.read(fd, 1);
        if (count > 0) {
            tail += count;
            return MOVED;
        }
        if (count == -Errno.EAGAIN || count == -Errno.EINTR) {
            return EMPTY;
        }
        reason = lost(-count);
        return ENDED;
    }

    /**
     * Why a connection is lost.
     *
     * @param errno what a call answered, 0 for the end of the stream
     */
    static String lost(int errno) {
        // A peer that closes a Unix socket before it has read everything resets it.
        return errno == 0 || errno == Errno.ECONNRESET || errno == Errno.EPIPE
                ? "the peer closed the connection"
                : String.valueOf(new SystemError("the connection was lost", errno).getMessage());
    }

    /** Whether anything was given to the sink since the last call. */
    boolean forwarded() {
        boolean was = forwarded;
        forwarded = false;
        return was;
    }

    /** Why the connection is lost. */
    String reason() {
        return reason;
    }

    long frames() {
        return frames;
    }

    long bytes() {
        return bytes;
    }

    long superFrames() {
        return superFrames;
    }

    long runts() {
        return runts;
    }
}
