// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;

final class GuestAbiTest {
    private static final GuestAbi ABI =
            new GuestAbi(FeatureSet.of(Feature.CSUM, Feature.HOST_USO, Feature.VERSION_1), 2, 1024, 1500, 12);

    @Test
    void fingerprintIsStable() {
        assertThat(ABI.fingerprint()).isEqualTo("vnet1-100000100000001-q2-s1024-m1500-c12-" + "689d06ae");
        assertThat(ABI.fingerprint()).hasSizeLessThan(60);
    }

    @Test
    void fingerprintIsReadBack() {
        assertThat(GuestAbi.parse(ABI.fingerprint())).isEqualTo(ABI);
        GuestAbi wide = new GuestAbi(
                FeatureSet.of(Feature.CTRL_VQ, Feature.HOST_UDP_TUNNEL_GSO, Feature.SPEED_DUPLEX), 1, 256, 0, 24);
        assertThat(GuestAbi.parse(wide.fingerprint())).isEqualTo(wide);
        GuestAbi fast = new GuestAbi(FeatureSet.of(Feature.SPEED_DUPLEX), 1, 256, 0, 24, Integer.MAX_VALUE);
        assertThat(fast.fingerprint()).startsWith("vnet1-8000000000000000-q1-s256-m0-c24-v2147483647-");
        assertThat(GuestAbi.parse(fast.fingerprint())).isEqualTo(fast);
        assertThat(fast.differences(new GuestAbi(fast.features(), 1, 256, 0, 24)))
                .containsExactly("Mbit/s: expected 2147483647, is 0");
    }

    @Test
    void differencesAreListed() {
        GuestAbi other = new GuestAbi(FeatureSet.of(Feature.CSUM, Feature.VERSION_1, Feature.MQ), 1, 1024, 0, 12);
        assertThat(ABI.differences(other))
                .containsExactly(
                        "expected and not offered: HOST_USO",
                        "offered and not expected: MQ",
                        "queue pairs: expected 2, is 1",
                        "MTU: expected 1500, is 0");
        assertThat(ABI.differences(ABI)).isEmpty();
    }

    @Test
    void misspeltFingerprintsAreRefused() {
        String good = ABI.fingerprint();
        assertThatThrownBy(() -> GuestAbi.parse(good.replace("s1024", "s1025")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("misspelt");
        for (String bad : new String[] {"", "vnet1", good + "0", good.replace("vnet1", "vnet2"), "-1"}) {
            assertThatThrownBy(() -> GuestAbi.parse(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is not an ABI fingerprint");
        }
    }
}
