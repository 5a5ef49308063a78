// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;

/**
 * The negotiated features that determine the behavior of a started ring.
 *
 * @param eventIdx EVENT_IDX: notifications are suppressed by position
 * @param indirect INDIRECT_DESC: a descriptor may refer to a table
 * @param inOrder IN_ORDER: chains are used in the order in which they were made available, so one used element may
 *     stand for several chains
 * @param notifyOnEmpty NOTIFY_ON_EMPTY: the driver is interrupted when no chain is available any more, even if it
 *     suppresses interrupts; a legacy feature, which packed rings do not have
 * @param tablesAreRead not a feature, but a property of transmit queues: the WRITE flag in indirect tables of a packed
 *     ring is ignored, because DPDK's driver (at least 22.11) leaves it set in old entries, and reading a buffer that
 *     the device may write is harmless
 */
public record RingFeatures(
        boolean eventIdx, boolean indirect, boolean inOrder, boolean notifyOnEmpty, boolean tablesAreRead) {
    /** No features. */
    public static final RingFeatures NONE = new RingFeatures(false, false, false, false, false);

    /**
     * Returns the ring features among the negotiated ones.
     *
     * @param negotiated features that the driver acknowledged
     * @return the features
     */
    public static RingFeatures of(FeatureSet negotiated) {
        return new RingFeatures(
                negotiated.has(Feature.EVENT_IDX),
                negotiated.has(Feature.INDIRECT_DESC),
                negotiated.has(Feature.IN_ORDER),
                negotiated.has(Feature.NOTIFY_ON_EMPTY),
                false);
    }

    /**
     * Returns the same features for a transmit queue, whose buffers in indirect tables are all read.
     *
     * @return a copy with {@link #tablesAreRead}
     */
    public RingFeatures ofTransmitQueue() {
        return new RingFeatures(eventIdx, indirect, inOrder, notifyOnEmpty, true);
    }

    /**
     * Returns the ring features among the given ones.
     *
     * @param negotiated features that the driver acknowledged
     * @return the features
     */
    public static RingFeatures of(Feature... negotiated) {
        return of(FeatureSet.of(negotiated));
    }
}
