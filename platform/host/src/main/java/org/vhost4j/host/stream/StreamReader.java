// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.IoVector;
import org.vhost4j.sys.SystemError;

/** Reads frames from a stream, several with one readv(2), into a buffer from which they are forwarded to the sink. */
final class StreamReader {
    private static final int CAPACITY = 1 << 18;

    private final StreamPeer peer;
    private final PortCounters counters;
    private final IncomingFrame incoming;
    private final MemorySegment memory = Arena.ofAuto().allocate(CAPACITY, 64);
    private final long buffer = memory.address();
    private final IoVector vector = new IoVector();
    private final Frame staged;

    private int fd = -1;
    private int head;
    private int tail;
    private String reason = "";

    StreamReader(StreamPeer peer, IncomingFrame incoming, PortCounters counters) {
        this.peer = peer;
        this.incoming = incoming;
        this.staged = incoming.frame;
        this.counters = counters;
    }

    /** Starts to read a new stream. A frame of the previous stream that waits for room keeps waiting. */
    void open(int number) {
        fd = number;
        // The bytes of a waiting frame stay in place until it is forwarded.
        if (!incoming.waits()) {
            head = 0;
        }
        tail = head;
    }

    /** Returns the bytes that were received and not processed. */
    byte[] unread() {
        return memory.asSlice(head, tail - head).toArray(ValueLayout.JAVA_BYTE);
    }

    /**
     * Restores the bytes that the previous back-end process has read. Called after {@link #open}, before anything is read.
     *
     * @throws IllegalArgumentException when there are more bytes than the buffer can hold
     */
    void restore(StreamState state) {
        HeldFrame held = state.held();
        int first = held == null ? 0 : held.frame().bytes;
        if (state.unread().length > CAPACITY - first) {
            throw new IllegalArgumentException(state.unread().length + " bytes that were read");
        }
        incoming.hold(held, buffer);
        head = first;
        tail = head + state.unread().length;
        MemorySegment.copy(state.unread(), 0, memory, ValueLayout.JAVA_BYTE, head, state.unread().length);
    }

    /** Forwards one frame. */
    int read() {
        if (incoming.waits()) {
            return incoming.offer();
        }
        while (true) {
            int there = tail - head;
            if (there >= StreamWriter.LENGTH_BYTES) {
                int length = HostMemory.getIntBE(buffer + head);
                if (length < 0 || length > Frame.MAX_BYTES) {
                    reason = "the peer announced a frame of " + Integer.toUnsignedString(length)
                            + " bytes; the maximum is " + Frame.MAX_BYTES;
                    return IncomingFrame.GONE;
                }
                if (there >= StreamWriter.LENGTH_BYTES + length) {
                    head += StreamWriter.LENGTH_BYTES;
                    return take(length);
                }
            }
            int result = fill();
            if (result != IncomingFrame.MOVED) {
                return result;
            }
        }
    }

    private int take(int length) {
        long at = buffer + head;
        head += length;
        if (length < Frame.ETHERNET_HEADER) {
            counters.drop(PortDrop.RUNT);
            return IncomingFrame.MOVED;
        }
        staged.clear();
        boolean added = staged.add(at, length);
        assert added;
        peer.received(staged);
        return incoming.pass();
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
            return IncomingFrame.MOVED;
        }
        if (count == -Errno.EAGAIN || count == -Errno.EINTR) {
            return IncomingFrame.EMPTY;
        }
        reason = lost(-count);
        return IncomingFrame.GONE;
    }

    /**
     * Returns the text for the reason why a connection was lost.
     *
     * @param errno error number of the call, 0 for the end of the stream
     */
    static String lost(int errno) {
        // A peer that closes a Unix socket before it has read everything causes ECONNRESET.
        return errno == 0 || errno == Errno.ECONNRESET || errno == Errno.EPIPE
                ? "the peer closed the connection"
                : String.valueOf(new SystemError("the connection was lost", errno).getMessage());
    }

    /** Returns the reason why the connection was lost. */
    String reason() {
        return reason;
    }
}
