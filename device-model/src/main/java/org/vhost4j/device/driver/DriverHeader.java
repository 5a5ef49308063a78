// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.util.Arrays;

/**
 * The virtio-net header before every frame (virtio 1.4 section 5.1.6), as a driver writes and reads it. No value is
 * checked, so that tests can send any header.
 *
 * @param flags flags such as {@link #NEEDS_CSUM} and {@link #DATA_VALID}; 8 bits
 * @param gsoType one of the {@code GSO_} types, with {@link #GSO_ECN} or without; 8 bits
 * @param hdrLen length of all protocol headers in bytes, a hint; 16 bits
 * @param gsoSize payload bytes in each segment; 16 bits
 * @param csumStart offset in the frame at which the checksum calculation starts; 16 bits
 * @param csumOffset offset after csumStart where the checksum is stored; 16 bits
 * @param numBuffers number of receive buffers that the frame fills; 16 bits, absent from a header of {@link
 *     #LEGACY_BYTES}
 */
public record DriverHeader(
        int flags, int gsoType, int hdrLen, int gsoSize, int csumStart, int csumOffset, int numBuffers) {
    /** Size in bytes with VIRTIO_F_VERSION_1 or VIRTIO_NET_F_MRG_RXBUF. */
    public static final int BYTES = 12;
    /** Size in bytes with neither VIRTIO_F_VERSION_1 nor VIRTIO_NET_F_MRG_RXBUF: numBuffers is absent. */
    public static final int LEGACY_BYTES = 10;

    /**
     * Size in bytes with VIRTIO_NET_F_HASH_REPORT: le32 hash_value, le16 hash_report and le16 padding follow
     * numBuffers.
     */
    public static final int HASH_BYTES = 20;

    /** Flag: the checksum is partial. */
    public static final int NEEDS_CSUM = 1;
    /** Flag: the checksum was verified. */
    public static final int DATA_VALID = 2;

    /** No segmentation. */
    public static final int GSO_NONE = 0;
    /** TCP over IPv4. */
    public static final int GSO_TCPV4 = 1;
    /** UDP, to be fragmented into IP fragments (UFO). */
    public static final int GSO_UDP = 3;
    /** TCP over IPv6. */
    public static final int GSO_TCPV6 = 4;
    /** UDP, to be segmented into datagrams (USO). */
    public static final int GSO_UDP_L4 = 5;
    /** Flag with a TCP type: the CWR flag is set in the TCP header. */
    public static final int GSO_ECN = 0x80;

    /** The header of a frame without offloads. */
    public static final DriverHeader PLAIN = new DriverHeader(0, 0, 0, 0, 0, 0, 0);

    /**
     * Returns the header of a frame with a partial checksum.
     *
     * @param csumStart offset in the frame at which the checksum calculation starts
     * @param csumOffset offset after {@code csumStart} at which the checksum is stored
     * @return the header
     */
    public static DriverHeader partialChecksum(int csumStart, int csumOffset) {
        return new DriverHeader(NEEDS_CSUM, GSO_NONE, 0, 0, csumStart, csumOffset, 0);
    }

    /**
     * Returns the header of a super-frame.
     *
     * @param gsoType one of the {@code GSO_} types
     * @param hdrLen length of all protocol headers in bytes
     * @param gsoSize payload bytes in each segment
     * @param csumStart offset in the frame at which the checksum calculation starts
     * @param csumOffset offset after {@code csumStart} at which the checksum is stored
     * @return the header
     */
    public static DriverHeader superFrame(int gsoType, int hdrLen, int gsoSize, int csumStart, int csumOffset) {
        return new DriverHeader(NEEDS_CSUM, gsoType, hdrLen, gsoSize, csumStart, csumOffset, 0);
    }

    /**
     * Reads a header.
     *
     * @param bytes array that contains the header
     * @param from index of the header's first byte
     * @param size size of the header: {@link #BYTES}, {@link #LEGACY_BYTES} or more; numBuffers of a legacy header is 1
     * @return the header
     */
    public static DriverHeader read(byte[] bytes, int from, int size) {
        return new DriverHeader(
                bytes[from] & 0xff,
                bytes[from + 1] & 0xff,
                get16(bytes, from + 2),
                get16(bytes, from + 4),
                get16(bytes, from + 6),
                get16(bytes, from + 8),
                size >= BYTES ? get16(bytes, from + 10) : 1);
    }

    /**
     * Returns the header as a driver writes it before a frame, little-endian.
     *
     * @param size size of the header in bytes, such as {@link #BYTES} or {@link #LEGACY_BYTES}; bytes after numBuffers
     *     are zero, and a smaller header is truncated
     * @return an array of {@code size} bytes
     */
    public byte[] toBytes(int size) {
        byte[] whole = new byte[Math.max(size, BYTES)];
        whole[0] = (byte) flags;
        whole[1] = (byte) gsoType;
        put16(whole, 2, hdrLen);
        put16(whole, 4, gsoSize);
        put16(whole, 6, csumStart);
        put16(whole, 8, csumOffset);
        put16(whole, 10, numBuffers);
        return Arrays.copyOf(whole, size);
    }

    /**
     * Returns the same header with another number of buffers.
     *
     * @param count number of buffers, 0 to 65535
     * @return the new header
     */
    public DriverHeader withNumBuffers(int count) {
        return new DriverHeader(flags, gsoType, hdrLen, gsoSize, csumStart, csumOffset, count);
    }

    private static int get16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) | ((bytes[at + 1] & 0xff) << 8);
    }

    private static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
    }
}
