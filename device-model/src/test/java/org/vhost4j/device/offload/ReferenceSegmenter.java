// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A reference implementation of segmentation: one array per segment, each checksum computed by its definition. */
final class ReferenceSegmenter {
    private ReferenceSegmenter() {}

    /** Returns the segments of a frame, with complete or partial checksums. */
    static List<byte[]> segments(SuperFrame frame, boolean partial) {
        if (frame.ufo) {
            return fragments(frame);
        }
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
            writeChecksum(frame, segment, false);
            if (frame.tunnelVersion != 0) {
                writeOuter(frame, segment, segments.size());
            }
            if (partial) {
                writeChecksum(frame, segment, true);
            }
            segments.add(segment);
        }
        return segments;
    }

    /** Returns the IP fragments of a frame; those of IPv6 have the identification 0. */
    private static List<byte[]> fragments(SuperFrame frame) {
        byte[] whole = frame.bytes.clone();
        SuperFrame.put16(whole, frame.transport + 4, whole.length - frame.transport);
        writeChecksum(frame, whole, false);
        int from = frame.fragmentable();
        int inserted = frame.ipv6 ? 8 : 0;
        List<byte[]> fragments = new ArrayList<>();
        for (int at = from; at < whole.length; at += frame.gsoSize) {
            int end = Math.min(at + frame.gsoSize, whole.length);
            int more = end < whole.length ? 1 : 0;
            byte[] fragment = Arrays.copyOf(whole, from + inserted + end - at);
            System.arraycopy(whole, at, fragment, from + inserted, end - at);
            if (frame.ipv6) {
                int field = nextHeaderField(frame, from);
                Arrays.fill(fragment, from, from + 8, (byte) 0);
                fragment[from] = whole[field];
                fragment[field] = 44;
                SuperFrame.put16(fragment, from + 2, at - from + more);
                SuperFrame.put16(fragment, frame.network + 4, fragment.length - frame.network - 40);
            } else {
                SuperFrame.put16(fragment, frame.network + 2, fragment.length - frame.network);
                SuperFrame.put16(fragment, frame.network + 6, (at - from) / 8 | more << 13);
                SuperFrame.put16(fragment, frame.network + 10, 0);
                SuperFrame.put16(fragment, frame.network + 10, ~SuperFrame.sum(fragment, frame.network, from));
            }
            fragments.add(fragment);
        }
        return fragments;
    }

    private static int nextHeaderField(SuperFrame frame, int end) {
        int field = frame.network + 6;
        int at = frame.network + 40;
        while (at < end) {
            field = at;
            at += 8 * (frame.extensionUnits + 1);
        }
        return field;
    }

    private static void writeOuter(SuperFrame frame, byte[] segment, int index) {
        int ip = frame.outerNetwork;
        int udp = frame.outerTransportOffset;
        if (frame.tunnelVersion == 6) {
            SuperFrame.put16(segment, ip + 4, segment.length - ip - 40);
        } else {
            SuperFrame.put16(segment, ip + 2, segment.length - ip);
            SuperFrame.put16(segment, ip + 4, frame.outerIdentification + index);
            SuperFrame.put16(segment, ip + 10, 0);
            SuperFrame.put16(segment, ip + 10, ~SuperFrame.sum(segment, ip, udp));
        }
        SuperFrame.put16(segment, udp + 4, segment.length - udp);
        if (frame.outerChecksum) {
            SuperFrame.put16(segment, udp + 6, frame.outerPseudoSum(segment.length - udp));
            int checksum = ~SuperFrame.sum(segment, udp, segment.length) & 0xffff;
            SuperFrame.put16(segment, udp + 6, checksum == 0 ? 0xffff : checksum);
        }
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
