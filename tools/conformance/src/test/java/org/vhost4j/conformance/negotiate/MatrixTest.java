// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Which combinations of an offer there are. */
class MatrixTest {
    private static final long OFFER = FeatureSet.of(
                    Feature.CSUM,
                    Feature.HOST_TSO4,
                    Feature.HOST_ECN,
                    Feature.MQ,
                    Feature.CTRL_VQ,
                    Feature.MRG_RXBUF,
                    Feature.EVENT_IDX,
                    Feature.LOG_ALL,
                    Feature.PROTOCOL_FEATURES,
                    Feature.VERSION_1,
                    Feature.RING_PACKED)
            .low();
    private static final long PROTOCOL = ProtocolFeature.word(
            List.of(ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK, ProtocolFeature.LOG_SHMFD, ProtocolFeature.CONFIG));
    private static final long BASE = OFFER & ~Feature.LOG_ALL.mask();

    private final List<Combination> all =
            new Matrix(OFFER, OFFER & ~Feature.RING_PACKED.mask(), PROTOCOL).combinations();

    private Combination the(String group, String label) {
        return all.stream()
                .filter(each -> each.group().equals(group) && each.label().equals(label))
                .findFirst()
                .orElseThrow();
    }

    private Stream<Combination> of(String group) {
        return all.stream().filter(each -> each.group().equals(group));
    }

    @Test
    void theOfferComesFirstWithoutWhatAsksMoreOfADriver() {
        assertThat(all.getFirst().features()).isEqualTo(BASE);
        assertThat(all.getFirst().protocol()).isEqualTo(PROTOCOL & ~ProtocolFeature.CONFIG.mask());
    }

    @Test
    void whoDropsAFeatureDropsWhatNeedsIt() {
        assertThat(FeatureSet.ofWord(BASE & ~the("one dropped", "without CSUM").features()))
                .isEqualTo(FeatureSet.of(Feature.CSUM, Feature.HOST_TSO4, Feature.HOST_ECN));
        assertThat(the("protocol", "without MQ").features() & Feature.MQ.mask()).isZero();
        assertThat(the("legacy", "without VERSION_1").features() & Feature.RING_PACKED.mask())
                .isZero();
        assertThat(the("protocol", "with CONFIG").features()).isEqualTo(BASE & ~Feature.RING_PACKED.mask());
    }

    @Test
    void everyKindOfRing() {
        // The offer itself is the eighth.
        assertThat(of("rings")).hasSize(7);
    }

    @Test
    void noCombinationIsTriedTwice() {
        assertThat(all.stream().map(each -> each.features() + "/" + each.protocol() + "/" + each.high()))
                .doesNotHaveDuplicates();
    }

    @Test
    void onlyWhatIsOfferedAndWholeIsLawful() {
        assertThat(of("not offered")).isNotEmpty().noneMatch(each -> each.isLawful(OFFER, PROTOCOL));
        assertThat(of("one dropped, its dependents kept"))
                .isNotEmpty()
                .noneMatch(each -> each.isLawful(OFFER, PROTOCOL));
        assertThat(Stream.of("offer", "rings", "protocol", "legacy", "one dropped", "two dropped")
                        .flatMap(this::of))
                .allMatch(each -> each.isLawful(OFFER, PROTOCOL) == Feature.VERSION_1.in(each.features()));
        Combination legacy = the("legacy", "without VERSION_1");
        assertThat(legacy.isLawful(OFFER, PROTOCOL)).isFalse();
        assertThat(legacy.isLawful(OFFER & ~Feature.VERSION_1.mask(), PROTOCOL)).isTrue();
    }

    @Test
    void framesNeedADriverThatKnowsTheWayToTheRings() {
        assertThat(the("one added", "with LOG_ALL").carriesFrames()).isTrue();
        assertThat(new Combination("", "", Feature.ACCESS_PLATFORM.mask(), 0).carriesFrames())
                .isFalse();
        assertThat(new Combination("", "", 0, ProtocolFeature.XEN_MMAP.mask()).carriesFrames())
                .isFalse();
    }

    @Test
    void theSecondWordIsCovered() {
        assertThat(all).anyMatch(each -> each.features() == (BASE & (0xffff_ffffL | Feature.VERSION_1.mask())));
        assertThat(FeatureSet.ofWord(the("second word", "RING_PACKED without any other feature")
                        .features()))
                .isEqualTo(FeatureSet.of(Feature.RING_PACKED, Feature.VERSION_1, Feature.PROTOCOL_FEATURES));
        // Every bit that is not offered is acknowledged once, whether it has a name or not.
        long tried =
                of("not offered").mapToLong(each -> each.features() & ~BASE).reduce(0, (one, other) -> one | other);
        assertThat(tried).isEqualTo(~OFFER);
    }

    @Test
    void bitsAbove63GoIntoAWordOfTheirOwn() {
        assertThat(of("above bit 63"))
                .hasSize(5)
                .allMatch(each -> Long.bitCount(each.high()) == 1 && !each.isLawful(OFFER, PROTOCOL))
                .noneMatch(Combination::carriesFrames);
    }

    @Test
    void namesAreUniqueWords() {
        assertThat(all.stream().map(Combination::name))
                .doesNotHaveDuplicates()
                .allMatch(name -> name.matches("negotiate\\.[a-z0-9_-]+\\.[a-z0-9_-]+"))
                .contains("negotiate.one-dropped.without-csum");
    }
}
