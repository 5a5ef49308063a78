// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.frame.NetHeader;
import org.vhost4j.device.frame.Offloads;

/** What a driver acknowledged, and what follows from it for frames in either direction. */
final class DriverFeatures {
    /** The offloads that CTRL_GUEST_OFFLOADS can switch (virtio 1.4 section 5.1.6.5.7). */
    private static final long GUEST_OFFLOADS = Feature.GUEST_CSUM.mask()
            | Feature.GUEST_TSO4.mask()
            | Feature.GUEST_TSO6.mask()
            | Feature.GUEST_ECN.mask()
            | Feature.GUEST_UFO.mask()
            | Feature.GUEST_USO4.mask()
            | Feature.GUEST_USO6.mask();

    private long word;
    private int headerBytes = NetHeader.LEGACY_BYTES;
    private int accepts;
    private int mayUse;

    /** Takes a feature word; all receive offloads in it are on. */
    void acknowledge(long acknowledged) {
        word = acknowledged;
        if (has(Feature.HASH_REPORT)) {
            headerBytes = NetHeader.HASH_BYTES;
        } else {
            headerBytes = has(Feature.VERSION_1) || has(Feature.MRG_RXBUF) ? NetHeader.BYTES : NetHeader.LEGACY_BYTES;
        }
        mayUse = mask(word, Feature.CSUM, Offloads.CSUM)
                | mask(word, Feature.HOST_TSO4, Offloads.TSO4)
                | mask(word, Feature.HOST_TSO6, Offloads.TSO6)
                | mask(word, Feature.HOST_ECN, Offloads.ECN)
                | mask(word, Feature.HOST_UFO, Offloads.UFO)
                | mask(word, Feature.HOST_USO, Offloads.USO4 | Offloads.USO6);
        receiveOffloads(word);
    }

    /**
     * CTRL_GUEST_OFFLOADS: switches receive offloads; false when one of them was not negotiated. RSC_EXT is none, but QEMU's own device
     * takes it there, and drivers written for that send it: it may be there, and says nothing.
     */
    boolean switchReceiveOffloads(long wanted) {
        if ((wanted & ~(word & (GUEST_OFFLOADS | Feature.RSC_EXT.mask()))) != 0) {
            return false;
        }
        receiveOffloads(wanted);
        return true;
    }

    private void receiveOffloads(long on) {
        int wanted = mask(on, Feature.GUEST_CSUM, Offloads.CSUM)
                | mask(on, Feature.GUEST_TSO4, Offloads.TSO4)
                | mask(on, Feature.GUEST_TSO6, Offloads.TSO6)
                | mask(on, Feature.GUEST_ECN, Offloads.ECN)
                | mask(on, Feature.GUEST_UFO, Offloads.UFO)
                | mask(on, Feature.GUEST_USO4, Offloads.USO4)
                | mask(on, Feature.GUEST_USO6, Offloads.USO6);
        // Every super-frame has a partial checksum, so a driver that takes none of those takes no super-frames.
        accepts = (wanted & Offloads.CSUM) != 0 ? wanted : 0;
    }

    private static int mask(long word, Feature feature, int offload) {
        return feature.in(word) ? offload : 0;
    }

    boolean has(Feature feature) {
        return feature.in(word);
    }

    /** The feature word. */
    long word() {
        return word;
    }

    /** The length of the virtio-net header. */
    int headerBytes() {
        return headerBytes;
    }

    /** What the driver takes, a mask of {@link Offloads}. */
    int accepts() {
        return accepts;
    }

    /** What the driver may use in what it sends, a mask of {@link Offloads}. */
    int mayUse() {
        return mayUse;
    }
}
