// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.LandingPort;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.port.IncomingFrame;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.IoVector;

/**
 * Reads frames from a TAP: one readv(2) for each frame, into the buffers of the only receiver or into the reader's own buffer.
 *
 * <p>The kernel truncates a frame that does not fit, so every read has room for the longest one: the reader's buffer follows the receiver's
 * buffers. The number of bytes to reserve in the receiver's buffers is predicted from earlier frames; if the prediction is wrong, the frame
 * is copied.
 */
final class TapReader {
    /** Minimum number of bytes to reserve: a full frame of an interface with an MTU of 1500, with a VLAN tag. */
    private static final int ORDINARY = 1518;
    /** Number of frames after which the prediction is updated. */
    private static final int WINDOW = 256;
    /** Maximum number of reserved pieces in one call, which also has the header before them and the reader's buffer after them. */
    private static final int LANDING_PIECES = IoVector.MAX_PIECES - 2;

    private int fd;
    private final int headerBytes;
    private final PortCounters counters;
    private final IncomingFrame incoming;
    private final OffloadEngine engine;

    private final IoVector vector = new IoVector();
    private final MemorySegment header = Arena.ofAuto().allocate(NetHeader.TUNNEL_BYTES, Long.BYTES);
    private final MemorySegment buffer = Arena.ofAuto().allocate(Frame.MAX_BYTES, 64);
    private final Frame landing = new Frame();
    private final Frame staged;

    private int expected = ORDINARY;
    private int longest = ORDINARY;
    private int lastLongest = ORDINARY;
    private int windowFrames;

    private long copied;

    TapReader(int fd, int headerBytes, IncomingFrame incoming, PortCounters counters, OffloadEngine engine) {
        this.fd = fd;
        this.headerBytes = headerBytes;
        this.incoming = incoming;
        this.staged = incoming.frame;
        this.counters = counters;
        this.engine = engine;
    }

    /** Switches to another descriptor. A frame that waits for room keeps waiting. */
    void fd(int another) {
        fd = another;
    }

    /** Returns the address of memory for a frame that another process has handed over. */
    long memory() {
        return buffer.address();
    }

    /** Reads and forwards one frame; {@code receiver} is the only receiver, if it accepts all offloads of the TAP; otherwise null. */
    int read(@Nullable LandingPort receiver) {
        if (incoming.waits()) {
            return incoming.offer();
        }
        return receiver != null && receiver.reserve(landing, expected) ? land(receiver) : stage();
    }

    private int land(LandingPort receiver) {
        int pieces = Math.min(landing.pieces, LANDING_PIECES);
        int room = 0;
        vector.set(0, header.address(), headerBytes);
        for (int i = 0; i < pieces; i++) {
            vector.set(1 + i, landing.address[i], landing.length[i]);
            room += landing.length[i];
        }
        int count = 1 + pieces;
        if (room < Frame.MAX_BYTES) {
            vector.set(count, buffer.address() + room, Frame.MAX_BYTES - room);
            count++;
        }
        int length = vector.read(fd, count) - headerBytes;
        if (length <= 0) {
            receiver.commit(landing, 0);
            return nothing(length + headerBytes);
        }
        NetHeader.read(header.address(), landing);
        guess(length);
        int takes = receiver.accepts();
        if (length > room || (needs(landing) & ~takes) != 0) {
            return stageFromLanding(receiver, Math.min(length, room), length);
        }
        if ((takes & Offloads.CSUM) == 0) {
            // A driver without GUEST_CSUM must not see any flag, not even DATA_VALID.
            landing.flags = 0;
        }
        counters.in(length, landing.gsoType != Frame.GSO_NONE);
        receiver.commit(landing, length);
        return IncomingFrame.MOVED;
    }

    /**
     * Returns the offloads that a frame needs according to its virtio-net header alone. For tunnels and unknown types, returns a bit that
     * no receiver accepts.
     */
    private static int needs(Frame frame) {
        int needs = (frame.flags & Frame.NEEDS_CSUM) != 0 ? Offloads.CSUM : 0;
        needs |= (frame.gsoType & Frame.GSO_ECN) != 0 ? Offloads.ECN : 0;
        return switch (frame.gsoType & ~Frame.GSO_ECN) {
            case Frame.GSO_NONE -> needs;
            case Frame.GSO_TCPV4 -> needs | Offloads.TSO4;
            case Frame.GSO_TCPV6 -> needs | Offloads.TSO6;
            case Frame.GSO_UDP -> needs | Offloads.UFO;
            case Frame.GSO_UDP_L4 -> needs | Offloads.USO4 | Offloads.USO6;
            default -> -1;
        };
    }

    /**
     * Copies a frame out of the reserved buffers and forwards it to the sink: it is too long for them, or the receiver does not accept it.
     */
    private int stageFromLanding(LandingPort receiver, int landed, int length) {
        int at = 0;
        for (int i = 0; at < landed; i++) {
            int part = Math.min(landing.length[i], landed - at);
            HostMemory.copy(landing.address[i], buffer.address() + at, part);
            at += part;
        }
        receiver.discard(landing);
        return staged(length);
    }

    private int stage() {
        vector.set(0, header.address(), headerBytes);
        vector.set(1, buffer.address(), Frame.MAX_BYTES);
        int length = vector.read(fd, 2) - headerBytes;
        if (length <= 0) {
            return nothing(length + headerBytes);
        }
        guess(length);
        return staged(length);
    }

    private int staged(int length) {
        staged.clear();
        NetHeader.read(header.address(), staged);
        if (headerBytes == NetHeader.TUNNEL_BYTES) {
            NetHeader.readTunnel(header.address(), staged);
        }
        if (!staged.add(buffer.address(), length)
                || engine.check(staged, Offloads.ALL_WITH_TUNNELS | OffloadEngine.TRUSTED) != null) {
            counters.drop(PortDrop.BAD_HEADER);
            return IncomingFrame.MOVED;
        }
        copied++;
        return incoming.pass();
    }

    private int nothing(int result) {
        if (result == -Errno.EAGAIN) {
            return IncomingFrame.EMPTY;
        }
        if (result == -Errno.EBADFD) {
            return IncomingFrame.GONE;
        }
        // The kernel has dropped the frame: the receiver's memory is gone (EFAULT), or the kernel had no memory for the
        // header (ENOMEM).
        counters.drop(PortDrop.READ_FAILED);
        return IncomingFrame.MOVED;
    }

    /** Updates the predicted length: a longer frame raises it at once; the effect of that frame ends after one to two windows. */
    private void guess(int length) {
        windowFrames++;
        if (windowFrames == WINDOW) {
            windowFrames = 0;
            lastLongest = longest;
            longest = ORDINARY;
        }
        longest = Math.max(longest, length);
        expected = Math.max(longest, lastLongest);
    }

    long copied() {
        return copied;
    }
}
