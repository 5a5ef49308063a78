// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.packet;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.IoVector;

/** Writes frames to a packet socket: one writev(2) for each frame, without copying its pieces. */
final class PacketWriter {
    private static final int HEADER_LENGTH_FIELD = 2;

    private final IoVector vector = new IoVector();
    private final MemorySegment header = Arena.ofAuto().allocate(NetHeader.BYTES, Long.BYTES);
    private final MemorySegment tail = Arena.ofAuto().allocate(Frame.MAX_BYTES, 64);
    private int fd;

    PacketWriter(int fd) {
        this.fd = fd;
    }

    /** Switches to another descriptor. */
    void fd(int another) {
        fd = another;
    }

    /** Writes a frame; returns 0 or a positive errno. */
    int write(Frame frame) {
        if (frame.bytes > Frame.MAX_BYTES) {
            return Errno.EMSGSIZE;
        }
        long at = header.address();
        NetHeader.write(at, NetHeader.BYTES, frame, 1);
        if (frame.headerLength > frame.bytes) {
            // hdr_len is only the sender's hint, and a wrong one would make the kernel refuse the frame; 0 means no
            // hint.
            HostMemory.putShortLE(at + HEADER_LENGTH_FIELD, 0);
        }
        vector.set(0, at, PacketSocket.HEADER_BYTES);
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
        return Math.max(0, -vector.write(fd, count));
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
}
