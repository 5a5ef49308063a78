// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.vhost4j.device.driver.BufferPool;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;

/** The transmit queue of a pair: writes frames into buffers and makes them available. */
final class Transmitter {
    private static final int SLOTS = 32;
    private static final int SLOT_BYTES = 68 * 1024;
    /** Value of the bytes between pieces, to detect a device that reads too far. */
    private static final int POISON = 0xee;

    private final FrontEndQueue queue;
    private DriverMemory memory;
    private BufferPool pool;
    private final long[] bufferOf;
    private final Map<DriverMemory, BufferPool> pools = new HashMap<>();

    Transmitter(FrontEndQueue queue, DriverMemory memory) {
        this.queue = queue;
        this.memory = memory;
        this.pool = pools.computeIfAbsent(memory, Transmitter::pool);
        this.bufferOf = new long[queue.ring().size()];
        Arrays.fill(bufferOf, BufferPool.NONE);
    }

    private static BufferPool pool(DriverMemory memory) {
        return new BufferPool(memory, SLOTS, SLOT_BYTES, 64);
    }

    FrontEndQueue queue() {
        return queue;
    }

    /** Sets the memory region for buffers, after waiting until no buffer of the current one is in flight. */
    void memory(DriverMemory other, Deadline deadline) {
        awaitSent(deadline);
        memory = other;
        pool = pools.computeIfAbsent(other, Transmitter::pool);
    }

    /** Offers a frame in the ring without publishing it; waits for used chains when there is no room. */
    void offer(byte[] header, byte[] frame, ChainShape shape, Deadline deadline) {
        byte[] all = new byte[header.length + frame.length];
        System.arraycopy(header, 0, all, 0, header.length);
        System.arraycopy(frame, 0, all, header.length, frame.length);
        int[] pieces = shape.cut(header.length, frame.length);
        if (ChainShape.span(pieces) > SLOT_BYTES) {
            throw new IllegalArgumentException("a frame of " + frame.length + " bytes in " + pieces.length
                    + " pieces takes more than " + SLOT_BYTES + " bytes");
        }
        while (!tryOffer(all, pieces, shape)) {
            queue.publish();
            if (!queue.awaitUsed(deadline)) {
                throw deadline.timedOut("room in transmit queue " + queue.index());
            }
        }
    }

    private boolean tryOffer(byte[] all, int[] pieces, ChainShape shape) {
        reclaim();
        long buffer = pool.take();
        if (buffer == BufferPool.NONE) {
            return false;
        }
        RingDriver ring = queue.ring();
        if (shape.indirect()) {
            ring.beginIndirect();
        } else {
            ring.begin();
        }
        long at = buffer;
        int from = 0;
        for (int piece : pieces) {
            memory.write(at, all, from, piece);
            memory.fill(at + piece, ChainShape.GAP, POISON);
            ring.readable(at, piece);
            from += piece;
            at += piece + ChainShape.GAP;
        }
        int id = ring.offer();
        if (id == RingDriver.NO_ROOM) {
            pool.give(buffer);
            if (ring.inFlight() == 0) {
                throw new IllegalArgumentException(pieces.length + " descriptors never fit this queue");
            }
            return false;
        }
        bufferOf[id] = buffer;
        return true;
    }

    /** Collects used chains, and frees their buffers. Chains that other code made available have no buffer of this object. */
    void reclaim() {
        RingDriver ring = queue.ring();
        while (ring.collect()) {
            int id = ring.usedId();
            if (bufferOf[id] != BufferPool.NONE) {
                pool.give(bufferOf[id]);
                bufferOf[id] = BufferPool.NONE;
            }
        }
    }

    /** Waits until every frame was used. */
    void awaitSent(Deadline deadline) {
        reclaim();
        while (queue.ring().inFlight() > 0) {
            if (!queue.awaitUsed(deadline)) {
                throw deadline.timedOut(
                        "end of " + queue.ring().inFlight() + " transmissions in queue " + queue.index());
            }
            reclaim();
        }
    }
}
