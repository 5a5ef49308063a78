// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;

/**
 * The negotiated features by which a started ring behaves.
 *
 * @param eventIdx EVENT_IDX: notifications are suppressed by position
 * @param indirect INDIRECT_DESC: a descriptor may refer to a table
 * @param inOrder IN_ORDER: chains are used in the order in which they were made available, so one used element may stand for
 *     many
 * @param notifyOnEmpty NOTIFY_ON_EMPTY: the driver is interrupted when nothing more is available, whatever it asked for;
 *     a legacy feature, which packed rings do not have
 */
public record RingFeatures(boolean eventIdx, boolean indirect, boolean inOrder, boolean notifyOnEmpty) {
    /** None of them. */
    public static final RingFeatures NONE = new RingFeatures(false, false, false, false);

    /**
     * The ring's part of what was negotiated.
     *
     * @param negotiated what the driver acknowledged
     * @return the features
     */
    public static RingFeatures of(FeatureSet negotiated) {
        return new RingFeatures(
                negotiated.has(Feature.EVENT_IDX),
                negotiated.has(Feature.INDIRECT_DESC),
                negotiated.has(Feature.IN_ORDER),
                negotiated.has(Feature.NOTIFY_ON_EMPTY));
    }

    /**
     * The ring's part of some features.
     *
     * @param negotiated what the driver acknowledged
     * @return the features
     */
    public static RingFeatures of(Feature... negotiated) {
        return of(FeatureSet.of(negotiated));
    }
}
