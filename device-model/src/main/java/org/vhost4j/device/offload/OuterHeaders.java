// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * Writes the outer headers of a UDP tunnel for each segment of a super-frame, as Linux does: an increasing IPv4
 * identification, the lengths of the segment, and the outer UDP checksum. Without {@link Frame#UDP_TUNNEL_CSUM} the
 * checksum field is repeated unchanged.
 */
final class OuterHeaders {
    private final PacketHeaders headers;

    private long ip;
    private long udp;
    private boolean ipv4;
    private boolean checksum;
    private int identification;
    private int ipv4Sum;
    /** Sum of the pseudo-header without its length field. */
    private int pseudoSum;

    /**
     * Creates a writer for one set of headers.
     *
     * @param headers headers of the current frame, for which {@link PacketHeaders#tunnel} is true
     */
    OuterHeaders(PacketHeaders headers) {
        this.headers = headers;
    }

    /**
     * Reads the values that all segments have in common. Overwrites the length and checksum fields in the copied
     * headers.
     */
    void prepare(Frame frame) {
        ip = headers.address() + headers.outerNetworkOffset();
        udp = headers.address() + headers.outerTransportOffset();
        ipv4 = headers.outerIpVersion() == 4;
        checksum = (frame.flags & Frame.UDP_TUNNEL_CSUM) != 0;
        if (ipv4) {
            identification = HostMemory.getShortBE(ip + 4);
            HostMemory.putShortBE(ip + 2, 0);
            HostMemory.putShortBE(ip + 4, 0);
            HostMemory.putShortBE(ip + 10, 0);
            ipv4Sum = Checksum.sum(ip, headers.outerTransportOffset() - headers.outerNetworkOffset());
        }
        if (checksum) {
            if (headers.outerAddressesFinal()) {
                pseudoSum = headers.outerAddressSum() + PacketHeaders.UDP;
            } else {
                int seed = HostMemory.getShortBE(udp + SuperFrameRules.UDP_CSUM_OFFSET);
                pseudoSum =
                        Checksum.fold(seed + (0xffffL ^ Checksum.fold(frame.bytes - headers.outerTransportOffset())));
            }
            HostMemory.putShortBE(udp + SuperFrameRules.UDP_CSUM_OFFSET, 0);
        }
    }

    /**
     * Writes the outer headers of one segment, whose inner headers are already written.
     *
     * @param index index of the segment
     * @param segmentBytes length of the segment in bytes, with all headers
     * @param innerSum sum of the segment from the inner transport header on, as it is when that header's checksum is
     *     complete
     */
    void write(int index, int segmentBytes, int innerSum) {
        int totalLength = segmentBytes - headers.outerNetworkOffset();
        if (ipv4) {
            int id = identification + index & 0xffff;
            HostMemory.putShortBE(ip + 2, totalLength);
            HostMemory.putShortBE(ip + 4, id);
            HostMemory.putShortBE(ip + 10, Checksum.finish(ipv4Sum + totalLength + id));
        } else {
            HostMemory.putShortBE(ip + 4, totalLength - PacketHeaders.IPV6_BYTES);
        }
        int udpBytes = segmentBytes - headers.outerTransportOffset();
        HostMemory.putShortBE(udp + 4, udpBytes);
        if (checksum) {
            int before = headers.transportOffset() - headers.outerTransportOffset();
            HostMemory.putShortBE(udp + SuperFrameRules.UDP_CSUM_OFFSET, 0);
            int sum = Checksum.finish((long) pseudoSum
                    + udpBytes
                    + Checksum.sum(udp, before)
                    + ((before & 1) == 0 ? innerSum : Checksum.swap(innerSum)));
            HostMemory.putShortBE(udp + SuperFrameRules.UDP_CSUM_OFFSET, sum == 0 ? 0xffff : sum);
        }
    }
}
