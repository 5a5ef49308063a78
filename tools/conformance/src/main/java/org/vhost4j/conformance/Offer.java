// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * What a back-end offered when it was first asked.
 *
 * @param features virtio feature bits
 * @param protocol protocol feature bits; none without PROTOCOL_FEATURES
 */
public record Offer(long features, long protocol) {
    static Offer ask(FrontEnd frontEnd) {
        long features = frontEnd.getFeatures();
        return new Offer(features, Feature.PROTOCOL_FEATURES.in(features) ? frontEnd.getProtocolFeatures() : 0);
    }

    /**
     * Whether a feature is offered.
     *
     * @param feature which
     * @return true when its bit is set
     */
    public boolean has(Feature feature) {
        return feature.in(features);
    }

    /**
     * Whether a protocol feature is offered.
     *
     * @param feature which
     * @return true when its bit is set
     */
    public boolean has(ProtocolFeature feature) {
        return feature.in(protocol);
    }

    /** What a case needs and this is not. */
    List<String> missing(Case wanted) {
        List<String> names = new ArrayList<>();
        for (Feature feature : wanted.features()) {
            if (!has(feature)) {
                names.add(feature.name());
            }
        }
        for (ProtocolFeature feature : wanted.protocol()) {
            if (!has(feature)) {
                names.add("PROTOCOL_F_" + feature.name());
            }
        }
        return names;
    }

    /**
     * The virtio features by name.
     *
     * @return in the order of their bits
     */
    public List<String> featureNames() {
        return FeatureSet.ofWord(features).names();
    }

    /**
     * The protocol features by name.
     *
     * @return in the order of their bits
     */
    public List<String> protocolNames() {
        return ProtocolFeature.names(protocol);
    }
}
