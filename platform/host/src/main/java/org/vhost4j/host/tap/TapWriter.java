// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.port.Refusals;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.IoVector;
import org.vhost4j.sys.SystemError;

/** Writes frames to a TAP: one writev(2) for each frame, without copying its pieces. */
final class TapWriter {
    private static final int HEADER_LENGTH_FIELD = 2;

    private int fd;
    private final int headerBytes;
    private final Consumer<String> trouble;
    private final IoVector vector = new IoVector();
    private final MemorySegment header = Arena.ofAuto().allocate(NetHeader.TUNNEL_BYTES, Long.BYTES);
    private final MemorySegment tail = Arena.ofAuto().allocate(Frame.MAX_BYTES);
    private final PortCounters counters;
    private final Refusals refusals;
    private boolean blocked;

    TapWriter(int fd, int headerBytes, PortCounters counters, Consumer<String> trouble) {
        this.fd = fd;
        this.headerBytes = headerBytes;
        this.trouble = trouble;
        this.counters = counters;
        this.refusals = new Refusals(counters);
    }

    /** Switches to another descriptor. */
    void fd(int another) {
        fd = another;
        blocked = false;
    }

    int write(Frame frame) {
        if (frame.bytes > Frame.MAX_BYTES) {
            return refuse(Errno.EMSGSIZE);
        }
        long at = header.address();
        NetHeader.write(at, NetHeader.BYTES, frame, 1);
        if (frame.headerLength > frame.bytes) {
            // hdr_len is only the sender's hint, and a wrong one would make the kernel refuse the frame; 0 means no
            // hint.
            HostMemory.putShortLE(at + HEADER_LENGTH_FIELD, 0);
        }
        if (headerBytes == NetHeader.TUNNEL_BYTES) {
            NetHeader.writeTunnel(at, frame);
        }
        vector.set(0, at, headerBytes);
        int pieces = frame.pieces;
        int direct = pieces < IoVector.MAX_PIECES ? pieces : IoVector.MAX_PIECES - 2;
        for (int i = 0; i < direct; i++) {
            vector.set(1 + i, frame.address[i], frame.length[i]);
        }
        int count = 1 + direct;
        if (direct < pieces) {
            vector.set(count, tail.address(), gather(frame, direct));
            count++;
        }
        int written = vector.write(fd, count);
        if (written < 0) {
            return refuse(-written);
        }
        blocked = false;
        counters.out(frame.bytes, frame.gsoType != Frame.GSO_NONE);
        return FramePort.DELIVERED;
    }

    /** Copies the pieces that exceed the limit of one call into a single piece. */
    private int gather(Frame frame, int from) {
        int length = 0;
        for (int i = from; i < frame.pieces; i++) {
            HostMemory.copy(frame.address[i], tail.address() + length, frame.length[i]);
            length += frame.length[i];
        }
        return length;
    }

    private int refuse(int errno) {
        if (errno == Errno.EAGAIN) {
            blocked = true;
            return FramePort.NO_ROOM;
        }
        if (refusals.count(errno)) {
            trouble.accept(
                    errno == Errno.EIO
                            ? "the kernel refuses a frame: the interface is down"
                            : new SystemError("the kernel refuses a frame", errno).getMessage());
        }
        return FramePort.REFUSED;
    }

    /** Records that the sender drops the frame for which there was no room. */
    void dropped() {
        blocked = false;
        counters.drop(PortDrop.NO_ROOM);
    }

    /** Returns whether there was no room for the last frame; there is no notification when room becomes free. */
    boolean blocked() {
        return blocked;
    }
}
