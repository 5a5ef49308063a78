// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.util.Arrays;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.PacketBuilder;

/** The frame that is sent over and over, after its virtio-net header. */
final class LoadFrame {
    /** Payload of the segments that a super-frame stands for. */
    static final int MSS = 1448;
    /** Payload of a super-frame: as many whole segments as fit. */
    static final int SUPER_PAYLOAD = 45 * MSS;

    /** Number of the source's MAC address, as in {@link PacketBuilder#mac}. */
    static final int FROM = 1;
    /** Number of the destination's. */
    static final int TO = 2;

    private static final int UDP_HEADERS = 42;

    private final byte[] bytes;
    private final int headBytes;

    private LoadFrame(byte[] bytes, int headBytes) {
        this.bytes = bytes;
        this.headBytes = headBytes;
    }

    /** What kinds there are. */
    enum Kind {
        /** A UDP datagram. */
        PLAIN,
        /** A TCP super-frame. */
        TSO,
        /** A UDP super-frame. */
        USO
    }

    /**
     * Makes a frame.
     *
     * @param headerBytes of the virtio-net header
     * @param frameBytes of a plain frame
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

    /** Bytes of header and frame together. */
    int size() {
        return bytes.length;
    }

    /** Header and frame; not to be changed. */
    byte[] bytes() {
        return bytes;
    }

    /**
     * Lengths of the buffers of a frame whose headers lie in the first of several, as Linux lays it out; the payload is divided
     * evenly among the others.
     *
     * @param buffers how many, at least 1
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

    /** How much of them a driver writes each time: all headers. */
    int headBytes() {
        return headBytes;
    }

    /**
     * Lengths of the pieces that go into a descriptor each.
     *
     * @param pieces how many of about the same length, when {@code pageBytes} is 0
     * @param pageBytes most bytes of payload in one piece, after a piece with all headers; 0 for pieces of the same length
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
