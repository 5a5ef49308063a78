// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import org.vhost4j.device.frame.Frame;

/** Creates IPv4 frames with TCP or UDP for tests, and checks them; written for clarity, byte by byte. */
public final class Packet {
    static final byte[] TO = {0x52, 0x54, 0, 0, 0, 2};
    static final byte[] FROM = {0x52, 0x54, 0, 0, 0, 1};
    public static final int TCP = 6;
    public static final int UDP = 17;
    private static final int ETHERNET = 14;
    private static final int IP = 20;

    private Packet() {}

    /**
     * Creates a frame whose checksum field has the pseudo-header's sum, as a sender with checksum offload writes it.
     */
    public static byte[] of(int protocol, int payload) {
        int transport = protocol == TCP ? 20 : 8;
        ByteBuffer b = ByteBuffer.allocate(ETHERNET + IP + transport + payload);
        b.put(TO).put(FROM).putShort((short) 0x0800);
        b.put((byte) 0x45).put((byte) 0).putShort((short) (IP + transport + payload));
        b.putShort((short) 0x1234)
                .putShort((short) 0x4000)
                .put((byte) 64)
                .put((byte) protocol)
                .putShort((short) 0);
        b.put(new byte[] {(byte) 192, 0, 2, 1, (byte) 192, 0, 2, 2});
        b.putShort((short) 4000).putShort((short) 5000);
        if (protocol == TCP) {
            b.putInt(1_000_000).putInt(0).put((byte) 0x50).put((byte) 0x10).putShort((short) 0x1000);
            b.putInt(0);
        } else {
            b.putShort((short) (8 + payload)).putShort((short) 0);
        }
        for (int i = 0; i < payload; i++) {
            b.put((byte) (i * 7 + (i >> 8)));
        }
        byte[] frame = b.array();
        b.putShort(24, (short) ~fold(sum(frame, ETHERNET, ETHERNET + IP)));
        b.putShort(checksumField(protocol), (short) fold(pseudoHeader(frame)));
        return frame;
    }

    public static int checksumStart() {
        return ETHERNET + IP;
    }

    public static int checksumOffset(int protocol) {
        return protocol == TCP ? 16 : 6;
    }

    private static int checksumField(int protocol) {
        return checksumStart() + checksumOffset(protocol);
    }

    public static int headers(int protocol) {
        return ETHERNET + IP + (protocol == TCP ? 20 : 8);
    }

    public static boolean isOurs(byte[] frame) {
        return frame.length > ETHERNET + IP
                && frame[12] == 8
                && frame[13] == 0
                && frame[5] == TO[5]
                && frame[0] == TO[0];
    }

    /** Returns whether both checksums of a complete frame are correct. */
    public static boolean isSound(byte[] frame) {
        int end = ETHERNET + (((frame[16] & 0xff) << 8) | (frame[17] & 0xff));
        return end == frame.length
                && fold(sum(frame, ETHERNET, ETHERNET + IP)) == 0xffff
                && fold(pseudoHeader(frame) + sum(frame, ETHERNET + IP, end)) == 0xffff;
    }

    private static long pseudoHeader(byte[] frame) {
        return sum(frame, 26, 34) + (frame[23] & 0xff) + frame.length - ETHERNET - IP;
    }

    private static long sum(byte[] bytes, int from, int to) {
        long sum = 0;
        for (int i = from; i < to; i++) {
            sum += (i - from) % 2 == 0 ? (bytes[i] & 0xffL) << 8 : bytes[i] & 0xffL;
        }
        return sum;
    }

    private static int fold(long sum) {
        long folded = sum;
        while (folded >> 16 != 0) {
            folded = (folded & 0xffff) + (folded >> 16);
        }
        return (int) folded;
    }

    /** Copies the bytes to native memory, as one frame of pieces of the given length. */
    public static Frame frame(Arena arena, byte[] bytes, int pieceLength) {
        MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
        Frame frame = new Frame();
        for (int at = 0; at < bytes.length; at += pieceLength) {
            if (!frame.add(memory.address() + at, Math.min(pieceLength, bytes.length - at))) {
                throw new AssertionError("too many pieces");
            }
        }
        return frame;
    }

    /** Copies the bytes to native memory, as a frame with the header of a super-frame. */
    public static Frame superFrame(Arena arena, byte[] bytes, int protocol, int gsoSize) {
        Frame frame = frame(arena, bytes, 4096);
        frame.flags = Frame.NEEDS_CSUM;
        frame.gsoType = protocol == TCP ? Frame.GSO_TCPV4 : Frame.GSO_UDP_L4;
        frame.gsoSize = gsoSize;
        frame.headerLength = headers(protocol);
        frame.checksumStart = checksumStart();
        frame.checksumOffset = checksumOffset(protocol);
        return frame;
    }
}
