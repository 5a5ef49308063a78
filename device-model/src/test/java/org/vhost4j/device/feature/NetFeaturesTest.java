// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.feature;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NetFeaturesTest {
    @Test
    void allOfThemCanBeNegotiatedTogether() {
        assertThat(FeatureSet.of(NetFeatures.ALL).violations()).isEmpty();
    }

    @Test
    void whatIsMissingIsNamed() {
        Set<Feature> missing = EnumSet.allOf(Feature.class);
        missing.removeAll(NetFeatures.ALL);
        assertThat(missing)
                .containsExactlyInAnyOrder(
                        // Obsolete: implied by the other offloads.
                        Feature.GSO,
                        // A feature of vhost-user, not of the device.
                        Feature.LOG_ALL,
                        Feature.PROTOCOL_FEATURES,
                        Feature.ORDER_PLATFORM,
                        Feature.SR_IOV,
                        Feature.NOTIFICATION_DATA,
                        Feature.NOTIF_CONFIG_DATA,
                        Feature.ADMIN_VQ,
                        Feature.HASH_TUNNEL,
                        Feature.RSS_CONTEXT,
                        // Bits above the 64 feature bits of vhost-user.
                        Feature.GUEST_UDP_TUNNEL_GSO,
                        Feature.GUEST_UDP_TUNNEL_GSO_CSUM,
                        Feature.HOST_UDP_TUNNEL_GSO,
                        Feature.HOST_UDP_TUNNEL_GSO_CSUM);
    }
}
