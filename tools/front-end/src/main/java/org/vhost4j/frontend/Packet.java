// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vhost4j.device.driver.DriverHeader;

/**
 * A parsed TCP or UDP frame, which can be checked for errors. Extension headers and IPv4 options are not supported: {@link PacketBuilder}
 * creates none.
 */
public final class Packet {
    private final byte[] bytes;
    private final boolean ipv6;
    private final int protocol;
    private final int networkOffset;
    private final int transportOffset;
    private final int payloadOffset;

    private Packet(
            byte[] bytes, boolean ipv6, int protocol, int networkOffset, int transportOffset, int payloadOffset) {
        this.bytes = bytes;
        this.ipv6 = ipv6;
        this.protocol = protocol;
        this.networkOffset = networkOffset;
        this.transportOffset = transportOffset;
        this.payloadOffset = payloadOffset;
    }

    /**
     * Parses a frame.
     *
     * @param bytes the frame, from the destination MAC address on
     * @return the packet
     * @throws IllegalArgumentException when the frame is not TCP or UDP over IP
     */
    public static Packet parse(byte[] bytes) {
        int network = PacketBuilder.ETHERNET_BYTES;
        int type = get16(bytes, network - 2);
        if (type == 0x8100) {
            network += PacketBuilder.VLAN_BYTES;
            type = get16(bytes, network - 2);
        }
        boolean ipv6 = type == 0x86dd;
        if (!ipv6 && type != 0x0800) {
            throw new IllegalArgumentException("EtherType 0x%04x is not IP".formatted(type));
        }
        int protocol = bytes[network + (ipv6 ? 6 : 9)];
        int transport = network + (ipv6 ? PacketBuilder.IPV6_BYTES : PacketBuilder.IPV4_BYTES);
        int payload = switch (protocol) {
            case PacketBuilder.TCP -> transport + ((bytes[transport + 12] & 0xf0) >>> 2);
            case PacketBuilder.UDP -> transport + PacketBuilder.UDP_BYTES;
            default -> throw new IllegalArgumentException("protocol " + protocol + " is not TCP or UDP");
        };
        return new Packet(bytes, ipv6, protocol, network, transport, payload);
    }

    /**
     * Returns the errors in lengths and checksums.
     *
     * @return one sentence for each; empty for a valid frame with a complete checksum
     */
    public List<String> problems() {
        List<String> found = new ArrayList<>();
        int ipLength = get16(bytes, networkOffset + (ipv6 ? 4 : 2)) + (ipv6 ? PacketBuilder.IPV6_BYTES : 0);
        if (ipLength != bytes.length - networkOffset) {
            found.add("IP length is " + ipLength + ", not " + (bytes.length - networkOffset));
        }
        if (!ipv6) {
            int sum = PacketBuilder.fold(PacketBuilder.sum(bytes, networkOffset, PacketBuilder.IPV4_BYTES));
            if (sum != 0xffff) {
                found.add("IPv4 header checksum is wrong by 0x%04x".formatted(sum ^ 0xffff));
            }
        }
        int transportLength = bytes.length - transportOffset;
        if (protocol == PacketBuilder.UDP) {
            int udpLength = get16(bytes, transportOffset + 4);
            if (udpLength != transportLength) {
                found.add("UDP length is " + udpLength + ", not " + transportLength);
            }
            if (get16(bytes, transportOffset + 6) == 0) {
                found.add("UDP checksum is 0");
            }
        }
        int addresses = ipv6 ? 32 : 8;
        long pseudo = PacketBuilder.sum(bytes, transportOffset - addresses, addresses) + protocol + transportLength;
        int sum = PacketBuilder.fold(PacketBuilder.sum(bytes, transportOffset, transportLength) + pseudo);
        if (sum != 0xffff) {
            found.add("transport checksum is wrong by 0x%04x".formatted(sum ^ 0xffff));
        }
        return found;
    }

    /**
     * Completes a partial checksum (virtio 1.4 section 5.1.6.2): sums the bytes from csumStart to the end.
     *
     * @param frame the frame that was received
     * @param header the virtio-net header that was received with it
     * @return the frame itself when its checksum is complete, otherwise a copy with a complete checksum
     */
    public static byte[] complete(byte[] frame, DriverHeader header) {
        if ((header.flags() & DriverHeader.NEEDS_CSUM) == 0) {
            return frame;
        }
        byte[] complete = frame.clone();
        int start = header.csumStart();
        int sum = PacketBuilder.fold(PacketBuilder.sum(frame, start, frame.length - start)) ^ 0xffff;
        PacketBuilder.put16(complete, start + header.csumOffset(), sum == 0 ? 0xffff : sum);
        return complete;
    }

    /**
     * Returns the errors in the segments of a super-frame: headers, numbering, sizes, payload, checksums.
     *
     * @param whole the super-frame that was sent
     * @param gsoSize the number of payload bytes in each segment
     * @param segments the segments that were received, in order
     * @return one sentence for each error; empty when the segments are correct
     */
    public static List<String> segmentationProblems(byte[] whole, int gsoSize, List<byte[]> segments) {
        List<String> found = new ArrayList<>();
        Packet original = parse(whole);
        int payload = whole.length - original.payloadOffset;
        int expected = Math.ceilDiv(payload, gsoSize);
        if (segments.size() != expected) {
            found.add(segments.size() + " segments instead of " + expected);
        }
        int at = 0;
        for (int i = 0; i < segments.size(); i++) {
            Packet segment = parse(segments.get(i));
            boolean last = i == expected - 1;
            for (String problem : segment.problems()) {
                found.add("segment " + i + ": " + problem);
            }
            for (String problem : original.headerDifferences(segment, i, last, at)) {
                found.add("segment " + i + ": " + problem);
            }
            int length = segment.bytes.length - segment.payloadOffset;
            int wanted = Math.min(gsoSize, payload - at);
            if (length != wanted) {
                found.add("segment " + i + ": payload of " + length + " bytes instead of " + wanted);
            }
            int from = original.payloadOffset + at;
            int to = Math.min(whole.length, from + length);
            if (from > to
                    || !Arrays.equals(whole, from, to, segment.bytes, segment.payloadOffset, segment.bytes.length)) {
                found.add("segment " + i + ": payload differs");
            }
            at += length;
        }
        return found;
    }

    private List<String> headerDifferences(Packet segment, int index, boolean last, int payloadBefore) {
        List<String> found = new ArrayList<>();
        if (segment.payloadOffset != payloadOffset) {
            found.add("headers of " + segment.payloadOffset + " bytes instead of " + payloadOffset);
            return found;
        }
        byte[] wanted = Arrays.copyOf(bytes, payloadOffset);
        byte[] got = Arrays.copyOf(segment.bytes, payloadOffset);
        if (!ipv6) {
            PacketBuilder.put16(wanted, networkOffset + 4, get16(bytes, networkOffset + 4) + index);
            clear(wanted, got, networkOffset + 10, 2);
        }
        clear(wanted, got, networkOffset + (ipv6 ? 4 : 2), 2);
        if (protocol == PacketBuilder.TCP) {
            int sequence = (get16(bytes, transportOffset + 4) << 16) | get16(bytes, transportOffset + 6);
            PacketBuilder.put16(wanted, transportOffset + 4, (sequence + payloadBefore) >>> 16);
            PacketBuilder.put16(wanted, transportOffset + 6, sequence + payloadBefore);
            int flags = bytes[transportOffset + 13];
            flags &= last ? -1 : ~(PacketBuilder.FIN | PacketBuilder.PSH);
            flags &= index == 0 ? -1 : ~PacketBuilder.CWR;
            wanted[transportOffset + 13] = (byte) flags;
            clear(wanted, got, transportOffset + 16, 2);
        } else {
            clear(wanted, got, transportOffset + 4, 4);
        }
        int differs = Arrays.mismatch(wanted, got);
        if (differs >= 0) {
            found.add("header byte %d is 0x%02x instead of 0x%02x"
                    .formatted(differs, got[differs] & 0xff, wanted[differs] & 0xff));
        }
        return found;
    }

    /** Clears a field that {@link #problems} checks, before a comparison. */
    private static void clear(byte[] a, byte[] b, int from, int count) {
        Arrays.fill(a, from, from + count, (byte) 0);
        Arrays.fill(b, from, from + count, (byte) 0);
    }

    private static int get16(byte[] bytes, int at) {
        return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
    }
}
