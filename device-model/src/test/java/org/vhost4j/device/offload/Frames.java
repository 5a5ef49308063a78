// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.vhost4j.device.frame.Frame;

/** Converts byte arrays to frames and back. */
public final class Frames {
    private Frames() {}

    /** Appends bytes to a frame in up to {@code pieces} pieces of random length, each in separate memory. */
    public static void scatter(Arena arena, Frame frame, byte[] bytes, SplittableRandom random, int pieces) {
        int at = 0;
        for (int left = Math.min(pieces, bytes.length); left > 0; left--) {
            int rest = bytes.length - at;
            int most = Math.max(1, Math.min(rest - (left - 1), 2 * rest / left));
            int length = left == 1 ? rest : 1 + random.nextInt(most);
            add(arena, frame, bytes, at, length, random.nextInt(8));
            at += length;
        }
    }

    /** Appends one piece to a frame. */
    static void add(Arena arena, Frame frame, byte[] bytes, int at, int length, int alignment) {
        MemorySegment memory = arena.allocate(alignment + length, 8).asSlice(alignment);
        MemorySegment.copy(bytes, at, memory, ValueLayout.JAVA_BYTE, 0, length);
        if (!frame.add(memory.address(), length)) {
            throw new IllegalArgumentException("more than " + Frame.MAX_PIECES + " pieces");
        }
    }

    /** Returns the frame's bytes. */
    public static byte[] bytes(Frame frame) {
        byte[] bytes = new byte[frame.bytes];
        int at = 0;
        for (int i = 0; i < frame.pieces; i++) {
            MemorySegment piece = MemorySegment.ofAddress(frame.address[i]).reinterpret(frame.length[i]);
            MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, 0, bytes, at, frame.length[i]);
            at += frame.length[i];
        }
        if (at != bytes.length) {
            throw new IllegalStateException("frame.bytes is " + bytes.length + ", its pieces have " + at);
        }
        return bytes;
    }
}
