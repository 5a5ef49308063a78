// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.util.Arrays;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.PacketBuilder;

/** The frame that is sent repeatedly, with its virtio-net header. */
final class LoadFrame {
    /** Payload bytes of each segment of a super-frame. */
    static final int MSS = 1448;
    /** Payload bytes of a super-frame: as many full segments as fit. */
    static final int SUPER_PAYLOAD = 45 * MSS;

    /** Number of the source's MAC address, as in {@link PacketBuilder#mac}. */
    static final int FROM = 1;
    /** Number of the destination's MAC address. */
    static final int TO = 2;

    private static final int UDP_HEADERS = 42;

    private final byte[] bytes;
    private final int headBytes;

    private LoadFrame(byte[] bytes, int headBytes) {
        this.bytes = bytes;
        this.headBytes = headBytes;
    }

    /** The kinds of frames. */
    enum Kind {
        /** A UDP datagram. */
        PLAIN,
        /** A TCP super-frame. */
        TSO,
        /** A UDP super-frame. */
        USO
    }

    /**
     * Creates a frame.
     *
     * @param headerBytes length of the virtio-net header in bytes
     * @param frameBytes length of a plain frame in bytes
     */
    static LoadFrame of(Kind kind, int headerBytes, int frameBytes) {
        return switch (kind) {
            case PLAIN -> {
                PacketBuilder builder =
                        PacketBuilder.udp4().macs(FROM, TO).payload(Math.max(0, frameBytes - UDP_HEADERS), 1);
                yield join(DriverHeader.PLAIN, headerBytes, builder.complete(), builder.headerLength());
            }
            case TSO -> superFrame(PacketBuilder.tcp4(), headerBytes);
            case USO -> superFrame(PacketBuilder.udp4(), headerBytes);
        };
    }

    private static LoadFrame superFrame(PacketBuilder builder, int headerBytes) {
        builder.macs(FROM, TO).payload(SUPER_PAYLOAD, 1);
        return join(builder.superHeader(MSS), headerBytes, builder.partial(), builder.headerLength());
    }

    private static LoadFrame join(DriverHeader header, int headerBytes, byte[] frame, int packetHeaders) {
        byte[] bytes = Arrays.copyOf(header.toBytes(headerBytes), headerBytes + frame.length);
        System.arraycopy(frame, 0, bytes, headerBytes, frame.length);
        return new LoadFrame(bytes, headerBytes + packetHeaders);
    }

    /** Returns the number of bytes of header and frame together. */
    int size() {
        return bytes.length;
    }

    /** Returns header and frame; the caller must not change the array. */
    byte[] bytes() {
        return bytes;
    }

    /**
     * Returns the lengths of the buffers of a frame whose headers are in the first of several, as in Linux; the payload
     * is divided evenly among the others.
     *
     * @param buffers number of buffers, at least 1
     * @throws IllegalArgumentException when there is less than a byte of payload for each
     */
    int[] buffers(int buffers) {
        if (buffers == 1) {
            return cut(1, 0);
        }
        int payload = bytes.length - headBytes;
        if (payload < buffers - 1) {
            throw new IllegalArgumentException(
                    "%d bytes of payload do not fill %d buffers".formatted(payload, buffers - 1));
        }
        int[] lengths = new int[buffers];
        lengths[0] = headBytes;
        for (int i = 1; i < buffers; i++) {
            lengths[i] = payload / (buffers - 1) + (i <= payload % (buffers - 1) ? 1 : 0);
        }
        return lengths;
    }

    /** Returns the number of bytes that a driver writes for each frame: all headers. */
    int headBytes() {
        return headBytes;
    }

    /**
     * Returns the lengths of the pieces, one for each descriptor.
     *
     * @param pieces number of pieces of about the same length, when {@code pageBytes} is 0
     * @param pageBytes maximum bytes of payload in one piece, after a piece with all headers; 0 for pieces of the same
     *     length
     */
    int[] cut(int pieces, int pageBytes) {
        if (pageBytes == 0) {
            int[] lengths = new int[pieces];
            for (int i = 0; i < pieces; i++) {
                lengths[i] = bytes.length / pieces + (i < bytes.length % pieces ? 1 : 0);
            }
            return lengths;
        }
        int payload = bytes.length - headBytes;
        int[] lengths = new int[1 + (payload + pageBytes - 1) / pageBytes];
        lengths[0] = headBytes;
        for (int i = 1; i < lengths.length; i++) {
            lengths[i] = Math.min(pageBytes, payload - (i - 1) * pageBytes);
        }
        return lengths;
    }
}
