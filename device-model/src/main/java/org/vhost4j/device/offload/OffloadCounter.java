// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

import org.vhost4j.device.frame.Frame;

/**
 * The counters of an {@link OffloadEngine}, in addition to one for each {@link BadFrame}. Each counts delivered frames
 * only.
 */
public enum OffloadCounter {
    /** Plain frames that were delivered unchanged. */
    PASSED("frames passed unchanged"),
    /** Frames that were delivered with a partial checksum, which the receiver completes or trusts. */
    PASSED_CSUM("frames passed with a partial checksum"),
    /** TCP super-frames over IPv4 that were delivered unsegmented. */
    PASSED_TCPV4("TCPv4 super-frames passed unsegmented"),
    /** TCP super-frames over IPv6 that were delivered unsegmented. */
    PASSED_TCPV6("TCPv6 super-frames passed unsegmented"),
    /** UDP super-frames that were delivered unsegmented. */
    PASSED_UDP_L4("UDP_L4 super-frames passed unsegmented"),
    /** UDP super-frames for IP fragmentation (UFO) that were delivered unfragmented. */
    PASSED_UFO("UFO super-frames passed unfragmented"),
    /** Super-frames inside a UDP tunnel that were delivered unsegmented. */
    PASSED_TUNNEL("super-frames in UDP tunnels passed unsegmented"),
    /** Frames whose checksum was completed in software. */
    CSUM_COMPLETED("checksums completed in software"),
    /** TCP super-frames over IPv4 that were segmented in software. */
    CUT_TCPV4("TCPv4 super-frames segmented in software"),
    /** TCP super-frames over IPv6 that were segmented in software. */
    CUT_TCPV6("TCPv6 super-frames segmented in software"),
    /** UDP super-frames that were segmented in software. */
    CUT_UDP_L4("UDP_L4 super-frames segmented in software"),
    /** UDP super-frames that were divided into IP fragments in software. */
    CUT_UFO("UFO super-frames fragmented in software"),
    /** Super-frames inside a UDP tunnel that were segmented in software. */
    CUT_TUNNEL("super-frames in UDP tunnels segmented in software"),
    /** Segments and IP fragments that were made in software. */
    SEGMENTS("segments made in software"),
    /** Frames that were merged into super-frames for a receiver. */
    COALESCED("frames coalesced into super-frames");

    static final int COUNT = values().length;

    private final String meaning;

    OffloadCounter(String meaning) {
        this.meaning = meaning;
    }

    /**
     * Returns a description of the counter.
     *
     * @return a few words
     */
    public String meaning() {
        return meaning;
    }

    static OffloadCounter passed(int gsoType) {
        if ((gsoType & Frame.GSO_UDP_TUNNEL) != 0) {
            return PASSED_TUNNEL;
        }
        return switch (gsoType & ~Frame.GSO_ECN) {
            case Frame.GSO_TCPV4 -> PASSED_TCPV4;
            case Frame.GSO_TCPV6 -> PASSED_TCPV6;
            case Frame.GSO_UDP_L4 -> PASSED_UDP_L4;
            default -> PASSED_UFO;
        };
    }

    static OffloadCounter cut(int gsoType) {
        if ((gsoType & Frame.GSO_UDP_TUNNEL) != 0) {
            return CUT_TUNNEL;
        }
        return switch (gsoType & ~Frame.GSO_ECN) {
            case Frame.GSO_TCPV4 -> CUT_TCPV4;
            case Frame.GSO_TCPV6 -> CUT_TCPV6;
            case Frame.GSO_UDP_L4 -> CUT_UDP_L4;
            default -> CUT_UFO;
        };
    }
}
