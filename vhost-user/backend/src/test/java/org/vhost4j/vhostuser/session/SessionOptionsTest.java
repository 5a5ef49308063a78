// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

class SessionOptionsTest {
    private static SessionOptions options(FeatureSet features, Set<ProtocolFeature> protocol) {
        return new SessionOptions(features, protocol, 5, 1024, protocol.contains(ProtocolFeature.CONFIG) ? 12 : 0, 509);
    }

    @Test
    void everythingServedCanBeOffered() {
        assertThat(FrontEnd.OPTIONS.violations()).isEmpty();
    }

    @Test
    void dependenciesWithinTheFeatureWord() {
        assertThat(options(FeatureSet.of(Feature.HOST_USO), SessionOptions.SERVED)
                        .violations())
                .containsExactly("HOST_USO needs CSUM");
    }

    @Test
    void dependenciesAcrossBothWords() {
        assertThat(options(FeatureSet.of(Feature.MQ, Feature.CTRL_VQ), Set.of()).violations())
                .containsExactly("MQ needs protocol feature MQ");
        assertThat(options(FeatureSet.of(Feature.ACCESS_PLATFORM), Set.of()).violations())
                .contains(
                        "ACCESS_PLATFORM needs protocol feature REPLY_ACK",
                        "ACCESS_PLATFORM needs protocol feature BACKEND_REQ");
        assertThat(options(FeatureSet.of(Feature.LOG_ALL), Set.of()).violations())
                .contains("LOG_ALL needs protocol feature LOG_SHMFD");
    }

    @Test
    void whatIsNotServedIsNotOffered() {
        assertThat(options(FeatureSet.EMPTY, Set.of(ProtocolFeature.PAGEFAULT)).violations())
                .contains("protocol feature PAGEFAULT is not served by this version");
        assertThat(options(
                                FeatureSet.of(
                                        Feature.CSUM,
                                        Feature.HOST_TSO4,
                                        Feature.HOST_TSO6,
                                        Feature.HOST_USO,
                                        Feature.HOST_UDP_TUNNEL_GSO),
                                Set.of())
                        .violations())
                .containsExactly("HOST_UDP_TUNNEL_GSO is bit 67, which the 64 bits of GET_FEATURES do not have");
    }

    @ParameterizedTest
    @EnumSource
    void protocolFeaturesAreOfferedWhenServed(ProtocolFeature feature) {
        Set<ProtocolFeature> offered = EnumSet.of(feature);
        offered.addAll(feature.requires());
        String refusal = "protocol feature " + feature + " is not served by this version";
        if (SessionOptions.SERVED.contains(feature)) {
            assertThat(options(FeatureSet.EMPTY, offered).violations()).isEmpty();
        } else {
            assertThat(options(FeatureSet.EMPTY, offered).violations()).contains(refusal);
        }
    }

    @Test
    void neverInBandNorXenNorGuestAddresses() {
        assertThat(SessionOptions.SERVED)
                .doesNotContain(
                        ProtocolFeature.INBAND_NOTIFICATIONS, ProtocolFeature.XEN_MMAP, ProtocolFeature.GPA_ADDRESSES);
    }

    @Test
    void dependenciesWithinTheProtocolWord() {
        assertThat(options(FeatureSet.EMPTY, Set.of(ProtocolFeature.INBAND_NOTIFICATIONS))
                        .violations())
                .contains(
                        "protocol feature INBAND_NOTIFICATIONS needs protocol feature REPLY_ACK",
                        "protocol feature INBAND_NOTIFICATIONS needs protocol feature BACKEND_REQ");
    }

    @Test
    void configSpaceGoesWithItsFeature() {
        assertThat(new SessionOptions(FeatureSet.EMPTY, Set.of(ProtocolFeature.CONFIG), 2, 256, 0, 8).violations())
                .containsExactly("protocol feature CONFIG goes with a config space, whose size is 0");
        assertThat(new SessionOptions(FeatureSet.EMPTY, Set.of(), 2, 256, 12, 8).violations())
                .containsExactly("protocol feature CONFIG goes with a config space, whose size is 12");
    }

    @Test
    void aSessionDoesNotStartWithAViolation() {
        FakeMapper mapper = new FakeMapper();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Session(
                        options(FeatureSet.of(Feature.HOST_USO), Set.of()), new FakeEffects(mapper), mapper))
                .withMessage("features cannot be offered: HOST_USO needs CSUM");
    }

    @Test
    void numbersHaveRanges() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SessionOptions(FeatureSet.EMPTY, Set.of(), 257, 256, 0, 8))
                .withMessage("queueCount is 257, not 1 to 256");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SessionOptions(FeatureSet.EMPTY, Set.of(), 2, 32769, 0, 8))
                .withMessage("maxQueueSize is 32769, not 1 to 32768");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SessionOptions(FeatureSet.EMPTY, Set.of(), 2, 256, 257, 8))
                .withMessage("configSize is 257, not 0 to 256");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SessionOptions(FeatureSet.EMPTY, Set.of(), 2, 256, 0, 510))
                .withMessage("memorySlots is 510, not 8 to 509");
    }
}
