// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.memory.HostMemory;

/**
 * Divides a UDP super-frame of type {@link Frame#GSO_UDP} into IP fragments (RFC 791 section 3.2, RFC 8200 section
 * 4.5). It completes the datagram's checksum, then divides the datagram into pieces of {@code gso_size} bytes. As in
 * Linux, IPv4 fragments keep the sender's identification and options, and DF is cleared.
 *
 * <p>The fragmenter chooses the identification of IPv6 fragments. Identifications do not repeat within 2^32 datagrams,
 * and do not reveal the number of datagrams (RFC 7739).
 */
final class Fragmenter {
    private static final int FRAGMENT_HEADER = 8;
    private static final int PROTOCOL_FRAGMENT = 44;
    private static final int IPV4_MORE_FRAGMENTS = 0x2000;
    private static final int IPV6_MORE_FRAGMENTS = 1;
    private static final int MAX_IP_LENGTH = 0xffff;

    private final PacketHeaders headers;
    /** The headers that every fragment repeats, with room for a fragment header. */
    private final MemorySegment memory = Arena.ofAuto().allocate(PacketHeaders.COPIED + FRAGMENT_HEADER, 64);

    private final long lead = memory.address();
    /**
     * The part after the repeated headers: the copied bytes up to the end of the UDP header, then the sender's payload.
     */
    private final Frame datagram = new Frame();

    private final Frame fragment = new Frame();
    private final FrameCursor payload = new FrameCursor();
    private int identifications = new SplittableRandom().nextInt();

    /**
     * Creates a fragmenter that reads and rewrites one set of headers.
     *
     * @param headers the headers of the frame passed to {@link #cut}
     */
    Fragmenter(PacketHeaders headers) {
        this.headers = headers;
    }

    /**
     * Delivers a super-frame to a port in fragments, from the first one that was not delivered yet ({@link
     * Frame#segmentsDone}).
     *
     * @param frame a super-frame that {@link SuperFrameRules} accepted, with parsed headers
     * @param port the receiver of the fragments, which have no partial checksums
     * @param counters counts fragments
     * @return {@link FramePort#DELIVERED} when the last one was delivered, {@link FramePort#NO_ROOM} with {@code
     *     segmentsDone} set when the port has no room for the rest, {@link FramePort#REFUSED} when the rest is dropped
     */
    int cut(Frame frame, FramePort port, OffloadCounters counters) {
        int size = frame.gsoSize;
        int end = frame.bytes - headers.fragmentable();
        int at = frame.segmentsDone * size;
        boolean ipv4 = headers.ipVersion() == 4;
        int leadBytes = leadBytes();
        if (!ipv4 && leadBytes + size - headers.networkOffset() - PacketHeaders.IPV6_BYTES > MAX_IP_LENGTH) {
            counters.add(BadFrame.TOO_LONG);
            return FramePort.REFUSED;
        }
        completeChecksum(frame);
        if (!gather(frame)) {
            counters.add(BadFrame.TOO_MANY_PIECES);
            return FramePort.REFUSED;
        }
        prepareLead(frame, ipv4);
        payload.moveTo(datagram, Math.min(at, end));
        while (at < end) {
            int bytes = Math.min(size, end - at);
            fragment.clear();
            fragment.needs = 0;
            fragment.add(lead, leadBytes);
            if (!payload.append(datagram, bytes, fragment)) {
                counters.add(BadFrame.TOO_MANY_PIECES);
                return FramePort.REFUSED;
            }
            writeLead(ipv4, at, at + bytes == end);
            int result = port.deliver(fragment);
            if (result != FramePort.DELIVERED && result != FramePort.QUEUED) {
                return result;
            }
            counters.add(OffloadCounter.SEGMENTS);
            frame.segmentsDone++;
            at += bytes;
        }
        return FramePort.DELIVERED;
    }

    /** Returns the number of bytes that precede the datagram's data in each fragment of the current frame. */
    int leadBytes() {
        return headers.fragmentable() + (headers.ipVersion() == 4 ? 0 : FRAGMENT_HEADER);
    }

    /** Completes the datagram's checksum, because a receiver cannot complete a checksum over several fragments. */
    private void completeChecksum(Frame frame) {
        long udp = headers.address() + headers.transportOffset();
        int length = frame.bytes - headers.transportOffset();
        // With IP options or extension headers, the addresses in the header may not be those of the pseudo-header; the
        // sender's partial sum includes the right ones.
        int pseudo = headers.addressesFinal()
                ? headers.addressSum() + PacketHeaders.UDP + length
                : HostMemory.getShortBE(udp + SuperFrameRules.UDP_CSUM_OFFSET);
        HostMemory.putShortBE(udp + 4, length);
        HostMemory.putShortBE(udp + SuperFrameRules.UDP_CSUM_OFFSET, 0);
        int checksum = Checksum.finish((long) pseudo + Checksum.sum(udp, 8) + Checksum.sum(frame, headers.length()));
        HostMemory.putShortBE(udp + SuperFrameRules.UDP_CSUM_OFFSET, checksum == 0 ? 0xffff : checksum);
    }

    private boolean gather(Frame frame) {
        datagram.clear();
        datagram.add(headers.address() + headers.fragmentable(), headers.length() - headers.fragmentable());
        payload.moveTo(frame, headers.length());
        return payload.append(frame, frame.bytes - headers.length(), datagram);
    }

    private void prepareLead(Frame frame, boolean ipv4) {
        int repeated = headers.fragmentable();
        HostMemory.copy(headers.address(), lead, repeated);
        if (ipv4) {
            return;
        }
        if (frame.segmentsDone == 0) {
            frame.fragmentId = nextIdentification();
        }
        int next = HostMemory.getByte(lead + headers.nextHeaderField());
        HostMemory.putByte(lead + headers.nextHeaderField(), PROTOCOL_FRAGMENT);
        HostMemory.putShortBE(lead + repeated, next << 8);
        HostMemory.putIntBE(lead + repeated + 4, frame.fragmentId);
    }

    private void writeLead(boolean ipv4, int at, boolean last) {
        int network = headers.networkOffset();
        long ip = lead + network;
        if (ipv4) {
            HostMemory.putShortBE(ip + 2, fragment.bytes - network);
            HostMemory.putShortBE(ip + 6, at >>> 3 | (last ? 0 : IPV4_MORE_FRAGMENTS));
            HostMemory.putShortBE(ip + 10, 0);
            HostMemory.putShortBE(ip + 10, Checksum.finish(Checksum.sum(ip, headers.fragmentable() - network)));
        } else {
            HostMemory.putShortBE(ip + 4, fragment.bytes - network - PacketHeaders.IPV6_BYTES);
            HostMemory.putShortBE(lead + headers.fragmentable() + 2, at | (last ? 0 : IPV6_MORE_FRAGMENTS));
        }
    }

    /**
     * Returns the next identification: a counter passed through a bijection (the finalizer of MurmurHash3), so that
     * every value appears once, in an unpredictable order.
     */
    private int nextIdentification() {
        int mixed = ++identifications;
        mixed = (mixed ^ mixed >>> 16) * 0x85ebca6b;
        mixed = (mixed ^ mixed >>> 13) * 0xc2b2ae35;
        return mixed ^ mixed >>> 16;
    }
}
