// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.ConfigField;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.Offer;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.frontend.ScriptedBackEnd;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Tests with a scripted back-end, which writes its replies in advance; the received messages are checked afterwards.
 */
class OfferTest {
    private final ScriptedBackEnd backEnd = new ScriptedBackEnd();
    private final FrontEnd frontEnd = backEnd.frontEnd();

    @AfterEach
    void close() {
        backEnd.close();
    }

    private void assertSent(Request... requests) {
        for (Request request : requests) {
            try (RawMessage message = backEnd.sent()) {
                assertThat(Request.ofCode(message.request())).contains(request);
            }
        }
        frontEnd.close();
        assertThat(backEnd.socket().awaitClosed(FrontEnd.PATIENCE)).isTrue();
    }

    @Test
    void withoutProtocolFeaturesNothingMoreIsAsked() {
        backEnd.answer(Request.GET_FEATURES, Feature.MRG_RXBUF.mask());
        Offer offer = Offer.ask(frontEnd);
        assertThat(offer.features()).isEqualTo(FeatureSet.of(Feature.MRG_RXBUF));
        assertThat(offer.protocolFeatures()).isEmpty();
        assertThat(offer.config()).isEmpty();
        assertThat(offer.remarks()).hasSize(2);
        assertSent(Request.GET_FEATURES);
    }

    @Test
    void onlyWhatIsOfferedIsAskedAndNothingIsSetUp() {
        backEnd.answer(Request.GET_FEATURES, Feature.PROTOCOL_FEATURES.mask() | Feature.VERSION_1.mask());
        backEnd.answer(
                Request.GET_PROTOCOL_FEATURES,
                word(ProtocolFeature.MQ, ProtocolFeature.STATUS, ProtocolFeature.REPLY_ACK));
        backEnd.answer(Request.GET_QUEUE_NUM, 4);
        backEnd.answer(Request.GET_STATUS, 0);
        Offer offer = Offer.ask(frontEnd);
        assertThat(offer.queues()).hasValue(4);
        assertThat(offer.status()).hasValue(0);
        assertThat(offer.memorySlots()).isEmpty();
        assertThat(offer.troubles()).isEmpty();
        assertSent(
                Request.GET_FEATURES,
                Request.GET_PROTOCOL_FEATURES,
                Request.SET_PROTOCOL_FEATURES,
                Request.GET_QUEUE_NUM,
                Request.GET_STATUS);
    }

    @Test
    void aShorterConfigSpaceIsFound() {
        backEnd.answer(
                Request.GET_FEATURES, Feature.PROTOCOL_FEATURES.mask() | Feature.MAC.mask() | Feature.MTU.mask());
        backEnd.answer(Request.GET_PROTOCOL_FEATURES, word(ProtocolFeature.CONFIG));
        backEnd.answer(Request.GET_FEATURES, Feature.PROTOCOL_FEATURES.mask() | Feature.MAC.mask());
        for (int i = 0; i < 5; i++) {
            backEnd.answer(Request.GET_CONFIG, new byte[0]);
        }
        byte[] twelve = new byte[12 + 12];
        twelve[4] = 12;
        System.arraycopy(new byte[] {2, 0, 0, 0, 0, 9, 1, 0, 1, 0, (byte) 0xdc, 5}, 0, twelve, 12, 12);
        backEnd.answer(Request.GET_CONFIG, twelve);
        Offer offer = Offer.ask(frontEnd);
        byte[] config = offer.config().orElseThrow();
        assertThat(config).hasSize(12);
        assertThat(ConfigField.MAC.value(config)).isEqualTo("02:00:00:00:00:09");
        assertThat(ConfigField.STATUS.value(config)).isEqualTo("0x1 LINK_UP");
        assertThat(ConfigField.MTU.value(config)).isEqualTo("1500");
        assertThat(offer.featuresWithConfig()).contains(FeatureSet.of(Feature.PROTOCOL_FEATURES, Feature.MAC));
    }

    @Test
    void silenceToOneQuestionEndsTheQuestions() {
        frontEnd.patience(Duration.ofMillis(1));
        backEnd.answer(Request.GET_FEATURES, Feature.PROTOCOL_FEATURES.mask());
        backEnd.answer(Request.GET_PROTOCOL_FEATURES, word(ProtocolFeature.MQ, ProtocolFeature.STATUS));
        Offer offer = Offer.ask(frontEnd);
        assertThat(offer.troubles())
                .containsExactly(
                        "GET_QUEUE_NUM: no message from the back-end within 1 ms; no further requests were sent");
        assertSent(
                Request.GET_FEATURES,
                Request.GET_PROTOCOL_FEATURES,
                Request.SET_PROTOCOL_FEATURES,
                Request.GET_QUEUE_NUM);
    }

    @Test
    void dependenciesOfBothWordsAreCheckedInTheOffer() {
        Offer offer = offer(FeatureSet.of(Feature.HOST_USO, Feature.ACCESS_PLATFORM), ProtocolFeature.REPLY_ACK);
        assertThat(offer.violations())
                .containsExactly("HOST_USO needs CSUM", "ACCESS_PLATFORM needs protocol feature BACKEND_REQ");
    }

    @Test
    void whatIsMissingForAPlatformIsNamedForBothWays() {
        PlatformCatalog catalog = PlatformCatalog.shipped();
        Offer offer = offer(FeatureSet.of(Feature.CSUM, Feature.VERSION_1), ProtocolFeature.REPLY_ACK);
        PromiseCheck.Verdict verdict = new PromiseCheck(catalog, offer).of("pc-q35-10.0", "linux-6.2");
        assertThat(verdict.netdev()).contains("HOST_TSO4", "MRG_RXBUF").doesNotContain("HOST_USO", "CTRL_VQ", "CSUM");
        assertThat(verdict.device())
                .contains("HOST_USO", "CTRL_VQ", "protocol feature CONFIG")
                .doesNotContain("CSUM");
        assertThat(new PromiseCheck(catalog, offer).newest("pc-q35-10.0", false))
                .isEmpty();
        FeatureSet all = FeatureSet.of(Feature.values());
        PromiseCheck full = new PromiseCheck(catalog, offer(new FeatureSet(all.low(), 0), ProtocolFeature.CONFIG));
        assertThat(full.of("pc-q35-10.0", "linux-6.2")).isEqualTo(new PromiseCheck.Verdict(List.of(), List.of()));
        assertThat(full.newest("pc-q35-10.0", true)).isPresent();
    }

    @Test
    void theReportIsWhatItsSchemaSays() {
        PlatformCatalog catalog = PlatformCatalog.shipped();
        Offer full = new Offer(
                FeatureSet.of(Feature.MAC, Feature.PROTOCOL_FEATURES),
                Optional.of(FeatureSet.of(Feature.MAC)),
                OptionalLong.of(word(ProtocolFeature.CONFIG)),
                OptionalLong.of(1),
                OptionalLong.of(8),
                OptionalLong.of(15),
                Optional.of(new byte[24]),
                List.of("GET_STATUS: late"));
        try (Rendezvous rendezvous = Rendezvous.connecting(Path.of("/tmp/none.sock"))) {
            for (Offer each : List.of(full, offer(FeatureSet.EMPTY))) {
                ProbeReport report = ProbeReport.of(rendezvous, each, catalog, "pc-q35-10.0");
                assertThat(JsonSchemas.problems(ProbeReport.schema(), report.json()))
                        .isEmpty();
            }
            ProbeReport report = ProbeReport.of(rendezvous, full, catalog, "pc-q35-10.0");
            assertThat(report.isSound()).isFalse();
            assertThat(report.text(80).lines()).allMatch(line -> line.length() <= 80);
            assertThat(report.text(80))
                    .contains(
                            "0xf ACKNOWLEDGE DRIVER DRIVER_OK FEATURES_OK",
                            "GET_STATUS: late",
                            "rss_max_key_size",
                            "pc-q35-11.1 to pc-q35-2.10");
        }
        assertThat(JsonSchemas.problems(ProbeReport.schema(), "{}")).isNotEmpty();
    }

    private static Offer offer(FeatureSet features, ProtocolFeature... protocol) {
        return new Offer(
                features,
                Optional.empty(),
                OptionalLong.of(word(protocol)),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                List.of());
    }

    private static long word(ProtocolFeature... features) {
        return ProtocolFeature.word(List.of(features));
    }

    @Test
    void fieldsFollowEachOtherWithoutGaps() {
        int end = 0;
        for (ConfigField field : ConfigField.values()) {
            byte[] bytes = new byte[field.end()];
            bytes[end] = 1;
            assertThat(field.hex(bytes)).as(field.fieldName()).startsWith("01");
            end = field.end();
        }
        assertThat(Map.of(0xff, "unknown", 0, "half", 1, "full", 7, "7, which is none"))
                .allSatisfy((value, words) -> {
                    byte[] bytes = new byte[24];
                    bytes[16] = value.byteValue();
                    assertThat(ConfigField.DUPLEX.value(bytes)).isEqualTo(words);
                });
    }
}
