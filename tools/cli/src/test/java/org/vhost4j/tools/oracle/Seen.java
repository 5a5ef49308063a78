// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.oracle;

import java.util.Arrays;
import org.vhost4j.device.offload.RecordingPort;

/** A frame and its header's fields without hdr_len, in a form for comparison and messages. */
final class Seen {
    private final int flags;
    private final int gsoType;
    private final int gsoSize;
    private final int checksumStart;
    private final int checksumOffset;
    private final int outerTransportOffset;
    private final int innerNetworkOffset;
    private final byte[] bytes;

    private Seen(
            int flags,
            int gsoType,
            int gsoSize,
            int checksumStart,
            int checksumOffset,
            int outerTransportOffset,
            int innerNetworkOffset,
            byte[] bytes) {
        this.flags = flags;
        this.gsoType = gsoType;
        this.gsoSize = gsoSize;
        this.checksumStart = checksumStart;
        this.checksumOffset = checksumOffset;
        this.outerTransportOffset = outerTransportOffset;
        this.innerNetworkOffset = innerNetworkOffset;
        this.bytes = bytes;
    }

    static Seen of(RecordingPort.Delivered frame) {
        return new Seen(
                frame.flags,
                frame.gsoType,
                frame.gsoSize,
                frame.checksumStart,
                frame.checksumOffset,
                frame.outerTransportOffset,
                frame.innerNetworkOffset,
                frame.bytes);
    }

    static Seen ofTap(byte[] read) {
        return new Seen(
                read[0],
                read[1] & 0xff,
                le16(read, 4),
                le16(read, 6),
                le16(read, 8),
                le16(read, 20),
                le16(read, 22),
                Arrays.copyOfRange(read, Tap.HEADER_BYTES, read.length));
    }

    private static int le16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) | (bytes[at + 1] & 0xff) << 8;
    }

    int gsoType() {
        return gsoType;
    }

    int outerTransportOffset() {
        return outerTransportOffset;
    }

    int innerNetworkOffset() {
        return innerNetworkOffset;
    }

    /** Not a copy. */
    byte[] bytes() {
        return bytes;
    }

    Seen withFlags(int other) {
        return new Seen(
                other,
                gsoType,
                gsoSize,
                checksumStart,
                checksumOffset,
                outerTransportOffset,
                innerNetworkOffset,
                bytes);
    }

    Seen withTunnel(int outer, int inner) {
        return new Seen(flags, gsoType, gsoSize, checksumStart, checksumOffset, outer, inner, bytes);
    }

    Seen withBytes(byte[] other) {
        return new Seen(
                flags,
                gsoType,
                gsoSize,
                checksumStart,
                checksumOffset,
                outerTransportOffset,
                innerNetworkOffset,
                other);
    }

    @Override
    public String toString() {
        return "flags=%d gsoType=0x%x gsoSize=%d csum=%d+%d outer=%d inner=%d %s"
                .formatted(
                        flags,
                        gsoType,
                        gsoSize,
                        checksumStart,
                        checksumOffset,
                        outerTransportOffset,
                        innerNetworkOffset,
                        Arrays.toString(bytes));
    }
}
