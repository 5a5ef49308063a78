// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;

/**
 * Segments a TCP or UDP super-frame. Each segment is an adapted copy of the headers, followed by slices of the sender's
 * payload.
 *
 * <p>The segments are the same as those of Linux: the TCP sequence number increases by the payload; only the first
 * segment has CWR, and only the last has FIN and PSH; the IPv4 identification increases by 1, regardless of DF; lengths
 * and checksums are those of the segment; all other fields are repeated. Lengths that the sender wrote are not read.
 * Segments of a packet in a tunnel get the tunnel's headers ({@link OuterHeaders}).
 */
final class Segmenter {
    private static final int TCP_CWR = 0x80;
    private static final int TCP_PSH = 0x08;
    private static final int TCP_FIN = 0x01;

    private final PacketHeaders headers;
    private final OuterHeaders outer;
    private final FrameCursor payload = new FrameCursor();
    private final Frame segment = new Frame();

    // Values that all segments of the current frame have in common.
    private long ip;
    private long transport;
    private boolean ipv4;
    private boolean tcp;
    private boolean partial;
    /** Sum of the pseudo-header without its length field. */
    private int pseudoSum;
    /** Sum of the transport header without the fields that change from segment to segment. */
    private int transportSum;
    /** Sum of the IPv4 header without the fields that change from segment to segment. */
    private int ipv4Sum;

    private int identification;
    private int sequence;
    private int offsetAndFlags;

    /**
     * Creates a segmenter that reads and rewrites one set of headers.
     *
     * @param headers the headers of the frame passed to {@link #cut}
     */
    Segmenter(PacketHeaders headers) {
        this.headers = headers;
        this.outer = new OuterHeaders(headers);
    }

    /**
     * Delivers a super-frame to a port in segments, from the first one that was not delivered yet ({@link
     * Frame#segmentsDone}).
     *
     * @param frame a super-frame that {@link SuperFrameRules} accepted, with parsed headers
     * @param port the receiver of the segments, which have partial checksums if it accepts them
     * @param counters counts segments
     * @return {@link FramePort#DELIVERED} when the last one was delivered, {@link FramePort#NO_ROOM} with {@code
     *     segmentsDone} set when the port has no room for the rest, {@link FramePort#REFUSED} when the rest is dropped
     */
    int cut(Frame frame, FramePort port, OffloadCounters counters) {
        int size = frame.gsoSize;
        int headerBytes = headers.length();
        int end = frame.bytes - headerBytes;
        int at = frame.segmentsDone * size;
        prepare(frame, (port.accepts() & Offloads.CSUM) != 0);
        payload.moveTo(frame, headerBytes + Math.min(at, end));
        // A packet in a tunnel may be a single segment, even without payload; others have at least two.
        while (at < end || frame.segmentsDone == 0) {
            int bytes = Math.min(size, end - at);
            segment.pieces = 1;
            segment.bytes = headerBytes;
            if (!payload.append(frame, bytes, segment)) {
                counters.add(BadFrame.TOO_MANY_PIECES);
                return FramePort.REFUSED;
            }
            writeHeaders(frame.segmentsDone, at, at + bytes == end);
            int result = port.deliver(segment);
            if (result != FramePort.DELIVERED && result != FramePort.QUEUED) {
                return result;
            }
            counters.add(OffloadCounter.SEGMENTS);
            frame.segmentsDone++;
            at += bytes;
        }
        return FramePort.DELIVERED;
    }

    private void prepare(Frame frame, boolean leavePartial) {
        ip = headers.address() + headers.networkOffset();
        transport = headers.address() + headers.transportOffset();
        ipv4 = headers.ipVersion() == 4;
        tcp = headers.protocol() == PacketHeaders.TCP;
        partial = leavePartial;
        if (headers.addressesFinal()) {
            pseudoSum = headers.addressSum() + headers.protocol();
        } else {
            // The sender's partial sum includes the length of the whole super-frame: subtract it.
            int seed = HostMemory.getShortBE(transport + frame.checksumOffset);
            pseudoSum = seed + (0xffff ^ frame.bytes - headers.transportOffset());
        }
        if (ipv4) {
            identification = HostMemory.getShortBE(ip + 4);
            HostMemory.putShortBE(ip + 2, 0);
            HostMemory.putShortBE(ip + 4, 0);
            HostMemory.putShortBE(ip + 10, 0);
            ipv4Sum = Checksum.sum(ip, headers.transportOffset() - headers.networkOffset());
        }
        if (tcp) {
            sequence = HostMemory.getIntBE(transport + 4);
            offsetAndFlags = HostMemory.getShortBE(transport + 12);
            HostMemory.putIntBE(transport + 4, 0);
            HostMemory.putShortBE(transport + 12, 0);
        } else {
            HostMemory.putShortBE(transport + 4, 0);
        }
        HostMemory.putShortBE(transport + frame.checksumOffset, 0);
        transportSum = Checksum.sum(transport, headers.length() - headers.transportOffset());
        if (headers.tunnel()) {
            outer.prepare(frame);
        }
        segment.clear();
        segment.add(headers.address(), headers.length());
        segment.needs = 0;
        if (partial) {
            segment.flags = Frame.NEEDS_CSUM;
            segment.checksumStart = headers.transportOffset();
            segment.checksumOffset = frame.checksumOffset;
            segment.needs = Offloads.CSUM;
        }
    }

    private void writeHeaders(int index, int at, boolean last) {
        int transportBytes = segment.bytes - headers.transportOffset();
        if (ipv4) {
            int totalLength = segment.bytes - headers.networkOffset();
            int id = identification + index & 0xffff;
            HostMemory.putIntBE(ip + 2, totalLength << 16 | id);
            HostMemory.putShortBE(ip + 10, Checksum.finish(ipv4Sum + totalLength + id));
        } else {
            HostMemory.putShortBE(ip + 4, segment.bytes - headers.networkOffset() - PacketHeaders.IPV6_BYTES);
        }
        if (tcp) {
            writeTcp(index, at, last, transportBytes);
        } else {
            writeUdp(transportBytes);
        }
        if (headers.tunnel()) {
            // With a complete checksum, the sum of the bytes that it covers is the inverted sum of the pseudo-header.
            outer.write(index, segment.bytes, 0xffff ^ Checksum.fold(pseudoSum + transportBytes));
        }
    }

    private void writeTcp(int index, int at, boolean last, int transportBytes) {
        int cleared = (index == 0 ? 0 : TCP_CWR) | (last ? 0 : TCP_FIN | TCP_PSH);
        int flags = offsetAndFlags & ~cleared;
        int seq = sequence + at;
        HostMemory.putIntBE(transport + 4, seq);
        HostMemory.putShortBE(transport + 12, flags);
        int checksum = partial
                ? Checksum.fold(pseudoSum + transportBytes)
                : Checksum.finish(pseudoSum
                        + transportBytes
                        + transportSum
                        + (seq >>> 16)
                        + (seq & 0xffff)
                        + flags
                        + Checksum.sumPieces(segment, 1));
        HostMemory.putShortBE(transport + SuperFrameRules.TCP_CSUM_OFFSET, checksum);
    }

    private void writeUdp(int transportBytes) {
        HostMemory.putShortBE(transport + 4, transportBytes);
        int checksum;
        if (partial) {
            checksum = Checksum.fold(pseudoSum + transportBytes);
        } else {
            // The length is in the pseudo-header and in the UDP header. A result of 0 would mean "no checksum".
            checksum = Checksum.finish(pseudoSum + 2 * transportBytes + transportSum + Checksum.sumPieces(segment, 1));
            checksum = checksum == 0 ? 0xffff : checksum;
        }
        HostMemory.putShortBE(transport + SuperFrameRules.UDP_CSUM_OFFSET, checksum);
    }
}
