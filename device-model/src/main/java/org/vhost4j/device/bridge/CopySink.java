// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.memory.HostMemory;

/**
 * Copies every frame into a buffer, counts it and drops it, for comparisons with back-ends that copy each frame into a
 * buffer. As in those back-ends, the buffer is small and reused, so that it stays in the processor's cache.
 */
public final class CopySink implements FrameSink {
    /** Size of the buffer in bytes: room for a few dozen ordinary frames, or for one of the maximum length. */
    private static final int BYTES = 128 * 1024;

    private static final int ALIGNMENT = 64;

    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, ALIGNMENT);
    private int next;
    private int last;
    private long frames;
    private long bytes;

    /** Creates a sink whose counters are 0. */
    public CopySink() {}

    @Override
    public int forward(FramePort from, Frame frame) {
        long to = room(frame.bytes);
        int copied = 0;
        for (int i = 0; i < frame.pieces; i++) {
            int length = frame.length[i];
            HostMemory.copy(frame.address[i], to + copied, length);
            copied += length;
        }
        took(copied);
        return FramePort.DELIVERED;
    }

    @Override
    public int forward(FramePort from, FrameBurst burst) {
        int n = burst.count();
        for (int i = 0; i < n; i++) {
            int length = burst.bytes(i);
            HostMemory.copy(burst.address(i), room(length), length);
            took(length);
        }
        return n;
    }

    /**
     * Returns the address in the buffer for a frame of {@code length} bytes, at most Frame.MAX_BYTES, which is about
     * half of the buffer.
     */
    private long room(int length) {
        last = BYTES - next < length ? 0 : next;
        return memory.address() + last;
    }

    private void took(int length) {
        next = last + (length + ALIGNMENT - 1 & -ALIGNMENT);
        frames++;
        bytes += length;
    }

    @Override
    public void flush() {}

    /**
     * Returns the frame that was received last.
     *
     * @param length the number of bytes to return, at most the frame's size
     * @return a copy of the bytes
     */
    public byte[] last(int length) {
        return memory.asSlice(last, length).toArray(ValueLayout.JAVA_BYTE);
    }

    /**
     * Returns the number of frames that were copied.
     *
     * @return the number since the sink was created
     */
    public long frames() {
        return frames;
    }

    /**
     * Returns the number of bytes that were copied, from the destination MAC address on.
     *
     * @return the number since the sink was created
     */
    public long bytes() {
        return bytes;
    }
}
