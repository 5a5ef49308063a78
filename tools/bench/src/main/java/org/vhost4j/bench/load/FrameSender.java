// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import org.vhost4j.device.driver.BufferPool;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.frontend.FrontEndQueue;

/** Sends the same frame repeatedly in bursts, from as many buffers as fit in the ring. It polls, and allocates nothing. */
final class FrameSender {
    private static final int BURST = 32;
    private static final int COLLECT = 64;

    private final FrontEndQueue queue;
    private final DriverMemory memory;
    private final BufferPool pool;
    private final long[] bufferOf;
    private final byte[] head;
    private final int[] pieces;
    private final boolean indirect;
    private final int stride;

    /**
     * Writes the frame into every buffer.
     *
     * @param slots maximum number of buffers
     * @param stride bytes from the start of one piece to the next in a buffer; 0 when there is no gap
     */
    FrameSender(FrontEndQueue queue, LoadFrame frame, int[] pieces, boolean indirect, int slots, int stride) {
        this.queue = queue;
        this.memory = queue.ram().memory();
        this.pieces = pieces;
        this.indirect = indirect;
        this.stride = stride;
        this.head = java.util.Arrays.copyOf(frame.bytes(), Math.min(frame.headBytes(), pieces[0]));
        int room = Math.min(slots, queue.ring().size() / (indirect ? 1 : pieces.length));
        this.pool = new BufferPool(memory, Math.max(1, room), slotBytes(frame.bytes().length, pieces, stride), 64);
        this.bufferOf = new long[queue.ring().size()];
        long[] all = new long[pool.available()];
        for (int i = 0; i < all.length; i++) {
            all[i] = pool.take();
            write(all[i], frame.bytes());
        }
        for (long buffer : all) {
            pool.give(buffer);
        }
    }

    /** Returns the number of bytes that one frame occupies in memory. */
    static int slotBytes(int frameBytes, int[] pieces, int stride) {
        return Math.max(frameBytes, pieces.length * stride) + 63 & -64;
    }

    private void write(long buffer, byte[] bytes) {
        int from = 0;
        long at = buffer;
        for (int length : pieces) {
            memory.write(at, bytes, from, length);
            from += length;
            at += Math.max(length, stride);
        }
    }

    /**
     * Collects used chains.
     *
     * @return the number of frames
     */
    int collect() {
        RingDriver ring = queue.ring();
        int used = 0;
        while (used < COLLECT && ring.collect()) {
            pool.give(bufferOf[ring.usedId()]);
            used++;
        }
        return used;
    }

    /** Sends as many frames as fit in the ring, at most one burst. */
    void burst() {
        send(BURST);
    }

    /**
     * Sends frames.
     *
     * @param most maximum number of frames
     * @return the number of frames
     */
    int send(int most) {
        int sent = fill(most);
        if (sent != 0) {
            queue.publish();
        }
        return sent;
    }

    /**
     * Offers frames in the ring without making them available.
     *
     * @param most maximum number of frames
     * @return the number of frames
     */
    int fill(int most) {
        RingDriver ring = queue.ring();
        ring.disableInterrupts();
        int filled = 0;
        while (filled < most && offer(ring)) {
            filled++;
        }
        return filled;
    }

    private boolean offer(RingDriver ring) {
        long buffer = pool.take();
        if (buffer == BufferPool.NONE) {
            return false;
        }
        memory.write(buffer, head, 0, head.length);
        if (indirect) {
            ring.beginIndirect();
        } else {
            ring.begin();
        }
        long at = buffer;
        for (int length : pieces) {
            ring.readable(at, length);
            at += Math.max(length, stride);
        }
        int id = ring.offer();
        if (id == RingDriver.NO_ROOM) {
            pool.give(buffer);
            return false;
        }
        bufferOf[id] = buffer;
        return true;
    }

    /** Returns the number of frames that the device has not used. */
    int inFlight() {
        return queue.ring().inFlight();
    }
}
