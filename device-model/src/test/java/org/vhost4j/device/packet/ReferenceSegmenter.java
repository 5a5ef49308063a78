// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.packet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Segmentation written for clearness: one array a segment, every checksum from its definition. */
final class ReferenceSegmenter {
    private ReferenceSegmenter() {}

    /** The segments of a frame, with whole checksums or with seeds. */
    static List<byte[]> segments(SuperFrame frame, boolean partial) {
        List<byte[]> segments = new ArrayList<>();
        for (int at = 0; at < frame.payload.length; at += frame.gsoSize) {
            int end = Math.min(at + frame.gsoSize, frame.payload.length);
            byte[] segment = Arrays.copyOf(frame.bytes, frame.header + end - at);
            System.arraycopy(frame.payload, at, segment, frame.header, end - at);
            writeIp(frame, segment, segments.size());
            if (frame.udp) {
                SuperFrame.put16(segment, frame.transport + 4, segment.length - frame.transport);
            } else {
                writeTcp(frame, segment, at, end == frame.payload.length);
            }
            writeChecksum(frame, segment, partial);
            segments.add(segment);
        }
        return segments;
    }

    private static void writeIp(SuperFrame frame, byte[] segment, int index) {
        if (frame.ipv6) {
            SuperFrame.put16(segment, frame.network + 4, segment.length - frame.network - 40);
        } else {
            SuperFrame.put16(segment, frame.network + 2, segment.length - frame.network);
            SuperFrame.put16(segment, frame.network + 4, frame.identification + index);
            SuperFrame.put16(segment, frame.network + 10, 0);
            SuperFrame.put16(segment, frame.network + 10, ~SuperFrame.sum(segment, frame.network, frame.transport));
        }
    }

    private static void writeTcp(SuperFrame frame, byte[] segment, int at, boolean last) {
        int sequence = frame.sequence + at;
        SuperFrame.put16(segment, frame.transport + 4, sequence >>> 16);
        SuperFrame.put16(segment, frame.transport + 6, sequence);
        if (at > 0) {
            segment[frame.transport + 13] &= (byte) ~0x80;
        }
        if (!last) {
            segment[frame.transport + 13] &= (byte) ~0x09;
        }
    }

    private static void writeChecksum(SuperFrame frame, byte[] segment, boolean partial) {
        int field = frame.transport + frame.checksumOffset();
        SuperFrame.put16(segment, field, frame.pseudoSum(segment.length - frame.transport));
        if (!partial) {
            int checksum = ~SuperFrame.sum(segment, frame.transport, segment.length) & 0xffff;
            SuperFrame.put16(segment, field, checksum == 0 && frame.udp ? 0xffff : checksum);
        }
    }
}
