// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests rings behind an IOMMU, whose own memory is mapped and unmapped. */
class IommuRingTest {
    private static final SessionOptions OPTIONS = new SessionOptions(
            FrontEnd.FEATURES.plus(FeatureSet.of(Feature.ACCESS_PLATFORM)), SessionOptions.SERVED, 5, 1024, 24, 509);
    private static final long TRANSLATED = FrontEnd.SPLIT | Feature.ACCESS_PLATFORM.mask();
    private static final int BOTH = IotlbMessage.READ | IotlbMessage.WRITE;
    /** Where {@link FrontEnd#address} puts the ring, and how much of it there is. */
    private static final long RING = FrontEnd.USER + 0x10000;

    private static final long RING_BYTES = 0x10000;

    private static FrontEnd ready() throws ProtocolException {
        FrontEnd frontEnd = new FrontEnd(OPTIONS).negotiate(TRANSLATED).memory().prepare(0);
        frontEnd.effects.log.clear();
        return frontEnd;
    }

    private static long tell(FrontEnd frontEnd, IotlbMessage message) throws ProtocolException {
        return frontEnd.acked(Request.IOTLB_MSG, message.toPayload());
    }

    private static void map(FrontEnd frontEnd, long effects) throws ProtocolException {
        assertThat(tell(frontEnd, new IotlbMessage(RING, RING_BYTES, effects, BOTH, IotlbMessage.UPDATE)))
                .isZero();
    }

    private static void withdraw(FrontEnd frontEnd, long address, long bytes) throws ProtocolException {
        assertThat(tell(frontEnd, new IotlbMessage(address, bytes, 0, 0, IotlbMessage.INVALIDATE)))
                .isZero();
    }

    @Test
    void aRingStartsOnceItsMemoryIsKnown() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            frontEnd.kick(0);
            assertThat(frontEnd.effects.drain()).containsExactly("missing 0x%x read".formatted(RING));
            map(frontEnd, RING);
            assertThat(frontEnd.effects.drain()).containsExactly("translations", "start 0 size 256 base 0 disabled");
        }
    }

    @Test
    void aRingThatLosesItsMemoryContinuesWhereItWas() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            map(frontEnd, RING);
            frontEnd.kick(0);
            QueueSetup setup = Objects.requireNonNull(frontEnd.effects.running.get(0));
            frontEnd.effects.log.clear();
            withdraw(frontEnd, 0, 0);
            assertThat(frontEnd.effects.drain())
                    .containsExactly("translations", "suspend 0", "missing 0x%x read".formatted(RING));
            withdraw(frontEnd, RING, 4096);
            assertThat(frontEnd.effects.drain())
                    .as("suspended once")
                    .containsExactly("translations", "missing 0x%x read".formatted(RING));
            frontEnd.tell(Request.SET_VRING_ENABLE, FrontEnd.state(0, 1));
            map(frontEnd, RING);
            assertThat(frontEnd.effects.drain()).containsExactly("enable 0", "translations", "resume 0");
            assertThat(frontEnd.effects.running.get(0)).isSameAs(setup);
            assertThat(frontEnd.effects.starts).isEqualTo(1);
        }
    }

    @Test
    void aRingThatComesBackElsewhereIsStartedAgainFromItsBase() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            map(frontEnd, RING);
            frontEnd.kick(0);
            withdraw(frontEnd, RING, RING_BYTES);
            frontEnd.effects.log.clear();
            map(frontEnd, RING + RING_BYTES);
            assertThat(frontEnd.effects.drain())
                    .containsExactly("translations", "stop 0", "start 0 size 256 base 3 disabled");
        }
    }

    @Test
    void whatIsWithdrawnElsewhereLeavesARingAlone() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            map(frontEnd, RING);
            frontEnd.kick(0);
            frontEnd.effects.log.clear();
            withdraw(frontEnd, RING + RING_BYTES, 4096);
            assertThat(frontEnd.effects.drain()).containsExactly("translations");
        }
    }

    @Test
    void aSuspendedRingIsStopped() throws ProtocolException {
        try (FrontEnd frontEnd = ready()) {
            map(frontEnd, RING);
            frontEnd.kick(0);
            withdraw(frontEnd, 0, 0);
            frontEnd.effects.log.clear();
            assertThat(frontEnd.stop(0).num()).isEqualTo(FakeEffects.PROGRESS);
            assertThat(frontEnd.effects.drain()).containsExactly("stop 0");
            map(frontEnd, RING);
            assertThat(frontEnd.effects.drain()).containsExactly("translations");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"REPLY_ACK", "BACKEND_REQ"})
    void withoutAWayToAskNoRingStarts(ProtocolFeature lacking) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd(OPTIONS)) {
            ProtocolFeature other =
                    lacking == ProtocolFeature.REPLY_ACK ? ProtocolFeature.BACKEND_REQ : ProtocolFeature.REPLY_ACK;
            frontEnd.protocol(other, ProtocolFeature.STATUS);
            frontEnd.tell(Request.SET_FEATURES, Message.u64(TRANSLATED));
            frontEnd.memory().prepare(0);
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining(
                            "ACCESS_PLATFORM needs protocol feature " + lacking + ", which was not acknowledged");
        }
    }
}
