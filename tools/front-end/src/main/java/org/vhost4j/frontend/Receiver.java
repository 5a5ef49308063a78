// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DeviceViolationException;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;

/** The receive queue of a pair: posts buffers, and checks received frames according to virtio 1.4 section 5.1.6.4. */
final class Receiver {
    private final FrontEndQueue queue;
    private final int pair;
    private final int headerBytes;
    private final boolean mergeable;
    private final ChainShape shape;
    private final int[] pieces;
    private final int capacity;
    private final long[] bufferOf;
    private final @Nullable DriverMemory[] memoryOf;
    private final Map<DriverMemory, Deque<Long>> spare = new HashMap<>();
    private DriverMemory memory;
    private @Nullable List<DeviceWrite> writes;
    private boolean reposts = true;

    /**
     * Allocates buffers.
     *
     * @param frameBytes the number of bytes for a frame in each buffer, after the header
     */
    Receiver(
            FrontEndQueue queue,
            DriverMemory memory,
            int pair,
            int headerBytes,
            boolean mergeable,
            ChainShape shape,
            int frameBytes) {
        this.queue = queue;
        this.memory = memory;
        this.pair = pair;
        this.headerBytes = headerBytes;
        this.mergeable = mergeable;
        this.shape = shape;
        this.pieces = shape.cut(headerBytes, frameBytes);
        this.capacity = headerBytes + frameBytes;
        this.bufferOf = new long[queue.ring().size()];
        this.memoryOf = new DriverMemory[queue.ring().size()];
    }

    FrontEndQueue queue() {
        return queue;
    }

    /** Posts new buffers, without publishing them, until there are {@code count} or the ring is full. */
    void post(int count) {
        for (int i = 0; i < count; i++) {
            long buffer = memory.allocate(ChainShape.span(pieces), 64);
            if (!post(buffer)) {
                memory.rewind(buffer);
                return;
            }
        }
    }

    private boolean post(long buffer) {
        RingDriver ring = queue.ring();
        if (shape.indirect()) {
            ring.beginIndirect();
        } else {
            ring.begin();
        }
        long at = buffer;
        for (int piece : pieces) {
            ring.writable(at, piece);
            at += piece + ChainShape.GAP;
        }
        int id = ring.offer();
        if (id == RingDriver.NO_ROOM) {
            return false;
        }
        bufferOf[id] = buffer;
        memoryOf[id] = memory;
        return true;
    }

    /** Sets the memory region in which new buffers are allocated. */
    void memory(DriverMemory other) {
        memory = other;
    }

    /** Returns the number of posted buffers that are in a memory region. */
    int buffersIn(DriverMemory which) {
        return (int) Arrays.stream(memoryOf).filter(each -> each == which).count();
    }

    /** Starts recording the device's writes. */
    void record(List<DeviceWrite> into) {
        writes = into;
    }

    void reposts(boolean on) {
        reposts = on;
    }

    /** Returns the next received frame, or null when there is none. */
    @Nullable
    ReceivedFrame poll() {
        RingDriver ring = queue.ring();
        if (!ring.collect()) {
            return null;
        }
        if (ring.usedLength() < headerBytes) {
            throw violation("used " + ring.usedLength() + " bytes, less than the header of " + headerBytes);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        boolean full = takeBuffer(ring, all);
        DriverHeader header = DriverHeader.read(all.toByteArray(), 0, headerBytes);
        // Without mergeable buffers drivers ignore the field, and some devices do not write it.
        int buffers = mergeable ? header.numBuffers() : 1;
        if (buffers < 1) {
            throw violation("num_buffers is " + buffers);
        }
        for (int i = 1; i < buffers; i++) {
            if (!full) {
                throw violation("buffer " + i + " of " + buffers + " was not filled before the next was used");
            }
            if (!ring.collect()) {
                throw violation("num_buffers is " + buffers + ", but only " + i + " were used together");
            }
            full = takeBuffer(ring, all);
        }
        byte[] bytes = all.toByteArray();
        byte[] frame = Arrays.copyOfRange(bytes, headerBytes, bytes.length);
        if (reposts) {
            queue.publish();
        }
        return new ReceivedFrame(header, hash(bytes), frame, pair);
    }

    /** Reads the hash after numBuffers, little-endian; 0 when the header ends before. */
    private long hash(byte[] bytes) {
        long hash = 0;
        for (int at = headerBytes - 1; at >= DriverHeader.BYTES; at--) {
            hash = (hash << Byte.SIZE) | (bytes[at] & 0xff);
        }
        return hash;
    }

    /** Copies the buffer of the collected element, and posts it again; returns true when it was filled completely. */
    private boolean takeBuffer(RingDriver ring, ByteArrayOutputStream all) {
        int length = ring.usedLength();
        int id = ring.usedId();
        long buffer = bufferOf[id];
        DriverMemory from = Objects.requireNonNull(memoryOf[id]);
        memoryOf[id] = null;
        long at = buffer;
        int left = length;
        for (int i = 0; left > 0; i++) {
            int part = Math.min(left, pieces[i]);
            all.writeBytes(from.read(at, part));
            if (writes != null) {
                writes.add(new DeviceWrite(at, part));
            }
            at += pieces[i] + ChainShape.GAP;
            left -= part;
        }
        if (reposts && !post(from == memory ? buffer : exchanged(from, buffer))) {
            throw new IllegalStateException("a receive buffer does not fit in the region that it came from");
        }
        return length == capacity;
    }

    /** Replaces a buffer in another memory region by one in this region. */
    private long exchanged(DriverMemory other, long buffer) {
        spare.computeIfAbsent(other, which -> new ArrayDeque<>()).push(buffer);
        Deque<Long> mine = spare.get(memory);
        return mine == null || mine.isEmpty() ? memory.allocate(ChainShape.span(pieces), 64) : mine.pop();
    }

    private DeviceViolationException violation(String what) {
        return new DeviceViolationException("receive queue " + queue.index() + ": " + what);
    }
}
