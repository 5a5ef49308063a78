// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.definition.GuestAbi;

class AbiViewTest {
    private static GuestAbi abi(int mtu, Feature... features) {
        return new GuestAbi(FeatureSet.of(features), 1, 1024, mtu, 12);
    }

    @Test
    void theSourcesFingerprintIsComparedWithWhatIsSeenHere() {
        AbiView here = new AbiView(abi(1500, Feature.CSUM));
        assertThat(here.differences(here.fingerprint())).isEmpty();
        assertThat(here.differences(new AbiView(abi(9000, Feature.CSUM, Feature.HOST_USO)).fingerprint()))
                .containsExactly("expected and not offered: HOST_USO", "MTU: expected 9000, is 1500");
    }

    @Test
    void whatIsNoFingerprintIsSaidInASentence() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AbiView(abi(0)).differences("nonsense"))
                .withMessageStartingWith("'nonsense' is not an ABI fingerprint");
    }
}
