// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.offload;

/**
 * The reason why a frame was dropped whose virtio-net header is invalid or does not match the packet. The rules are
 * those of virtio 1.4 section 5.1.6.2 and, where the specification has none, those of Linux for frames written to a TAP
 * (include/linux/virtio_net.h).
 */
public enum BadFrame {
    /** The frame ends within its Ethernet header. */
    RUNT("shorter than an Ethernet header"),
    /** A header ends beyond the frame. */
    TRUNCATED("the frame ends within its headers"),
    /** The headers are longer than the part of a frame that is read. */
    HEADERS_TOO_LONG("headers of more than " + PacketHeaders.COPIED + " bytes"),
    /** The frame has more than two VLAN tags. */
    TOO_MANY_VLAN_TAGS("more than " + PacketHeaders.MAX_VLAN_TAGS + " VLAN tags before a super-frame"),
    /** The EtherType is neither IPv4 nor IPv6. */
    NOT_IP("a super-frame that is neither IPv4 nor IPv6"),
    /** The IP version field contradicts the EtherType. */
    IP_VERSION("the IP version does not match the Ethernet type"),
    /** The IPv4 header is shorter than 20 bytes. */
    IP_HEADER_LENGTH("an IPv4 header of less than 20 bytes"),
    /** The super-frame is a fragment of an IP packet. */
    FRAGMENT("a super-frame that is itself an IP fragment"),
    /** The protocol is neither TCP nor UDP. */
    NOT_TCP_OR_UDP("a super-frame that is neither TCP nor UDP"),
    /** The TCP data offset is below 5. */
    TCP_HEADER_LENGTH("a TCP header of less than 20 bytes"),
    /** The specification does not define this gso_type. */
    UNKNOWN_GSO_TYPE("unknown gso_type"),
    /** The ECN bit is set without a TCP type. */
    ECN_WITHOUT_TCP("gso_type has ECN without a TCP type"),
    /** A super-frame does not have the flag {@code NEEDS_CSUM}. */
    GSO_WITHOUT_CSUM("gso_type is set, NEEDS_CSUM is not"),
    /** The gso_size is invalid. */
    GSO_SIZE("gso_size is 0, 65535, or not a multiple of 8 for IP fragments"),
    /** The checksum field, or the start of the range that it covers, is outside the packet. */
    CSUM_OUTSIDE("csum_start or csum_offset is outside the packet"),
    /** {@code csum_start} is not the start of the TCP or UDP header. */
    CSUM_START("csum_start is not the start of the transport header"),
    /** {@code csum_offset} is not that of TCP or UDP, whichever the packet has. */
    CSUM_OFFSET("csum_offset is not that of the protocol"),
    /** The gso_type is for another IP version or protocol than the packet's. */
    GSO_TYPE("gso_type does not match the packet"),
    /** The packet is longer than IP allows. */
    TOO_LONG("an IP packet of more than 65535 bytes"),
    /** The super-frame has more segments than the engine makes of one frame. */
    TOO_MANY_SEGMENTS("more segments than " + SuperFrameRules.MAX_UDP_SEGMENTS + " for UDP, "
            + SuperFrameRules.MAX_TCP_SEGMENTS + " for TCP"),
    /** The flag {@code NEEDS_CSUM} is set, but the sender did not negotiate CSUM. */
    CSUM_NOT_NEGOTIATED("NEEDS_CSUM without having negotiated it"),
    /** The sender did not negotiate the offload of this gso_type. */
    GSO_NOT_NEGOTIATED("a gso_type that was not negotiated"),
    /** The ECN bit is set, but the sender did not negotiate it. */
    ECN_NOT_NEGOTIATED("gso_type has ECN without having negotiated it"),
    /** The gso_type has both tunnel bits, or a tunnel bit with a type that is not allowed in a tunnel. */
    TUNNEL_TYPE("gso_type has both tunnel bits, or one without TCP or UDP_L4"),
    /** The flags are not allowed: {@code DATA_VALID} with a tunnel bit, or {@code UDP_TUNNEL_CSUM} without one. */
    TUNNEL_FLAGS("flags have UDP_TUNNEL_CSUM without a tunnel, or DATA_VALID with one"),
    /** {@code outer_th_offset} or {@code inner_nh_offset} is not the start of that header. */
    TUNNEL_OFFSETS("outer_th_offset or inner_nh_offset is not the start of that header"),
    /** The tunnel's outer headers do not match the gso_type. */
    TUNNEL_OUTER("the outer headers are not UDP over the IP version of the tunnel bit"),
    /** The scatter list has no room for the pieces that replace the headers. */
    TOO_MANY_PIECES("more pieces than a frame can have once its headers are replaced");

    static final int COUNT = values().length;

    private final String meaning;

    BadFrame(String meaning) {
        this.meaning = meaning;
    }

    /**
     * Returns a description of the error, for a message.
     *
     * @return a few words
     */
    public String meaning() {
        return meaning;
    }
}
