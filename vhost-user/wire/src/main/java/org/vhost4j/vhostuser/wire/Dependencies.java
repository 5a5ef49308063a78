// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;

/** The dependencies of virtio features on protocol features, and of protocol features on each other. */
public final class Dependencies {
    private record Need(Feature feature, ProtocolFeature required) {}

    private static final List<Need> NEEDS = List.of(
            new Need(Feature.ACCESS_PLATFORM, ProtocolFeature.REPLY_ACK),
            new Need(Feature.ACCESS_PLATFORM, ProtocolFeature.BACKEND_REQ),
            new Need(Feature.LOG_ALL, ProtocolFeature.LOG_SHMFD),
            new Need(Feature.MQ, ProtocolFeature.MQ));

    private Dependencies() {}

    /**
     * Returns the protocol features that a virtio feature needs.
     *
     * @param feature the virtio feature
     * @return the protocol features, all of which are needed; empty for most features
     */
    public static Set<ProtocolFeature> requiredBy(Feature feature) {
        Set<ProtocolFeature> required = EnumSet.noneOf(ProtocolFeature.class);
        for (Need need : NEEDS) {
            if (need.feature == feature) {
                required.add(need.required);
            }
        }
        return required;
    }

    /**
     * Returns the dependencies that an offer violates.
     *
     * @param features the offered virtio features
     * @param protocolFeatures the offered protocol features
     * @return one sentence for each violation, such as {@code MQ needs protocol feature MQ}
     */
    public static List<String> violations(FeatureSet features, Set<ProtocolFeature> protocolFeatures) {
        List<String> broken = new ArrayList<>();
        for (Need need : NEEDS) {
            if (features.has(need.feature) && !protocolFeatures.contains(need.required)) {
                broken.add(need.feature + " needs protocol feature " + need.required);
            }
        }
        for (ProtocolFeature feature : ProtocolFeature.values()) {
            if (!protocolFeatures.contains(feature)) {
                continue;
            }
            for (ProtocolFeature required : feature.requires()) {
                if (!protocolFeatures.contains(required)) {
                    broken.add("protocol feature " + feature + " needs protocol feature " + required);
                }
            }
        }
        return broken;
    }
}
