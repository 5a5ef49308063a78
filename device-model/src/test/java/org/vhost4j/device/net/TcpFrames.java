// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.nio.ByteBuffer;

/** Creates plain TCP segments of one flow over IPv4 (RFC 9293, RFC 791), with correct checksums. */
final class TcpFrames {
    private static final int ETHERNET = 14;
    private static final int IP = 20;
    private static final int TCP = 20;
    private static final int TCP_PROTOCOL = 6;

    private TcpFrames() {}

    /**
     * Returns a segment of the flow.
     *
     * @param from the sending station, 1 to 127
     * @param to the receiving station, 1 to 127
     * @param index index of the segment in the flow, from 0
     * @param payload payload length in bytes, the same for all segments of a flow
     */
    static byte[] segment(int from, int to, int index, int payload) {
        byte[] frame = new byte[ETHERNET + IP + TCP + payload];
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        bytes.put(new byte[] {2, 0, 0, 0, 0, (byte) to, 2, 0, 0, 0, 0, (byte) from});
        bytes.putShort((short) 0x0800);
        bytes.put((byte) 0x45).put((byte) 0).putShort((short) (IP + TCP + payload));
        bytes.putShort((short) (7 + index)).putShort((short) 0x4000);
        bytes.put((byte) 64).put((byte) TCP_PROTOCOL).putShort((short) 0);
        bytes.put(new byte[] {10, 0, 0, (byte) from, 10, 0, 0, (byte) to});
        bytes.putShort((short) 1000).putShort((short) 2000);
        bytes.putInt(1 + index * payload).putInt(1);
        bytes.put((byte) 0x50).put((byte) 0x10).putShort((short) 1024).putInt(0);
        while (bytes.hasRemaining()) {
            bytes.put((byte) (bytes.position() * 7 + index));
        }
        bytes.putShort(ETHERNET + 10, (short) ~sum(frame, ETHERNET, ETHERNET + IP, 0));
        int pseudo = TCP_PROTOCOL + TCP + payload + sum(frame, ETHERNET + 12, ETHERNET + IP, 0);
        bytes.putShort(ETHERNET + IP + 16, (short) ~sum(frame, ETHERNET + IP, frame.length, pseudo));
        return frame;
    }

    /** Returns the ones' complement sum (RFC 1071) of the bytes {@code from} to {@code to}. */
    private static int sum(byte[] frame, int from, int to, int initial) {
        int sum = initial;
        for (int i = from; i < to; i += 2) {
            sum += (frame[i] & 0xff) << 8 | (i + 1 < to ? frame[i + 1] & 0xff : 0);
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }
}
