// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameBurst;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.SegmentCount;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.memory.IotlbMiss;
import org.vhost4j.device.ring.Buffers;
import org.vhost4j.device.ring.Chain;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.device.steering.ReceiveHash;

/**
 * A receive queue: writes frames into the chains that the driver has made available (virtio 1.4 section 5.1.6.4). With
 * MRG_RXBUF a frame fills as many chains as it needs; without MRG_RXBUF it must fit into one chain.
 */
final class RxQueue {
    /** Result of {@link #reserve}: there is room. */
    static final int ROOM = 0;
    /** Result of {@link #reserve}: the driver has not made enough buffers available. */
    static final int EMPTY = 1;
    /** Result of {@link #reserve}: the available buffers can never hold that many bytes. */
    static final int TOO_SMALL = 2;

    /** The virtqueue; replaced by a {@link Virtqueue#logged} one while writes are logged. */
    Virtqueue queue;

    final QueueInterrupt interrupt;
    boolean enabled;

    private final boolean mergeable;
    private final boolean segmentCounts;
    private final ReceiveHash hash;
    private final int headerBytes;
    private final Chain chain = new Chain();
    private final Buffers buffers = new Buffers();
    /**
     * The number of chains that are popped into {@link #buffers}: 0 between bursts, unless a fault of a sender's memory
     * ended a burst.
     */
    private int popped;

    private final Frame landing = new Frame();
    private final int[] takenId = new int[Frame.MAX_PIECES];
    private final long[] takenBytes = new long[Frame.MAX_PIECES];
    private int taken;
    /** Size in bytes of the reserved chains, including the header. */
    private long capacity;

    /**
     * Host address of the virtio-net header if it is in one piece; otherwise 0, and its pieces are in the fields below.
     */
    private long headerAddress;

    private final long[] headerPart = new long[NetHeader.HASH_BYTES];
    private final int[] headerPartLength = new int[NetHeader.HASH_BYTES];
    private int headerParts;
    private final MemorySegment headerScratch = Arena.ofAuto().allocate(NetHeader.HASH_BYTES, 8);

    /**
     * Creates a queue that has not received a frame yet.
     *
     * @param segmentCounts whether the virtio-net header contains the segment counts of a super-frame (RSC_EXT)
     * @param hash supplies the hash of each delivered frame, for drivers with HASH_REPORT
     */
    RxQueue(
            Virtqueue queue,
            QueueInterrupt interrupt,
            boolean enabled,
            boolean mergeable,
            int headerBytes,
            boolean segmentCounts,
            ReceiveHash hash) {
        this.queue = queue;
        this.interrupt = interrupt;
        this.hash = hash;
        this.enabled = enabled;
        this.mergeable = mergeable;
        this.headerBytes = headerBytes;
        this.segmentCounts = segmentCounts;
    }

    /**
     * Copies each frame of a burst into a separate buffer.
     *
     * <p>This is separate from the path of a single frame. ChainBenchmark.plain (split ring) measured 49 ns for a frame
     * of 64 bytes and 84 ns for one of 1500; with bursts delivered frame by frame it measured 66 ns and 88 ns.
     *
     * @return the number of frames, from the first one on, for which a buffer with enough room was available as a
     *     single descriptor
     */
    int deliver(FrameBurst frames, int from, int to) {
        if (headerBytes > NetHeader.BYTES) {
            return 0;
        }
        recover();
        popped = queue.pop(buffers, to - from, true);
        int done = 0;
        while (done < popped) {
            int bytes = frames.bytes(from + done);
            int written = headerBytes + bytes;
            if (buffers.length[done] < written) {
                break;
            }
            long header = buffers.address[done];
            HostMemory.copy(frames.address(from + done), header + headerBytes, bytes);
            NetHeader.writePlain(header, headerBytes, frames.partial(from + done));
            buffers.length[done] = written;
            done++;
        }
        queue.unpop(popped - done);
        popped = 0;
        queue.addUsed(buffers, done);
        return done;
    }

    /**
     * Puts the buffers of a burst that was ended by a fault of its sender's memory back into the ring. Some may have
     * been written.
     */
    void recover() {
        if (popped != 0) {
            queue.unpopWritten(popped);
            popped = 0;
        }
    }

    /** Copies a frame into available buffers. */
    int deliver(Frame frame) {
        recover();
        if (!queue.pop(chain)) {
            return EMPTY;
        }
        int written = headerBytes + frame.bytes;
        if (chain.pieces != 1 || chain.readable != 0 || chain.length[0] < written) {
            queue.unpop(1);
            return deliverInPieces(frame);
        }
        // The usual case: one buffer with room for header and frame.
        long header = chain.address[0];
        long to = header + headerBytes;
        for (int i = 0; i < frame.pieces; i++) {
            HostMemory.copy(frame.address[i], to, frame.length[i]);
            to += frame.length[i];
        }
        writeHeader(header, frame, 1);
        queue.addUsed(chain.id, written);
        return ROOM;
    }

    private int deliverInPieces(Frame frame) {
        int outcome = reserve(landing, frame.bytes);
        if (outcome == ROOM) {
            copy(frame, landing);
            landing.header(frame);
            commit(landing, frame.bytes);
        }
        return outcome;
    }

    /**
     * Reserves chains with room for at least {@code atLeast} bytes of a frame; reserves nothing unless it returns
     * {@link #ROOM}.
     */
    int reserve(Frame room, int atLeast) {
        recover();
        room.clear();
        taken = 0;
        capacity = 0;
        int outcome;
        try {
            outcome = grow(room, atLeast);
        } catch (IotlbMiss | RingFault e) {
            returnChains();
            throw e;
        }
        if (outcome != ROOM) {
            returnChains();
        }
        return outcome;
    }

    /** Reserves more chains after those of {@link #reserve}; when it returns false, the caller must {@link #commit}. */
    boolean extend(Frame room, int atLeast) {
        try {
            return grow(room, atLeast) == ROOM;
        } catch (IotlbMiss miss) {
            // The miss recurs, and is reported, when the next frame needs room.
            return false;
        }
    }

    private int grow(Frame room, int atLeast) {
        long need = (long) headerBytes + atLeast;
        while (capacity < need) {
            if ((taken == 1 && !mergeable) || taken == takenId.length) {
                return TOO_SMALL;
            }
            if (!queue.pop(chain)) {
                return EMPTY;
            }
            if (chain.readable != 0) {
                queue.unpop(1);
                throw new RingFault("%s: the receive buffer at descriptor %d is readable, not writable"
                        .formatted(queue.name(), chain.head));
            }
            int skip = 0;
            if (taken == 0) {
                if (chain.writableBytes < headerBytes) {
                    queue.unpop(1);
                    throw new RingFault(
                            "%s: the receive buffer at descriptor %d has %d bytes, less than the header of %d"
                                    .formatted(queue.name(), chain.head, chain.writableBytes, headerBytes));
                }
                skip = headerBytes;
                placeHeader();
            }
            takenId[taken] = chain.id;
            takenBytes[taken] = chain.writableBytes;
            taken++;
            capacity += chain.writableBytes;
            if (!append(room, skip)) {
                return TOO_SMALL;
            }
        }
        return ROOM;
    }

    private boolean append(Frame room, int skipBytes) {
        int skip = skipBytes;
        for (int i = 0; i < chain.pieces; i++) {
            int length = chain.length[i];
            if (skip >= length) {
                skip -= length;
            } else {
                if (!room.add(chain.address[i] + skip, length - skip)) {
                    return false;
                }
                skip = 0;
            }
        }
        return true;
    }

    private void placeHeader() {
        if (chain.length[0] >= headerBytes) {
            headerAddress = chain.address[0];
            return;
        }
        headerAddress = 0;
        headerParts = 0;
        int left = headerBytes;
        for (int i = 0; left > 0; i++) {
            int part = Math.min(left, chain.length[i]);
            headerPart[headerParts] = chain.address[i];
            headerPartLength[headerParts] = part;
            headerParts++;
            left -= part;
        }
    }

    /**
     * Writes the header, marks as used as many of the reserved chains as {@code bytes} fill, and puts the others back
     * into the ring.
     */
    void commit(Frame room, int bytes) {
        if (bytes == 0) {
            returnChains();
            return;
        }
        long left = (long) headerBytes + bytes;
        int used = 0;
        for (long filled = 0; filled < left; used++) {
            filled += takenBytes[used];
        }
        room.bytes = bytes;
        // The header is written before the chains are used, so that the log marks its page, too.
        if (headerAddress != 0) {
            writeHeader(headerAddress, room, used);
        } else {
            writeScatteredHeader(room, used);
        }
        for (int i = 0; i < used; i++) {
            long part = Math.min(left, takenBytes[i]);
            queue.addUsed(takenId[i], (int) part);
            left -= part;
        }
        queue.unpop(taken - used);
        taken = 0;
    }

    private void writeHeader(long address, Frame frame, int buffers) {
        NetHeader.write(address, headerBytes, frame, buffers);
        if (segmentCounts) {
            SegmentCount.write(address, frame);
        }
        if (headerBytes == NetHeader.HASH_BYTES) {
            NetHeader.writeHash(address, hash.value, hash.report);
        }
    }

    private void writeScatteredHeader(Frame room, int buffers) {
        writeHeader(headerScratch.address(), room, buffers);
        long from = headerScratch.address();
        for (int i = 0; i < headerParts; i++) {
            HostMemory.copy(from, headerPart[i], headerPartLength[i]);
            from += headerPartLength[i];
        }
    }

    /** Puts all reserved chains, which were not written, back into the ring. */
    void returnChains() {
        queue.unpop(taken);
        taken = 0;
    }

    /** Puts all reserved chains, which may have been written, back into the ring. */
    void discard() {
        queue.unpopWritten(taken);
        taken = 0;
    }

    /** Copies all bytes of {@code from} to the first bytes of {@code to}, which is at least as long. */
    private static void copy(Frame from, Frame to) {
        int piece = 0;
        long target = to.address[0];
        int room = to.length[0];
        for (int i = 0; i < from.pieces; i++) {
            long source = from.address[i];
            int left = from.length[i];
            while (left > 0) {
                if (room == 0) {
                    piece++;
                    target = to.address[piece];
                    room = to.length[piece];
                }
                int part = Math.min(left, room);
                HostMemory.copy(source, target, part);
                source += part;
                target += part;
                left -= part;
                room -= part;
            }
        }
    }
}
