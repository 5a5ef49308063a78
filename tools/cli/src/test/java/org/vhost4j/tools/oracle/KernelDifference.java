// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.oracle;

import java.util.Arrays;
import java.util.List;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.offload.SuperFrame;

/**
 * An intended difference between the segments of Linux (6.18) and those of this project. Each constant converts this
 * project's segments to the kernel's, so that everything else is still compared byte for byte.
 */
enum KernelDifference {
    /**
     * The kernel says of an IP fragment that its checksum was verified, because it has just computed that of the datagram. The
     * flag speaks of a transport checksum, which a fragment does not have: we say nothing.
     */
    FRAGMENT_IS_VALID {
        @Override
        boolean concerns(SuperFrame packet) {
            return packet.isUfo();
        }

        @Override
        Seen ofKernel(Seen ours, SuperFrame packet, int index) {
            return ours.withFlags(Frame.DATA_VALID);
        }
    },
    /**
     * With IPv4 options or IPv6 extension headers the IP header's destination need not be the final one. For segments the kernel
     * relies on the sender's seed, as we do; for fragments it computes the pseudo-header from the IP header.
     */
    FRAGMENTS_OF_REROUTED {
        @Override
        boolean concerns(SuperFrame packet) {
            return packet.isUfo() && packet.isRerouted();
        }

        @Override
        Seen ofKernel(Seen ours, SuperFrame packet, int index) {
            int field = packet.transport() + 6 + (packet.isIpv6() ? FRAGMENT_HEADER : 0);
            if (index != 0) {
                return ours;
            }
            byte[] bytes = ours.bytes().clone();
            put16(bytes, field, packet.checksumToTheNextHop(get16(bytes, field)));
            return ours.withBytes(bytes);
        }
    },
    /** The identification of IPv6 fragments is a random number on both sides. */
    FRAGMENT_IDENTIFICATION {
        @Override
        boolean concerns(SuperFrame packet) {
            return packet.isUfo() && packet.isIpv6();
        }

        @Override
        Seen ofKernel(Seen ours, SuperFrame packet, int index) {
            return withoutIdentification(ours, packet);
        }
    },
    /**
     * The kernel counts the extension headers before the fragment header into the offset of every fragment but the first, so that
     * they cannot be reassembled; ours fit (RFC 8200 section 4.5).
     */
    OFFSETS_BEHIND_EXTENSION_HEADERS {
        @Override
        boolean concerns(SuperFrame packet) {
            return packet.isUfo() && packet.extensionBytes() != 0;
        }

        @Override
        Seen ofKernel(Seen ours, SuperFrame packet, int index) {
            byte[] bytes = ours.bytes().clone();
            int at = packet.fragmentable() + 2;
            put16(bytes, at, get16(bytes, at) + index * packet.extensionBytes());
            return ours.withBytes(bytes);
        }
    },
    /**
     * A VLAN tag that the kernel keeps beside the packet is counted into {@code csum_start}, but not into the two offsets of a
     * tunnel, which then point 4 bytes before the headers that they name.
     */
    TUNNEL_OFFSETS_BEHIND_A_TAG {
        @Override
        boolean concerns(SuperFrame packet) {
            return packet.isTunnel() && packet.vlans() == 1;
        }

        @Override
        Seen ofKernel(Seen ours, SuperFrame packet, int index) {
            return ours.gsoType() == Frame.GSO_NONE
                    ? ours
                    : ours.withTunnel(ours.outerTransportOffset() - 4, ours.innerNetworkOffset() - 4);
        }
    };

    private static final int FRAGMENT_HEADER = 8;

    abstract boolean concerns(SuperFrame packet);

    abstract Seen ofKernel(Seen ours, SuperFrame packet, int index);

    /** What the kernel is expected to make of a packet, given what we made of it. */
    static List<Seen> expected(List<Seen> ours, SuperFrame packet) {
        Seen[] expected = ours.toArray(Seen[]::new);
        for (KernelDifference difference : values()) {
            for (int i = 0; difference.concerns(packet) && i < expected.length; i++) {
                expected[i] = difference.ofKernel(expected[i], packet, i);
            }
        }
        return List.of(expected);
    }

    /** What the kernel made, without what is random, which has to be the same in all fragments. */
    static List<Seen> comparable(List<Seen> theirs, SuperFrame packet) {
        if (!FRAGMENT_IDENTIFICATION.concerns(packet)) {
            return theirs;
        }
        int at = packet.fragmentable() + 4;
        boolean one = theirs.stream()
                .allMatch(each -> Arrays.equals(
                        each.bytes(), at, at + 4, theirs.getFirst().bytes(), at, at + 4));
        return one
                ? theirs.stream()
                        .map(each -> withoutIdentification(each, packet))
                        .toList()
                : theirs;
    }

    private static Seen withoutIdentification(Seen fragment, SuperFrame packet) {
        byte[] bytes = fragment.bytes().clone();
        Arrays.fill(bytes, packet.fragmentable() + 4, packet.fragmentable() + 8, (byte) 0);
        return fragment.withBytes(bytes);
    }

    private static int get16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }

    private static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }
}
