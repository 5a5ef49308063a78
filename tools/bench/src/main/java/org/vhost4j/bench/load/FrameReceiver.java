// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.frontend.FrontEndQueue;

/** Counts received frames and posts their buffers again. It polls, reads only the virtio-net headers, and allocates nothing. */
final class FrameReceiver {
    private static final int BURST = 64;
    private static final int NUM_BUFFERS = 10;

    private final FrontEndQueue queue;
    private final DriverMemory memory;
    private final boolean mergeable;
    private final int bufferBytes;
    private final long[] bufferOf;
    /** Number of further buffers of the frame in progress. */
    private int left;

    /** Fills the ring with buffers and makes them available to the device. */
    FrameReceiver(FrontEndQueue queue, boolean mergeable, int bufferBytes, int buffers) {
        this.queue = queue;
        this.memory = queue.ram().memory();
        this.mergeable = mergeable;
        this.bufferBytes = bufferBytes;
        RingDriver ring = queue.ring();
        this.bufferOf = new long[ring.size()];
        for (int i = 0; i < Math.min(buffers, ring.size()); i++) {
            post(ring, memory.allocate(bufferBytes, 64));
        }
        queue.publish();
    }

    private void post(RingDriver ring, long buffer) {
        ring.begin();
        ring.writable(buffer, bufferBytes);
        int id = ring.offer();
        if (id == RingDriver.NO_ROOM) {
            throw new IllegalStateException("a receive buffer does not fit in the region that it came from");
        }
        bufferOf[id] = buffer;
    }

    /**
     * Collects all received frames.
     *
     * @return the number of complete frames
     */
    int burst() {
        RingDriver ring = queue.ring();
        ring.disableInterrupts();
        int frames = 0;
        int used = 0;
        while (used < BURST && ring.collect()) {
            long buffer = bufferOf[ring.usedId()];
            if (left == 0) {
                left = mergeable ? Math.max(1, memory.get16(buffer + NUM_BUFFERS)) : 1;
            }
            left--;
            if (left == 0) {
                frames++;
            }
            post(ring, buffer);
            used++;
        }
        if (used != 0) {
            queue.publish();
        }
        return frames;
    }
}
