// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import java.util.Locale;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.Dependencies;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * A combination of feature bits to acknowledge.
 *
 * @param group the group of combinations that it belongs to
 * @param label the label that identifies it within the group
 * @param features virtio feature bits 0 to 63
 * @param protocol protocol feature bits
 * @param high virtio feature bits 64 to 127, which the vhost-user feature word cannot carry: they are sent as a second word
 */
public record Combination(String group, String label, long features, long protocol, long high) {
    /**
     * Creates a combination that fits the vhost-user feature word.
     *
     * @param group the group of combinations that it belongs to
     * @param label the label that identifies it within the group
     * @param features virtio feature bits
     * @param protocol protocol feature bits
     */
    public Combination(String group, String label, long features, long protocol) {
        this(group, label, features, protocol, 0);
    }

    /**
     * Returns the name for reports and lists of expected failures.
     *
     * @return a name such as {@code negotiate.one-dropped.without-csum}
     */
    public String name() {
        return "negotiate." + word(group) + "." + word(label);
    }

    private static String word(String text) {
        return text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]+", "-");
    }

    /**
     * Returns whether a back-end that offered both words has no reason to refuse this combination. A back-end that
     * offered VERSION_1 may refuse to work without it (virtio 1.4 section 6.2).
     *
     * @param offeredFeatures virtio feature bits
     * @param offeredProtocol protocol feature bits
     * @return false when something was not offered or needs something that is not acknowledged
     */
    boolean isLawful(long offeredFeatures, long offeredProtocol) {
        FeatureSet set = FeatureSet.ofWord(features);
        return high == 0
                && (features & ~offeredFeatures) == 0
                && (Feature.VERSION_1.in(features) || !Feature.VERSION_1.in(offeredFeatures))
                && (protocol & ~offeredProtocol) == 0
                && set.violations().isEmpty()
                && Dependencies.violations(set, ProtocolFeature.of(protocol)).isEmpty()
                && (protocol == 0 || Feature.PROTOCOL_FEATURES.in(offeredFeatures));
    }

    /**
     * Returns whether a front-end without an IOMMU that notifies by eventfds can send frames with this combination.
     *
     * @return false when only the negotiation can be tested
     */
    boolean carriesFrames() {
        return high == 0
                && !Feature.ACCESS_PLATFORM.in(features)
                && !Feature.NOTIFICATION_DATA.in(features)
                && !ProtocolFeature.INBAND_NOTIFICATIONS.in(protocol)
                && !ProtocolFeature.XEN_MMAP.in(protocol)
                && !ProtocolFeature.GPA_ADDRESSES.in(protocol);
    }
}
