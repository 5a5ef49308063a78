// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;

/**
 * The headers of a flow whose frames are being merged, and the headers of the current frame, which may be the flow's
 * next one. The fields in which the segments of a super-frame differ are cleared in both, so that the rest can be
 * compared bytewise. The cleared fields are compared with the values that {@link Segmenter} would write.
 */
final class SegmentHeaders {
    private static final int TCP_FIN = 0x01;
    private static final int TCP_SYN = 0x02;
    private static final int TCP_RST = 0x04;
    private static final int TCP_PSH = 0x08;
    private static final int TCP_ACK = 0x10;
    private static final int TCP_URG = 0x20;
    private static final int TCP_CWR = 0x80;
    /** Mask of TCP flags that only the last segment of a super-frame may have. */
    private static final int TCP_LAST = TCP_FIN | TCP_PSH;
    /** Mask of TCP flags in which segments may differ: CWR, which only the first one may have, FIN and PSH. */
    private static final int TCP_VARYING = TCP_CWR | TCP_LAST;

    /** The headers of the current frame; the varying fields are cleared after they were read. */
    private final PacketHeaders headers = new PacketHeaders();

    private long ip;
    private long transport;
    private boolean ipv4;
    private boolean tcp;
    private boolean partial;
    private boolean trusted;
    private int transportBytes;
    private int identification;
    private int ipv4Checksum;
    private int sequence;
    private int flags;
    private int checksum;

    /** The headers of the flow's first frame, with the varying fields cleared. */
    private final MemorySegment memory = Arena.ofAuto().allocate(PacketHeaders.COPIED, 64);

    private final long first = memory.address();
    private final LandingCursor front = new LandingCursor();
    private int firstBytes;
    private int firstLength;
    private int firstNetwork;
    private int firstTransport;
    private boolean firstPartial;
    private boolean firstTrusted;
    private int firstIdentification;
    private int firstIpv4Checksum;
    private int firstSequence;
    private int firstFlags;
    private int firstChecksum;
    private int lastFlags;

    /** Sum of the flow's pseudo-header without its length field, and of its headers without the varying fields. */
    private int pseudoSum;

    private int ipv4Sum;
    private int transportSum;

    /**
     * Reads the headers of the current frame.
     *
     * @param bare whether the frame may have no payload
     * @return false when the frame cannot be part of a super-frame
     */
    boolean parse(Frame frame, boolean bare) {
        if (headers.parse(frame) != null || !headers.addressesFinal() || (frame.bytes == headers.length() && !bare)) {
            return false;
        }
        ip = headers.address() + headers.networkOffset();
        transport = headers.address() + headers.transportOffset();
        ipv4 = headers.ipVersion() == 4;
        tcp = headers.protocol() == PacketHeaders.TCP;
        transportBytes = frame.bytes - headers.transportOffset();
        partial = (frame.flags & Frame.NEEDS_CSUM) != 0;
        trusted = partial || (frame.flags & Frame.DATA_VALID) != 0;
        if (partial && (frame.checksumStart != headers.transportOffset() || frame.checksumOffset != checksumOffset())) {
            return false;
        }
        return readIp(frame) && (tcp ? readTcp() : readUdp());
    }

    /**
     * Reads the IP header. Returns false when the packet does not end at the end of the frame, for example because of
     * padding.
     */
    private boolean readIp(Frame frame) {
        if (!ipv4) {
            int length = HostMemory.getShortBE(ip + 4);
            HostMemory.putShortBE(ip + 4, 0);
            return length == transportBytes;
        }
        int length = HostMemory.getShortBE(ip + 2);
        identification = HostMemory.getShortBE(ip + 4);
        ipv4Checksum = HostMemory.getShortBE(ip + 10);
        HostMemory.putShortBE(ip + 2, 0);
        HostMemory.putShortBE(ip + 4, 0);
        HostMemory.putShortBE(ip + 10, 0);
        return length == frame.bytes - headers.networkOffset();
    }

    private boolean readTcp() {
        int word = HostMemory.getShortBE(transport + 12);
        sequence = HostMemory.getIntBE(transport + 4);
        checksum = HostMemory.getShortBE(transport + SuperFrameRules.TCP_CSUM_OFFSET);
        flags = word & TCP_VARYING;
        HostMemory.putIntBE(transport + 4, 0);
        HostMemory.putShortBE(transport + 12, word & ~TCP_VARYING);
        HostMemory.putShortBE(transport + SuperFrameRules.TCP_CSUM_OFFSET, 0);
        return (word & (TCP_ACK | TCP_SYN | TCP_RST | TCP_URG)) == TCP_ACK;
    }

    private boolean readUdp() {
        int length = HostMemory.getShortBE(transport + 4);
        checksum = HostMemory.getShortBE(transport + SuperFrameRules.UDP_CSUM_OFFSET);
        flags = 0;
        HostMemory.putShortBE(transport + 4, 0);
        HostMemory.putShortBE(transport + SuperFrameRules.UDP_CSUM_OFFSET, 0);
        // 0 means "no UDP checksum", but the segments of a super-frame have checksums.
        return length == transportBytes && (partial || checksum != 0);
    }

    private int checksumOffset() {
        return tcp ? SuperFrameRules.TCP_CSUM_OFFSET : SuperFrameRules.UDP_CSUM_OFFSET;
    }

    /** Returns the length of all headers of the current frame. */
    int length() {
        return headers.length();
    }

    /** Returns the offset of the IP header. */
    int networkOffset() {
        return headers.networkOffset();
    }

    /** Returns true for TCP, false for UDP. */
    boolean isTcp() {
        return tcp;
    }

    /**
     * Returns the offloads that a receiver must accept to get a super-frame that begins with the current frame: a mask
     * of {@link Offloads}.
     */
    int kind() {
        int kind = tcp ? ipv4 ? Offloads.TSO4 : Offloads.TSO6 : ipv4 ? Offloads.USO4 : Offloads.USO6;
        return Offloads.CSUM | kind | ((flags & TCP_CWR) != 0 ? Offloads.ECN : 0);
    }

    /** Returns whether the current frame must be the last one of a super-frame. */
    boolean isLast() {
        return (flags & TCP_LAST) != 0;
    }

    /** Returns whether the current frame, which has no payload, is a pure acknowledgement. */
    boolean isBareAck() {
        return tcp && flags == 0;
    }

    /**
     * Returns whether the checksum of the current frame need not be verified: it is partial, or the kernel has verified
     * it.
     */
    boolean isTrusted() {
        return trusted;
    }

    /** Begins a flow whose first frame is the current frame. */
    void keep(Frame frame) {
        firstBytes = frame.bytes;
        firstLength = headers.length();
        firstNetwork = headers.networkOffset();
        firstTransport = headers.transportOffset();
        firstPartial = partial;
        firstTrusted = trusted;
        firstIdentification = identification;
        firstIpv4Checksum = ipv4Checksum;
        firstSequence = sequence;
        firstFlags = flags;
        firstChecksum = checksum;
        lastFlags = 0;
        HostMemory.copy(headers.address(), first, firstLength);
    }

    /** Makes the current frame the last frame of the flow. */
    void add() {
        lastFlags = flags;
    }

    /**
     * Returns whether the headers of the current frame are those of the flow's next segment, except for checksums.
     *
     * @param packets number of merged frames, acknowledgements included
     * @param bytes total number of bytes of these frames, counting only the first frame's headers
     */
    boolean isNext(int packets, int bytes) {
        int length = headers.length();
        if (length != firstLength
                || headers.networkOffset() != firstNetwork
                || headers.transportOffset() != firstTransport
                || partial != firstPartial) {
            return false;
        }
        if (tcp && (sequence != firstSequence + bytes - firstLength || (flags & TCP_CWR) != 0)) {
            return false;
        }
        if (ipv4 && identification != (firstIdentification + packets & 0xffff)) {
            return false;
        }
        long copy = headers.address();
        int at = 0;
        while (at + Long.BYTES <= length) {
            if (HostMemory.getLongLE(copy + at) != HostMemory.getLongLE(first + at)) {
                return false;
            }
            at += Long.BYTES;
        }
        while (at < length) {
            if (HostMemory.getByte(copy + at) != HostMemory.getByte(first + at)) {
                return false;
            }
            at++;
        }
        return true;
    }

    /**
     * Returns whether the checksums of the flow's first frame are correct. Called before {@link #isRight}, when a
     * second frame follows.
     *
     * @param landing the receiver's buffers, which contain the first frame
     */
    boolean isFirstRight(Frame landing) {
        pseudoSum = headers.addressSum() + headers.protocol();
        ipv4Sum = ipv4 ? Checksum.sum(first + firstNetwork, firstTransport - firstNetwork) : 0;
        transportSum = Checksum.sum(first + firstTransport, firstLength - firstTransport);
        int length = firstBytes - firstTransport;
        if (ipv4 && firstIpv4Checksum != ipv4Checksum(firstBytes - firstNetwork, firstIdentification)) {
            return false;
        }
        if (firstTrusted) {
            return !firstPartial || firstChecksum == Checksum.fold(pseudoSum + length);
        }
        int payload = Checksum.sum(landing, firstLength, firstBytes);
        return firstChecksum == checksum(length, firstSequence, firstFlags, payload);
    }

    /** Returns whether the checksums of the current frame are correct. */
    boolean isRight(Frame frame) {
        if (ipv4 && ipv4Checksum != ipv4Checksum(frame.bytes - firstNetwork, identification)) {
            return false;
        }
        if (trusted) {
            return !partial || checksum == Checksum.fold(pseudoSum + transportBytes);
        }
        return checksum == checksum(transportBytes, sequence, flags, Checksum.sum(frame, firstLength));
    }

    private int ipv4Checksum(int totalLength, int id) {
        return Checksum.finish(ipv4Sum + totalLength + id);
    }

    private int checksum(int length, int seq, int varying, int payload) {
        if (tcp) {
            return Checksum.finish(
                    pseudoSum + length + transportSum + (seq >>> 16) + (seq & 0xffff) + varying + payload);
        }
        int sum = Checksum.finish(pseudoSum + 2 * length + transportSum + payload);
        return sum == 0 ? 0xffff : sum;
    }

    /**
     * Turns the merged frames into a super-frame.
     *
     * @param landing the receiver's buffers, which contain the merged bytes: the headers in them are replaced, and the
     *     virtio-net header fields are set
     * @param bytes number of merged bytes
     * @param gsoSize payload bytes of each frame except the last
     */
    void writeSuperFrame(Frame landing, int bytes, int gsoSize) {
        long firstIp = first + firstNetwork;
        long firstTcp = first + firstTransport;
        int length = bytes - firstTransport;
        boolean isIpv4 = HostMemory.getByte(firstIp) >>> 4 == 4;
        boolean isTcp = firstLength - firstTransport != PacketHeaders.UDP_BYTES;
        if (isIpv4) {
            int totalLength = bytes - firstNetwork;
            HostMemory.putShortBE(firstIp + 2, totalLength);
            HostMemory.putShortBE(firstIp + 4, firstIdentification);
            HostMemory.putShortBE(firstIp + 10, ipv4Checksum(totalLength, firstIdentification));
        } else {
            HostMemory.putShortBE(firstIp + 4, length);
        }
        int seed = Checksum.fold(pseudoSum + length);
        if (isTcp) {
            HostMemory.putIntBE(firstTcp + 4, firstSequence);
            int word = HostMemory.getShortBE(firstTcp + 12);
            HostMemory.putShortBE(firstTcp + 12, word | firstFlags | lastFlags);
            HostMemory.putShortBE(firstTcp + SuperFrameRules.TCP_CSUM_OFFSET, seed);
            landing.gsoType = isIpv4 ? Frame.GSO_TCPV4 : Frame.GSO_TCPV6;
            landing.gsoType |= (firstFlags & TCP_CWR) != 0 ? Frame.GSO_ECN : 0;
            landing.checksumOffset = SuperFrameRules.TCP_CSUM_OFFSET;
        } else {
            HostMemory.putShortBE(firstTcp + 4, length);
            HostMemory.putShortBE(firstTcp + SuperFrameRules.UDP_CSUM_OFFSET, seed);
            landing.gsoType = Frame.GSO_UDP_L4;
            landing.checksumOffset = SuperFrameRules.UDP_CSUM_OFFSET;
        }
        landing.flags = Frame.NEEDS_CSUM;
        landing.gsoSize = gsoSize;
        landing.headerLength = firstLength;
        landing.checksumStart = firstTransport;
        front.start(landing);
        front.write(first, firstLength);
    }
}
