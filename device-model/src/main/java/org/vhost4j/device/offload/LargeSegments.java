// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.Offloads;
import org.vhost4j.device.memory.HostMemory;

/**
 * Makes the far end of TCP connections send IP packets of the maximum size, instead of segments of the maximum segment
 * size (MSS) that the near end has announced (RFC 9293, section 3.7.1). It raises the MSS option in SYNs of the near
 * end. The large packets that the far end then sends become super-frames whose segments have the announced size: a
 * receiver with TCP segmentation offload accepts them unchanged, for others the engine segments them.
 *
 * <p>Use it only for a far end on this host, without a link of smaller MTU in between. The far end must send correct
 * data, because the checksums of large packets are not verified. An object belongs to one lane; it allocates nothing
 * per frame.
 */
public final class LargeSegments {
    /** The largest MSS, a multiple of 4, with which a frame over IPv4 has at most 65535 bytes. */
    public static final int MOST_IPV4 = 65_480;

    /** The largest MSS, a multiple of 4, with which a frame over IPv6 has at most 65535 bytes. */
    public static final int MOST_IPV6 = 65_460;

    /** The default MSS over IPv4, in bytes, which every host accepts (RFC 9293, section 3.7.1). */
    public static final int LEAST_IPV4 = 536;

    /** The default MSS over IPv6, in bytes, which every host accepts (RFC 9293, section 3.7.1). */
    public static final int LEAST_IPV6 = 1_220;

    private static final int TCP_BYTES = 20;
    private static final int TCP_FLAGS = 13;
    private static final int SYN = 0x02;
    private static final int CWR = 0x80;
    /** Mask of RST, SYN and URG: packets with these flags are not part of a bulk transfer. */
    private static final int APART = 0x26;

    private static final int END_OF_OPTIONS = 0;
    private static final int NO_OPERATION = 1;
    private static final int MSS = 2;
    private static final int MSS_BYTES = 4;

    private final PacketHeaders headers = new PacketHeaders();
    private final MssTable announced = new MssTable();
    private final FrameCursor rest = new FrameCursor();
    private final Frame raised = new Frame();

    /** Creates an object that knows no connection yet. */
    public LargeSegments() {}

    /**
     * Raises the MSS option in a SYN of the near end.
     *
     * @param frame a frame to the far end, which is not changed
     * @return the frame to be sent instead, valid until the next call; the given frame when it has no MSS option to
     *     raise
     */
    public Frame raise(Frame frame) {
        if (frame.gsoType != Frame.GSO_NONE
                || headers.parse(frame) != null
                || headers.protocol() != PacketHeaders.TCP) {
            return frame;
        }
        long tcp = headers.address() + headers.transportOffset();
        if ((HostMemory.getByte(tcp + TCP_FLAGS) & SYN) == 0) {
            return frame;
        }
        int option = mssOption(headers.transportOffset() + TCP_BYTES);
        if (option == 0) {
            return frame;
        }
        int mss = HostMemory.getShortBE(headers.address() + option + 2);
        boolean ipv4 = headers.ipVersion() == 4;
        int most = ipv4 ? MOST_IPV4 : MOST_IPV6;
        if (mss < (ipv4 ? LEAST_IPV4 : LEAST_IPV6)) {
            return frame;
        }
        announced.put(announced.connection(headers, true), mss);
        return mss < most ? replace(frame, option + 2, mss, most) : frame;
    }

    /** Returns the offset of the MSS option in the copied headers; 0 without the option. */
    private int mssOption(int from) {
        int at = from;
        while (at + MSS_BYTES <= headers.length()) {
            int kind = HostMemory.getByte(headers.address() + at);
            if (kind == END_OF_OPTIONS) {
                return 0;
            }
            if (kind == NO_OPERATION) {
                at++;
                continue;
            }
            int length = HostMemory.getByte(headers.address() + at + 1);
            if (kind == MSS) {
                return length == MSS_BYTES ? at : 0;
            }
            if (length < 2) {
                return 0;
            }
            at += length;
        }
        return 0;
    }

    /** Returns a frame with a changed 16-bit value in its headers and an updated checksum. */
    private Frame replace(Frame frame, int at, int before, int now) {
        raised.clear();
        raised.header(frame);
        raised.needs = frame.needs;
        rest.moveTo(frame, headers.length());
        if (!raised.add(headers.address(), headers.length())
                || !rest.append(frame, frame.bytes - headers.length(), raised)) {
            return frame;
        }
        HostMemory.putShortBE(headers.address() + at, now);
        if ((frame.flags & Frame.NEEDS_CSUM) == 0) {
            // RFC 1624, equation 3. A value at an odd offset is in two words of the sum.
            boolean odd = (at - headers.transportOffset() & 1) != 0;
            int was = odd ? Checksum.swap(before) : before;
            int is = odd ? Checksum.swap(now) : now;
            long field = headers.address() + headers.transportOffset() + SuperFrameRules.TCP_CSUM_OFFSET;
            int sum = (~HostMemory.getShortBE(field) & 0xffff) + (~was & 0xffff) + is;
            HostMemory.putShortBE(field, Checksum.finish(sum));
        }
        return raised;
    }

    /**
     * Turns a packet of the far end into a super-frame if it is longer than the near end's segments may be.
     *
     * @param frame a plain frame from the far end, in memory that may be changed; its header fields and {@link
     *     Frame#needs} are set
     */
    public void toSuperFrame(Frame frame) {
        frame.needs = 0;
        if (frame.bytes <= Frame.ETHERNET_HEADER + PacketHeaders.IPV4_BYTES + TCP_BYTES + LEAST_IPV4
                || headers.parse(frame) != null
                || headers.protocol() != PacketHeaders.TCP
                || !headers.addressesFinal()
                || !isWhole(frame)) {
            return;
        }
        boolean ipv4 = headers.ipVersion() == 4;
        int flags = HostMemory.getByte(headers.address() + headers.transportOffset() + TCP_FLAGS);
        if ((flags & APART) != 0) {
            return;
        }
        int mss = announced.get(announced.connection(headers, false));
        if (mss == 0) {
            mss = ipv4 ? LEAST_IPV4 : LEAST_IPV6;
        }
        // The announced MSS does not account for options, which reduce the payload (RFC 6691).
        int size = mss - (headers.length() - headers.transportOffset() - TCP_BYTES);
        if (frame.bytes - headers.length() <= size) {
            return;
        }
        int transportBytes = frame.bytes - headers.transportOffset();
        HostMemory.putShortBE(
                frame.address[0] + headers.transportOffset() + SuperFrameRules.TCP_CSUM_OFFSET,
                Checksum.fold(headers.addressSum() + headers.protocol() + transportBytes));
        boolean cwr = (flags & CWR) != 0;
        frame.flags = Frame.NEEDS_CSUM;
        frame.gsoType = (ipv4 ? Frame.GSO_TCPV4 : Frame.GSO_TCPV6) | (cwr ? Frame.GSO_ECN : 0);
        frame.gsoSize = size;
        frame.headerLength = headers.length();
        frame.checksumStart = headers.transportOffset();
        frame.checksumOffset = SuperFrameRules.TCP_CSUM_OFFSET;
        frame.needs = Offloads.CSUM | (ipv4 ? Offloads.TSO4 : Offloads.TSO6) | (cwr ? Offloads.ECN : 0);
    }

    /** Returns whether the packet ends at the end of the frame. */
    private boolean isWhole(Frame frame) {
        long ip = headers.address() + headers.networkOffset();
        int length = headers.ipVersion() == 4
                ? HostMemory.getShortBE(ip + 2)
                : PacketHeaders.IPV6_BYTES + HostMemory.getShortBE(ip + 4);
        return length == frame.bytes - headers.networkOffset();
    }
}
