// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;

/** Creates frames of random bytes, and encodes and decodes the stream's format as the peer does. */
final class RawFrames {
    private RawFrames() {}

    static byte[] random(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** A length that is short most of the time and at a border now and then. */
    static int length(SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> Frame.ETHERNET_HEADER;
            case 1 -> Frame.MAX_BYTES;
            case 2 -> 2048 + random.nextInt(3) - 1;
            case 3, 4 -> Frame.ETHERNET_HEADER + random.nextInt(Frame.MAX_BYTES - Frame.ETHERNET_HEADER);
            default -> Frame.ETHERNET_HEADER + random.nextInt(1500);
        };
    }

    /** The bytes in so many pieces, or fewer. */
    static Frame frame(Arena arena, byte[] bytes, int pieces) {
        MemorySegment memory = arena.allocate(bytes.length);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        Frame frame = new Frame();
        int size = Math.ceilDiv(bytes.length, pieces);
        for (int at = 0; at < bytes.length; at += size) {
            boolean added = frame.add(memory.address() + at, Math.min(size, bytes.length - at));
            assert added;
        }
        frame.needs = 0;
        return frame;
    }

    static byte[] bytes(Frame frame) {
        ByteBuffer bytes = ByteBuffer.allocate(frame.bytes);
        for (int i = 0; i < frame.pieces; i++) {
            bytes.put(MemorySegment.ofAddress(frame.address[i])
                    .reinterpret(frame.length[i])
                    .toArray(ValueLayout.JAVA_BYTE));
        }
        return bytes.array();
    }

    /** As it is on the stream. */
    static byte[] onStream(byte[] frame) {
        return ByteBuffer.allocate(4 + frame.length)
                .putInt(frame.length)
                .put(frame)
                .array();
    }

    /** Reads what is there, so many bytes at most; returns how many there were. */
    static int read(Fd from, int most, ByteArrayOutputStream to) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(most);
            int count = LibC.read(from.number(), memory.address(), most);
            if (count == -Errno.EAGAIN) {
                return 0;
            }
            assert count >= 0 : count;
            to.writeBytes(memory.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
            return count;
        }
    }

    /** Writes as much as there is room for; returns how much that was. */
    static int write(Fd to, byte[] bytes, int from, int most) {
        int length = Math.min(most, bytes.length - from);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(1, length));
            MemorySegment.copy(bytes, from, memory, ValueLayout.JAVA_BYTE, 0, length);
            int count = LibC.write(to.number(), memory.address(), length);
            assert count >= 0 || count == -Errno.EAGAIN : count;
            return Math.max(0, count);
        }
    }
}
