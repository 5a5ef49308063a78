// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.Buffers;
import org.vhost4j.device.ring.Chain;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.Virtqueue;

/** A transmit queue: reads frames from the chains that the driver has made available (virtio 1.4 section 5.1.6.2). */
final class TxQueue {
    /** Result of {@link #next}: no chain is available. */
    static final int EMPTY = 0;
    /** Result of {@link #next}: {@link #frame} is the next frame. */
    static final int FRAME = 1;
    /** Result of {@link #next}: a chain contained no valid frame; it is used already. */
    static final int BAD_LENGTH = 2;

    /** The virtqueue; replaced by a {@link Virtqueue#logged} one while writes are logged. */
    Virtqueue queue;

    final Frame frame = new Frame();
    final QueueInterrupt interrupt;
    boolean enabled;

    /** Whether {@link #frame} waits for room at its receiver. */
    boolean parked;

    /** Whether the driver sent {@link #frame} as a super-frame, even one that fits a single segment. */
    boolean superFrame;

    /** Number of next frames in the ring that were captured already, when they were first forwarded. */
    int again;

    /** Whether a chain was popped that is neither used nor parked. */
    private boolean pending;

    /**
     * Number of delivered segments of a frame that {@link #next} will read again; segmentation continues after them.
     */
    private int segmentsDone;

    private int segmentedBytes;
    private int segmentSize;

    final FrameBurst burst;

    private final Buffers buffers = new Buffers();

    /**
     * The result of the reads that prefetch frames for {@link #burst}, stored so that the compiler does not remove the
     * reads.
     */
    long prefetched;

    private final int headerBytes;
    private final Chain chain = new Chain();
    private final MemorySegment headerScratch = Arena.ofAuto().allocate(NetHeader.HASH_BYTES, 8);

    TxQueue(Virtqueue queue, QueueInterrupt interrupt, boolean enabled, int headerBytes) {
        this.queue = queue;
        this.interrupt = interrupt;
        this.enabled = enabled;
        this.headerBytes = headerBytes;
        this.burst = new FrameBurst(buffers, headerBytes);
    }

    /**
     * Pops the next chains as a burst, up to the first one whose frame cannot be part of a burst.
     *
     * @param most maximum number of frames
     * @param allowed offloads that the driver may use, a mask of {@link Offloads}
     * @return the number of frames; the caller must call {@link #done(int)} afterwards
     */
    int burst(int most, int allowed) {
        int taken = queue.pop(buffers, Math.min(most, FrameBurst.CAPACITY), false);
        int good = 0;
        long seen = 0;
        while (good < taken) {
            int bytes = buffers.length[good] - headerBytes;
            if (bytes < Frame.ETHERNET_HEADER || bytes > Frame.MAX_BYTES) {
                break;
            }
            long at = buffers.address[good];
            long first = NetHeader.first(at);
            // Prefetches the frame's cache line, so that the lines of several frames are loaded at the same time.
            seen ^= HostMemory.getLongLE(at + headerBytes);
            if (NetHeader.requestsNothing(first)) {
                burst.plain(good, 0);
            } else {
                long partial = NetHeader.partialChecksum(first, at);
                if (partial == NetHeader.NOT_PLAIN || !mayBePartial(partial, bytes, allowed)) {
                    break;
                }
                burst.plain(good, partial);
            }
            good++;
        }
        queue.unpop(taken - good);
        prefetched = seen;
        burst.count(good);
        return good;
    }

    private static boolean mayBePartial(long partial, int bytes, int allowed) {
        return (allowed & Offloads.CSUM) != 0
                && OffloadEngine.checksumInside(
                        NetHeader.checksumStart(partial), NetHeader.checksumOffset(partial), bytes);
    }

    /** Shortens a burst to its first frames; puts the chains of the others back into the ring. */
    void shorten(int frames) {
        queue.unpop(burst.count() - frames);
        burst.count(frames);
    }

    /** Ends a burst: marks the chains of the first frames as used, and puts the others back into the ring. */
    void done(int frames) {
        queue.unpop(burst.count() - frames);
        burst.count(0);
        queue.addUsedUnwritten(buffers, frames);
    }

    /** Pops the next chain and reads the frame in it. */
    int next() {
        if (!queue.pop(chain)) {
            return EMPTY;
        }
        pending = true;
        if (chain.pieces != chain.readable) {
            queue.unpop(1);
            pending = false;
            throw new RingFault("%s: the chain from descriptor %d has a writable buffer in a transmit queue"
                    .formatted(queue.name(), chain.head));
        }
        long bytes = chain.readableBytes - headerBytes;
        if (bytes < Frame.ETHERNET_HEADER || bytes > Frame.MAX_BYTES) {
            done();
            return BAD_LENGTH;
        }
        frame.clear();
        if (chain.length[0] >= headerBytes) {
            NetHeader.read(chain.address[0], frame);
            frame.take(chain, 0, headerBytes, (int) bytes);
        } else {
            gatherHeader((int) bytes);
        }
        superFrame = (frame.gsoType & ~Frame.GSO_ECN) != Frame.GSO_NONE;
        if (segmentsDone != 0) {
            resumeSegmentation();
        }
        // A driver must not claim that it verified a checksum; other unknown flags must be ignored (5.1.6.2.2).
        frame.flags &= Frame.NEEDS_CSUM;
        return FRAME;
    }

    /**
     * Copies a virtio-net header that is in several pieces, which is rare. The caller has checked that the chain is
     * long enough.
     */
    private void gatherHeader(int bytes) {
        long to = headerScratch.address();
        int left = headerBytes;
        int piece = 0;
        while (left > chain.length[piece]) {
            HostMemory.copy(chain.address[piece], to, chain.length[piece]);
            to += chain.length[piece];
            left -= chain.length[piece];
            piece++;
        }
        HostMemory.copy(chain.address[piece], to, left);
        NetHeader.read(headerScratch.address(), frame);
        frame.take(chain, piece, left, bytes);
    }

    /**
     * Continues a super-frame after its delivered segments. If the driver has changed the frame meanwhile, segmentation
     * starts from its first segment again.
     */
    private void resumeSegmentation() {
        if (frame.bytes == segmentedBytes && frame.gsoSize == segmentSize && frame.gsoType != Frame.GSO_NONE) {
            frame.segmentsDone = segmentsDone;
        }
        segmentsDone = 0;
    }

    /** Marks the chain of {@link #frame} as used. */
    void done() {
        queue.addUsed(chain.id);
        parked = false;
        pending = false;
    }

    /**
     * Recovers after a fault of a receiver's memory: the frame that was being delivered is lost, and its chain is
     * marked as used.
     */
    void recover() {
        if (pending && !parked) {
            done();
        }
        if (burst.count() != 0) {
            done(burst.offered());
        }
    }

    /**
     * Puts the chain of a parked frame back into the ring. The frame will be read again, and continues with its next
     * segment.
     */
    void unread() {
        recover();
        if (parked) {
            segmentsDone = frame.segmentsDone;
            segmentedBytes = frame.bytes;
            segmentSize = frame.gsoSize;
            queue.unpop(1);
            again++;
            parked = false;
            pending = false;
        }
    }

    /** Returns the delivered part of the next frame; see {@link DeviceControl#cut(int)}. */
    FrameCut cut() {
        return new FrameCut(segmentsDone, segmentedBytes, segmentSize);
    }

    /**
     * Sets the part of the next frame that the previous device delivered; see {@link DeviceControl#cut(int, FrameCut)}.
     */
    void cut(FrameCut by) {
        segmentsDone = by.segments();
        segmentedBytes = by.bytes();
        segmentSize = by.segmentSize();
    }

    /** Puts the chain of a parked frame back into the ring, unless part of the frame was delivered. */
    void unpark() {
        recover();
        if (parked && frame.segmentsDone != 0) {
            done();
        } else {
            unread();
        }
    }
}
