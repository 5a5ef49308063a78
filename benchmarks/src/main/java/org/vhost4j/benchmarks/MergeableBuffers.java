// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.memory.HostMemory;

/** A receiver with the buffers of a Linux guest with MRG_RXBUF, but without a ring, so that only the copy is measured. */
final class MergeableBuffers implements FramePort {
    /** Size in bytes of the buffers that virtio_net posts for an MTU of 1500. */
    private static final int BUFFER = 1536;
    /** Number of buffers, as for a queue with 256 entries. */
    private static final int BUFFERS = 256;

    private final MemorySegment memory;
    private final int accepts;
    private int next;

    MergeableBuffers(Arena arena, int accepts) {
        this.memory = arena.allocate((long) BUFFER * BUFFERS, 4096);
        this.accepts = accepts;
    }

    @Override
    public int accepts() {
        return accepts;
    }

    @Override
    public int deliver(Frame frame) {
        long header = take();
        long to = header + NetHeader.BYTES;
        if (NetHeader.BYTES + frame.bytes > BUFFER) {
            return spread(frame, header, to);
        }
        // A fast path as in a receive queue: most frames fill one buffer.
        for (int i = 0; i < frame.pieces; i++) {
            HostMemory.copy(frame.address[i], to, frame.length[i]);
            to += frame.length[i];
        }
        NetHeader.write(header, NetHeader.BYTES, frame, 1);
        return DELIVERED;
    }

    private int spread(Frame frame, long header, long start) {
        long to = start;
        int room = BUFFER - NetHeader.BYTES;
        int buffers = 1;
        for (int i = 0; i < frame.pieces; i++) {
            long from = frame.address[i];
            int left = frame.length[i];
            while (left > 0) {
                if (room == 0) {
                    to = take();
                    room = BUFFER;
                    buffers++;
                }
                int part = Math.min(left, room);
                HostMemory.copy(from, to, part);
                from += part;
                to += part;
                left -= part;
                room -= part;
            }
        }
        NetHeader.write(header, NetHeader.BYTES, frame, buffers);
        return DELIVERED;
    }

    private long take() {
        int index = next;
        next = (index + 1) & (BUFFERS - 1);
        return memory.address() + (long) index * BUFFER;
    }

    @Override
    public void flush() {}

    @Override
    public String name() {
        return "buffers";
    }
}
