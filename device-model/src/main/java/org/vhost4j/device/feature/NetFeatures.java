// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.feature;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The feature bits that {@link org.vhost4j.device.net.NetDevice} implements. The configuration of a back-end determines
 * the subset that it offers.
 */
public final class NetFeatures {
    /** Offloads and headers of frames, in either direction (virtio 1.4 section 5.1.6). */
    private static final Set<Feature> OFFLOADS = EnumSet.of(
            Feature.CSUM,
            Feature.GUEST_CSUM,
            Feature.CTRL_GUEST_OFFLOADS,
            Feature.GUEST_TSO4,
            Feature.GUEST_TSO6,
            Feature.GUEST_ECN,
            Feature.GUEST_UFO,
            Feature.GUEST_USO4,
            Feature.GUEST_USO6,
            Feature.HOST_TSO4,
            Feature.HOST_TSO6,
            Feature.HOST_ECN,
            Feature.HOST_UFO,
            Feature.HOST_USO,
            Feature.MRG_RXBUF,
            Feature.GUEST_HDRLEN,
            Feature.RSC_EXT);

    /** Fields of the config space and commands of the control queue (virtio 1.4 sections 5.1.4 and 5.1.6.5). */
    private static final Set<Feature> CONTROL = EnumSet.of(
            Feature.MTU,
            Feature.MAC,
            Feature.STATUS,
            Feature.STANDBY,
            Feature.SPEED_DUPLEX,
            Feature.CTRL_VQ,
            Feature.CTRL_RX,
            Feature.CTRL_VLAN,
            Feature.CTRL_RX_EXTRA,
            Feature.CTRL_MAC_ADDR,
            Feature.GUEST_ANNOUNCE,
            Feature.MQ,
            Feature.RSS,
            Feature.HASH_REPORT,
            Feature.NOTF_COAL,
            Feature.VQ_NOTF_COAL,
            Feature.DEVICE_STATS);

    /** Layout and use of the rings (virtio 1.4 section 6). */
    private static final Set<Feature> RINGS = EnumSet.of(
            Feature.NOTIFY_ON_EMPTY,
            Feature.ANY_LAYOUT,
            Feature.INDIRECT_DESC,
            Feature.EVENT_IDX,
            Feature.VERSION_1,
            Feature.ACCESS_PLATFORM,
            Feature.RING_PACKED,
            Feature.IN_ORDER,
            Feature.RING_RESET);

    /** Every feature that the device implements. Unmodifiable. */
    public static final Set<Feature> ALL = all();

    private NetFeatures() {}

    private static Set<Feature> all() {
        Set<Feature> all = EnumSet.copyOf(OFFLOADS);
        all.addAll(CONTROL);
        all.addAll(RINGS);
        return Collections.unmodifiableSet(all);
    }
}
