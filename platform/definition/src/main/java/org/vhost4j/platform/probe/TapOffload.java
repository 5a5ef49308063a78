// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.util.List;

/**
 * The flags of TUNSETOFFLOAD (linux/if_tun.h) that show whether a TAP can deliver frames with an offload to the guest.
 *
 * @param capability capability that the kernel has when it accepts the flags
 * @param mask {@code TUN_F_} flags, including the flags that they require
 */
record TapOffload(HostCapability capability, int mask) {
    private static final int CSUM = 0x01;
    private static final int TSO = 0x02 | 0x04;
    private static final int ECN = 0x08;
    private static final int UFO = 0x10;
    private static final int USO = 0x20 | 0x40;
    private static final int TUNNEL = 0x80;
    private static final int TUNNEL_CSUM = 0x100;

    /** All offloads, in the order of the calls. */
    static final List<TapOffload> ALL = List.of(
            new TapOffload(HostCapability.TAP_CSUM, CSUM),
            new TapOffload(HostCapability.TAP_TSO, CSUM | TSO),
            new TapOffload(HostCapability.TAP_ECN, CSUM | TSO | ECN),
            new TapOffload(HostCapability.TAP_UFO, CSUM | UFO),
            new TapOffload(HostCapability.TAP_USO, CSUM | USO),
            new TapOffload(HostCapability.TAP_TUNNEL, CSUM | TSO | USO | TUNNEL),
            new TapOffload(HostCapability.TAP_TUNNEL_CSUM, CSUM | TSO | USO | TUNNEL | TUNNEL_CSUM));
}
