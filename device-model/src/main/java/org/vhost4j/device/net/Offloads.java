// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * What a frame needs of its receiver, and what a port takes, as a mask. The numbers are those of the kernel's
 * {@code TUN_F_*} (uapi/linux/if_tun.h), so that a TAP port can pass its mask to {@code TUNSETOFFLOAD} as it is.
 */
public final class Offloads {
    /** A checksum that the receiver completes or trusts. */
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
    /** Every kind named here. */
    public static final int ALL = 0x7f;

    private Offloads() {}
}
