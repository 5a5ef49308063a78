// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

class NegotiationTest {
    @Test
    void offersTheOptionsAndProtocolFeatures() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            assertThat(frontEnd.ask(Request.GET_FEATURES))
                    .isEqualTo(FrontEnd.FEATURES.low() | FrontEnd.PROTOCOL_FEATURES_BIT);
            assertThat(frontEnd.ask(Request.GET_PROTOCOL_FEATURES))
                    .isEqualTo(ProtocolFeature.word(SessionOptions.SERVED));
        }
    }

    /** QEMU's own device has switches for these; its generic device, which acknowledges CONFIG, would only pass them on. */
    @Test
    void whatIsLeftToTheFrontEndIsOfferedToOneWithoutConfig() throws ProtocolException {
        FeatureSet left = FeatureSet.of(Feature.IN_ORDER, Feature.RING_RESET);
        SessionOptions options = new SessionOptions(FrontEnd.FEATURES, left, SessionOptions.SERVED, 5, 1024, 24, 509);
        long all = FrontEnd.FEATURES.plus(left).low() | FrontEnd.PROTOCOL_FEATURES_BIT;
        try (FrontEnd frontEnd = new FrontEnd(options)) {
            assertThat(frontEnd.ask(Request.GET_FEATURES))
                    .as("before the protocol")
                    .isEqualTo(all);
            frontEnd.protocol(ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK);
            assertThat(frontEnd.ask(Request.GET_FEATURES)).isEqualTo(all);
            frontEnd.tell(Request.SET_FEATURES, Message.u64(all));
            assertThat(frontEnd.session.features().has(Feature.RING_RESET)).isTrue();
        }
        try (FrontEnd generic = new FrontEnd(options)) {
            generic.protocol(ProtocolFeature.REPLY_ACK, ProtocolFeature.CONFIG);
            assertThat(generic.ask(Request.GET_FEATURES)).isEqualTo(all & ~left.low());
            assertThat(generic.refused(Request.SET_FEATURES, Message.u64(all)))
                    .hasMessageContaining("IN_ORDER RING_RESET");
        }
    }

    @Test
    void acknowledgesAPart() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            long word = Feature.VERSION_1.mask() | Feature.CSUM.mask() | FrontEnd.PROTOCOL_FEATURES_BIT;
            frontEnd.tell(Request.SET_FEATURES, Message.u64(word));
            frontEnd.protocol(ProtocolFeature.MQ, ProtocolFeature.MTU);
            assertThat(frontEnd.effects.features).isEqualTo(FeatureSet.of(Feature.VERSION_1, Feature.CSUM));
            assertThat(frontEnd.session.features()).isEqualTo(frontEnd.effects.features);
            assertThat(frontEnd.session.protocolFeatures())
                    .containsExactlyInAnyOrder(ProtocolFeature.MQ, ProtocolFeature.MTU);
        }
    }

    @Test
    void featuresThatWereNeverOfferedAreRefusedByName() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            frontEnd.protocol(ProtocolFeature.REPLY_ACK);
            ProtocolException e = frontEnd.refused(
                    Request.SET_FEATURES,
                    Message.u64(Feature.GUEST_USO4.mask() | Feature.LOG_ALL.mask() | Feature.CSUM.mask() | 1L << 58));
            assertThat(e)
                    .hasMessage("SET_FEATURES: LOG_ALL GUEST_USO4 BIT_58 (0x440000004000000): "
                            + "only offered features may be acknowledged");
            assertThat(e.reply().orElseThrow().u64()).isEqualTo(1);
            assertThat(frontEnd.effects.log).isEmpty();
        }
    }

    @Test
    void protocolFeaturesThatWereNeverOfferedAreRefusedByName() {
        try (FrontEnd frontEnd = new FrontEnd()) {
            ProtocolException e = frontEnd.refused(
                    Request.SET_PROTOCOL_FEATURES,
                    Message.u64(ProtocolFeature.MQ.mask() | ProtocolFeature.INBAND_NOTIFICATIONS.mask() | 1L << 40));
            assertThat(e)
                    .hasMessage("SET_PROTOCOL_FEATURES: INBAND_NOTIFICATIONS BIT_40 (0x10000004000): "
                            + "only offered features may be acknowledged");
            assertThat(e.reply()).isEmpty();
        }
    }

    @Test
    void needReplyCountsOnlyWithReplyAck() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            assertThat(frontEnd.send(Message.request(Request.SET_OWNER, Message.noPayload(), true, List.of())))
                    .isEmpty();
            // The message that acknowledges REPLY_ACK is itself acknowledged.
            assertThat(frontEnd.acked(Request.SET_PROTOCOL_FEATURES, Message.u64(ProtocolFeature.REPLY_ACK.mask())))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_OWNER, Message.noPayload())).isZero();
            frontEnd.tell(Request.SET_OWNER, Message.noPayload());
        }
    }

    @Test
    void needReplyChangesNothingForARequestWithAReply() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            frontEnd.protocol(ProtocolFeature.REPLY_ACK);
            assertThat(frontEnd.acked(Request.GET_FEATURES, Message.noPayload()))
                    .isEqualTo(frontEnd.ask(Request.GET_FEATURES));
            assertThat(frontEnd.refused(Request.GET_VRING_BASE, FrontEnd.state(9, 0))
                            .reply())
                    .isEmpty();
        }
    }

    @Test
    void everyRequestCanBeAcknowledged() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            frontEnd.negotiate(FrontEnd.SPLIT);
            assertThat(frontEnd.acked(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT)))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_MEM_TABLE, FrontEnd.regions(FrontEnd.RAM), frontEnd.fd()))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_VRING_NUM, FrontEnd.state(0, 256)))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_VRING_BASE, FrontEnd.state(0, 7)))
                    .isZero();
            assertThat(frontEnd.acked(
                            Request.SET_VRING_ADDR, FrontEnd.address(0).toPayload()))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_VRING_CALL, FrontEnd.file(0, true), frontEnd.fd()))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_VRING_ENABLE, FrontEnd.state(0, 1)))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_STATUS, Message.u64(15))).isZero();
            assertThat(frontEnd.acked(Request.NET_SET_MTU, Message.u64(1500))).isZero();
            assertThat(frontEnd.acked(Request.SET_BACKEND_REQ_FD, Message.noPayload(), frontEnd.fd()))
                    .isZero();
            assertThat(frontEnd.acked(Request.SEND_RARP, Message.u64(0))).isZero();
            assertThat(frontEnd.acked(Request.RESET_OWNER, Message.noPayload())).isZero();
            assertThat(frontEnd.acked(Request.RESET_DEVICE, Message.noPayload()))
                    .isZero();
        }
    }

    @Test
    void queueNumberDependsOnWhoOwnsTheConfigSpace() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd()) {
            frontEnd.protocol(ProtocolFeature.MQ);
            assertThat(frontEnd.ask(Request.GET_QUEUE_NUM)).isEqualTo(2);
            frontEnd.protocol(ProtocolFeature.MQ, ProtocolFeature.CONFIG);
            assertThat(frontEnd.ask(Request.GET_QUEUE_NUM)).isEqualTo(5);
        }
    }

    @Test
    void theSameFeaturesMayComeAgainWhileARingIsStarted() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT));
            frontEnd.tell(Request.SET_PROTOCOL_FEATURES, Message.u64(ProtocolFeature.word(SessionOptions.SERVED)));
            assertThat(frontEnd.effects.log).isEmpty();
        }
    }

    @Test
    void otherFeaturesWhileARingIsStartedAreRefused() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            assertThat(frontEnd.refused(
                            Request.SET_FEATURES,
                            Message.u64((FrontEnd.SPLIT & ~Feature.HOST_USO.mask()) | Feature.RING_PACKED.mask())))
                    .hasMessage("SET_FEATURES: RING_PACKED HOST_USO changed while a ring is started: "
                            + "all rings must be stopped first");
        }
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            assertThat(frontEnd.refused(Request.SET_PROTOCOL_FEATURES, Message.u64(0)))
                    .hasMessageContaining("changed while a ring is started");
        }
    }

    @Test
    void featuresMayChangeBetweenStopAndStart() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.stop(0);
            frontEnd.effects.log.clear();
            long word = FrontEnd.SPLIT & ~Feature.HOST_USO.mask();
            frontEnd.tell(Request.SET_FEATURES, Message.u64(word));
            assertThat(frontEnd.effects.drain())
                    .containsExactly("features "
                            + FeatureSet.ofWord(word & ~FrontEnd.PROTOCOL_FEATURES_BIT)
                                    .hex());
            // A machine that was paused: the same again, and the device is notified of it.
            frontEnd.tell(Request.SET_FEATURES, Message.u64(word));
            assertThat(frontEnd.effects.log).hasSize(1);
        }
    }

    @Test
    void ownerMayBeSetOftenAndResetDisablesTheRings() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.SET_OWNER, Message.noPayload());
            frontEnd.tell(Request.SET_OWNER, Message.noPayload());
            assertThat(frontEnd.effects.log).isEmpty();
            frontEnd.tell(Request.RESET_OWNER, Message.noPayload());
            assertThat(frontEnd.effects.drain()).containsExactly("disable 0");
            assertThat(frontEnd.session.runs(0)).isTrue();
        }
    }

    @Test
    void mtuIsAskedOfTheDevice() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            frontEnd.effects.log.clear();
            assertThat(frontEnd.acked(Request.NET_SET_MTU, Message.u64(9000))).isZero();
            assertThat(frontEnd.effects.drain()).containsExactly("mtu 9000");

            frontEnd.effects.refusal = "the tap carries 1500 bytes";
            assertThat(frontEnd.acked(Request.NET_SET_MTU, Message.u64(9000))).isEqualTo(1);
            frontEnd.tell(Request.NET_SET_MTU, Message.u64(9000));
            assertThat(frontEnd.effects.reports)
                    .containsExactly(
                            "NET_SET_MTU: refused: the tap carries 1500 bytes",
                            "NET_SET_MTU: refused: the tap carries 1500 bytes");
            assertThat(frontEnd.effects.log).isEmpty();
        }
    }

    @Test
    void mtuOutsideWhatVirtioAllowsIsRefused() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            frontEnd.effects.log.clear();
            for (long mtu : new long[] {0, 67, 65536, 1L << 32 | 1500, -1}) {
                assertThat(frontEnd.acked(Request.NET_SET_MTU, Message.u64(mtu)))
                        .isEqualTo(1);
            }
            assertThat(frontEnd.effects.reports)
                    .hasSize(5)
                    .contains("NET_SET_MTU: refused: MTU 18446744073709551615 is not 68 to 65535");
            assertThat(frontEnd.acked(Request.NET_SET_MTU, Message.u64(68))).isZero();
            assertThat(frontEnd.acked(Request.NET_SET_MTU, Message.u64(65535))).isZero();
            assertThat(frontEnd.effects.log).containsExactly("mtu 68", "mtu 65535");
        }
    }

    @Test
    void rarpCarriesTheMacInItsFirstSixBytes() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            frontEnd.effects.log.clear();
            byte[] payload = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 0x77, 0x77};
            frontEnd.tell(Request.SEND_RARP, MemorySegment.ofArray(payload));
            assertThat(frontEnd.effects.drain()).containsExactly("announce 52:54:00:12:34:56");
            frontEnd.effects.refusal = "there is no uplink";
            assertThat(frontEnd.acked(Request.SEND_RARP, Message.u64(0))).isEqualTo(1);
            assertThat(frontEnd.effects.reports).containsExactly("SEND_RARP: refused: there is no uplink");
        }
    }

    @Test
    void backendChannelIsReplacedAndClosed() throws ProtocolException {
        Fd second;
        try (FrontEnd frontEnd = new FrontEnd().protocol(ProtocolFeature.BACKEND_REQ)) {
            Fd first = frontEnd.fd();
            second = frontEnd.fd();
            frontEnd.tell(Request.SET_BACKEND_REQ_FD, Message.noPayload(), first);
            assertThat(frontEnd.effects.channel).isSameAs(first);
            frontEnd.tell(Request.SET_BACKEND_REQ_FD, Message.noPayload(), second);
            assertThat(frontEnd.effects.channel).isSameAs(second);
            assertThat(first.isOpen()).isFalse();
            assertThat(second.isOpen()).isTrue();
        }
        assertThat(second.isOpen()).isFalse();
    }
}
