// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A UDP super-frame over IPv4 behind a 10-byte virtio-net header, as a guest with HOST_USO sends it. Its addresses are those
 * that RFC 5737 keeps for documentation.
 */
final class UdpSuperFrame {
    /** {@code VIRTIO_NET_HDR_GSO_UDP_L4}. */
    static final int UDP_L4 = 5;
    /** A {@code gso_type} that has no meaning; every kernel refuses it. */
    static final int MEANINGLESS = 6;

    private static final int VNET_HEADER = 10;
    private static final int ETHERNET = 14;
    private static final int IPV4 = 20;
    private static final int UDP = 8;
    private static final int SEGMENT = 8;
    private static final int UDP_CHECKSUM = 6;
    private static final byte NEEDS_CSUM = 1;
    private static final byte PROTOCOL_UDP = 17;

    private UdpSuperFrame() {}

    /**
     * A frame.
     *
     * @param gsoType the header's {@code gso_type}
     * @param segments how many datagrams of 8 bytes it holds, 1 to 1000
     * @return header and frame
     */
    static byte[] of(int gsoType, int segments) {
        int payload = segments * SEGMENT;
        ByteBuffer frame = ByteBuffer.allocate(VNET_HEADER + ETHERNET + IPV4 + UDP + payload);
        frame.order(ByteOrder.nativeOrder())
                .put(NEEDS_CSUM)
                .put((byte) gsoType)
                .putShort((short) (ETHERNET + IPV4 + UDP))
                .putShort((short) SEGMENT)
                .putShort((short) (ETHERNET + IPV4))
                .putShort((short) UDP_CHECKSUM);
        frame.order(ByteOrder.BIG_ENDIAN)
                .put(new byte[] {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2})
                .putShort((short) 0x0800)
                .put((byte) 0x45)
                .put((byte) 0)
                .putShort((short) (IPV4 + UDP + payload))
                .putInt(0)
                .put((byte) 1)
                .put(PROTOCOL_UDP)
                .putShort((short) 0)
                .put(new byte[] {(byte) 192, 0, 2, 1, (byte) 192, 0, 2, 2})
                .putShort((short) 9)
                .putShort((short) 9)
                .putShort((short) (UDP + payload))
                .putShort((short) 0);
        return frame.array();
    }
}
