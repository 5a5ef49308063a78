// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.vhostuser.wire.ConfigSpace;
import org.vhost4j.vhostuser.wire.Dependencies;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * The options of a session. They do not change while it exists.
 *
 * @param features virtio feature bits; PROTOCOL_FEATURES is added by the session
 * @param leftToFrontEnd virtio feature bits that are offered in addition until the front-end acknowledges CONFIG. A front-end that does not
 *     acknowledge CONFIG implements the device itself: its properties turn these features on or off, and they need no further messages. A
 *     front-end that acknowledges CONFIG (QEMU's generic device) would offer them to a guest without being able to implement them
 * @param protocolFeatures protocol feature bits, a subset of {@link #SERVED}
 * @param queueCount number of virtqueues, including the control queue: 1 to 256
 * @param maxQueueSize maximum number of descriptors of a ring: 1 to 32768
 * @param configSize size of the config space in bytes: 0 to 256
 * @param memorySlots maximum number of memory regions at a time: 8 to 509
 */
public record SessionOptions(
        FeatureSet features,
        FeatureSet leftToFrontEnd,
        Set<ProtocolFeature> protocolFeatures,
        int queueCount,
        int maxQueueSize,
        int configSize,
        int memorySlots) {
    /**
     * The protocol features that a session supports.
     *
     * <p>PAGEFAULT (postcopy) cannot be supported. With it a page of guest memory may still be at the source, and an access waits for
     * userfaultfd. A thread that accesses such a page from Java code waits in the kernel, where it cannot reach a safepoint. The next
     * garbage collection then stops every thread of this process, and so all guests, until the page arrives, or permanently if the source
     * has died. Only native calls may wait for memory, but Java code reads the rings and chains.
     */
    public static final Set<ProtocolFeature> SERVED = Collections.unmodifiableSet(EnumSet.of(
            ProtocolFeature.MQ,
            ProtocolFeature.LOG_SHMFD,
            ProtocolFeature.RARP,
            ProtocolFeature.REPLY_ACK,
            ProtocolFeature.MTU,
            ProtocolFeature.BACKEND_REQ,
            ProtocolFeature.CONFIG,
            ProtocolFeature.INFLIGHT_SHMFD,
            ProtocolFeature.RESET_DEVICE,
            ProtocolFeature.CONFIGURE_MEM_SLOTS,
            ProtocolFeature.STATUS,
            ProtocolFeature.DEVICE_STATE));

    /** The maximum number of memory regions: the number of memory slots that KVM supports on x86, so a machine never has more. */
    public static final int MAX_MEMORY_SLOTS = 509;

    /** Maximum number of rings: some messages have 8 bits for a ring's index. */
    private static final int MAX_QUEUES = 256;

    private static final int MIN_MEMORY_SLOTS = 8;

    /** Copies the set. */
    public SessionOptions {
        protocolFeatures = Set.copyOf(protocolFeatures);
        range("queueCount", queueCount, 1, MAX_QUEUES);
        range("maxQueueSize", maxQueueSize, 1, RingLayout.MAX_SIZE);
        range("configSize", configSize, 0, ConfigSpace.MAX_SIZE);
        range("memorySlots", memorySlots, MIN_MEMORY_SLOTS, MAX_MEMORY_SLOTS);
    }

    /**
     * Creates options without features that are left to the front-end.
     *
     * @param features virtio feature bits; PROTOCOL_FEATURES is added by the session
     * @param protocolFeatures protocol feature bits, a subset of {@link #SERVED}
     * @param queueCount number of virtqueues, including the control queue: 1 to 256
     * @param maxQueueSize maximum number of descriptors of a ring: 1 to 32768
     * @param configSize size of the config space in bytes: 0 to 256
     * @param memorySlots maximum number of memory regions at a time: 8 to 509
     */
    public SessionOptions(
            FeatureSet features,
            Set<ProtocolFeature> protocolFeatures,
            int queueCount,
            int maxQueueSize,
            int configSize,
            int memorySlots) {
        this(features, FeatureSet.EMPTY, protocolFeatures, queueCount, maxQueueSize, configSize, memorySlots);
    }

    private static void range(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException("%s is %d, not %d to %d".formatted(what, value, min, max));
        }
    }

    /**
     * Returns the dependencies between features and protocol features that these options violate. A session refuses such options: with such
     * an offer front-ends misbehave, up to reconnecting forever.
     *
     * @return one sentence for each violated dependency
     */
    public List<String> violations() {
        FeatureSet all = features.plus(leftToFrontEnd);
        List<String> broken = new ArrayList<>(features.violations());
        all.violations().stream().filter(each -> !broken.contains(each)).forEach(broken::add);
        for (Feature feature : Feature.values()) {
            if (all.has(feature) && !feature.fitsWord()) {
                broken.add(feature + " is bit " + feature.bit() + ", which the 64 bits of GET_FEATURES do not have");
            }
        }
        broken.addAll(Dependencies.violations(all, protocolFeatures));
        for (ProtocolFeature feature : ProtocolFeature.values()) {
            if (protocolFeatures.contains(feature) && !SERVED.contains(feature)) {
                broken.add("protocol feature " + feature + " is not served by this version");
            }
        }
        if (protocolFeatures.contains(ProtocolFeature.CONFIG) != (configSize > 0)) {
            broken.add("protocol feature CONFIG goes with a config space, whose size is " + configSize);
        }
        return broken;
    }
}
