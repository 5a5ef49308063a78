// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

/**
 * Masks of offloads: those that a frame requires of its receiver, or those that a port accepts. The bits are those of
 * the kernel's {@code TUN_F_*} (uapi/linux/if_tun.h), so that a TAP port can pass its mask to {@code TUNSETOFFLOAD}
 * unchanged.
 */
public final class Offloads {
    /** Partial checksums, which the receiver completes or trusts. */
    public static final int CSUM = 0x01;
    /** TCP super-frames over IPv4. */
    public static final int TSO4 = 0x02;
    /** TCP super-frames over IPv6. */
    public static final int TSO6 = 0x04;
    /** TCP super-frames with congestion window reduced (CWR) set. */
    public static final int ECN = 0x08;
    /** UDP super-frames to be sent as IP fragments. */
    public static final int UFO = 0x10;
    /** UDP super-frames over IPv4. */
    public static final int USO4 = 0x20;
    /** UDP super-frames over IPv6. */
    public static final int USO6 = 0x40;
    /** TCP and UDP super-frames inside a UDP tunnel. */
    public static final int UDP_TUNNEL = 0x80;
    /** TCP and UDP super-frames inside a UDP tunnel whose outer UDP checksum is partial. */
    public static final int UDP_TUNNEL_CSUM = 0x100;
    /**
     * All offloads that a guest can negotiate over vhost-user, whose 64 feature bits do not include the tunnel bits.
     */
    public static final int ALL = 0x7f;
    /** Every offload of this class. */
    public static final int ALL_WITH_TUNNELS = 0x1ff;

    private Offloads() {}
}
