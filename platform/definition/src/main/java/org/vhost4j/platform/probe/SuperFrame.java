// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Creates IPv4 super-frames with a 10-byte virtio-net header, as a guest with HOST_USO or HOST_TSO4 sends them. Their addresses are
 * reserved for documentation (RFC 5737).
 */
final class SuperFrame {
    /** {@code VIRTIO_NET_HDR_GSO_TCPV4}. */
    static final int TCPV4 = 1;
    /** {@code VIRTIO_NET_HDR_GSO_UDP_L4}. */
    static final int UDP_L4 = 5;
    /** An undefined {@code gso_type}, which every kernel refuses. */
    static final int MEANINGLESS = 6;

    private static final int VNET_HEADER = 10;
    private static final int ETHERNET = 14;
    private static final int IPV4 = 20;
    private static final int UDP = 8;
    private static final int UDP_SEGMENT = 8;
    private static final int UDP_CHECKSUM = 6;
    private static final int TCP = 20;
    /** Payload bytes of a TCP segment with timestamps for an MTU of 1500. */
    private static final int TCP_SEGMENT = 1448;

    private static final int TCP_CHECKSUM = 16;
    private static final byte TCP_HEADER_WORDS = (byte) 0x50;
    private static final byte TCP_ACK = 0x10;
    private static final byte NEEDS_CSUM = 1;
    private static final byte PROTOCOL_TCP = 6;
    private static final byte PROTOCOL_UDP = 17;

    private SuperFrame() {}

    /**
     * Creates a UDP super-frame.
     *
     * @param gsoType the header's {@code gso_type}
     * @param segments number of datagrams of 8 bytes, 1 to 1000
     * @return header and frame
     */
    static byte[] udp(int gsoType, int segments) {
        int payload = segments * UDP_SEGMENT;
        return begin(gsoType, PROTOCOL_UDP, UDP, UDP_SEGMENT, UDP_CHECKSUM, payload)
                .putShort((short) 9)
                .putShort((short) 9)
                .putShort((short) (UDP + payload))
                .putShort((short) 0)
                .array();
    }

    /**
     * Creates a TCP super-frame of full segments and a shorter last one.
     *
     * @param segments number of segments, 2 to 40
     * @param last payload bytes of the last segment, 1 to 1448
     * @return header and frame
     */
    static byte[] tcp(int segments, int last) {
        int payload = (segments - 1) * TCP_SEGMENT + last;
        return begin(TCPV4, PROTOCOL_TCP, TCP, TCP_SEGMENT, TCP_CHECKSUM, payload)
                .putShort((short) 9)
                .putShort((short) 9)
                .putInt(1)
                .putInt(1)
                .put(TCP_HEADER_WORDS)
                .put(TCP_ACK)
                .putShort((short) 1024)
                .putShort((short) 0)
                .putShort((short) 0)
                .array();
    }

    private static ByteBuffer begin(
            int gsoType, byte protocol, int header, int segment, int checksumOffset, int payload) {
        ByteBuffer frame = ByteBuffer.allocate(VNET_HEADER + ETHERNET + IPV4 + header + payload);
        frame.order(ByteOrder.nativeOrder())
                .put(NEEDS_CSUM)
                .put((byte) gsoType)
                .putShort((short) (ETHERNET + IPV4 + header))
                .putShort((short) segment)
                .putShort((short) (ETHERNET + IPV4))
                .putShort((short) checksumOffset);
        return frame.order(ByteOrder.BIG_ENDIAN)
                .put(new byte[] {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2})
                .putShort((short) 0x0800)
                .put((byte) 0x45)
                .put((byte) 0)
                .putShort((short) (IPV4 + header + payload))
                .putInt(0)
                .put((byte) 1)
                .put(protocol)
                .putShort((short) 0)
                .put(new byte[] {(byte) 192, 0, 2, 1, (byte) 192, 0, 2, 2});
    }
}
