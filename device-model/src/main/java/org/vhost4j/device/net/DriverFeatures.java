// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;

/** The features that a driver acknowledged, and the offloads of frames in either direction that result from them. */
final class DriverFeatures {
    /** The guest offloads that CTRL_GUEST_OFFLOADS_SET can enable and disable (virtio 1.4 section 5.1.6.5.7). */
    private static final FeatureSet GUEST_OFFLOADS = FeatureSet.of(
            Feature.GUEST_CSUM,
            Feature.GUEST_TSO4,
            Feature.GUEST_TSO6,
            Feature.GUEST_ECN,
            Feature.GUEST_UFO,
            Feature.GUEST_USO4,
            Feature.GUEST_USO6);

    /**
     * The bits that CTRL_GUEST_OFFLOADS_SET may contain. RSC_EXT is ignored there: the specification does not list it,
     * but QEMU's own device accepts it and drivers written for QEMU send it.
     */
    private static final FeatureSet NAMED = GUEST_OFFLOADS.plus(FeatureSet.of(Feature.RSC_EXT));

    private FeatureSet acknowledged = FeatureSet.EMPTY;
    private int headerBytes = NetHeader.LEGACY_BYTES;
    private int guestOffloads;
    private int hostOffloads;

    /** Sets the features, and enables all guest offloads among them. */
    void acknowledge(FeatureSet features) {
        acknowledged = features;
        if (has(Feature.HASH_REPORT)) {
            headerBytes = NetHeader.HASH_BYTES;
        } else {
            headerBytes = has(Feature.VERSION_1) || has(Feature.MRG_RXBUF) ? NetHeader.BYTES : NetHeader.LEGACY_BYTES;
        }
        hostOffloads = mask(features, Feature.CSUM, Offloads.CSUM)
                | mask(features, Feature.HOST_TSO4, Offloads.TSO4)
                | mask(features, Feature.HOST_TSO6, Offloads.TSO6)
                | mask(features, Feature.HOST_ECN, Offloads.ECN)
                | mask(features, Feature.HOST_UFO, Offloads.UFO)
                | mask(features, Feature.HOST_USO, Offloads.USO4 | Offloads.USO6);
        receiveOffloads(features);
    }

    /** Executes CTRL_GUEST_OFFLOADS_SET; returns false when one of the offloads was not negotiated. */
    boolean switchReceiveOffloads(FeatureSet wanted) {
        if (!wanted.minus(acknowledged.and(NAMED)).isEmpty()) {
            return false;
        }
        receiveOffloads(wanted);
        return true;
    }

    private void receiveOffloads(FeatureSet on) {
        int wanted = mask(on, Feature.GUEST_CSUM, Offloads.CSUM)
                | mask(on, Feature.GUEST_TSO4, Offloads.TSO4)
                | mask(on, Feature.GUEST_TSO6, Offloads.TSO6)
                | mask(on, Feature.GUEST_ECN, Offloads.ECN)
                | mask(on, Feature.GUEST_UFO, Offloads.UFO)
                | mask(on, Feature.GUEST_USO4, Offloads.USO4)
                | mask(on, Feature.GUEST_USO6, Offloads.USO6);
        // Every super-frame has a partial checksum, so a driver without GUEST_CSUM accepts no super-frames.
        guestOffloads = (wanted & Offloads.CSUM) != 0 ? wanted : 0;
    }

    private static int mask(FeatureSet features, Feature feature, int offload) {
        return features.has(feature) ? offload : 0;
    }

    boolean has(Feature feature) {
        return acknowledged.has(feature);
    }

    /** Returns the features that the driver acknowledged. */
    FeatureSet acknowledged() {
        return acknowledged;
    }

    /** Returns the length of the virtio-net header in bytes. */
    int headerBytes() {
        return headerBytes;
    }

    /** Returns the offloads that the driver accepts, a mask of {@link Offloads}. */
    int guestOffloads() {
        return guestOffloads;
    }

    /** Returns the offloads that the driver may use in frames that it sends, a mask of {@link Offloads}. */
    int hostOffloads() {
        return hostOffloads;
    }
}
