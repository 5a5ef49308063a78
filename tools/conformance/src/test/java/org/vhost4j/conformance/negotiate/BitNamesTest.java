// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.tools.common.UnsupportedOption;

/** How bits are written. */
class BitNamesTest {
    private static final long OFFER = 0x1_0000_8003L;

    @ParameterizedTest
    @CsvSource({
        "'CSUM', 0x1",
        "'csum,GUEST_CSUM', 0x3",
        "'0x8001,CSUM', 0x8001",
        "'BIT_63', 0x8000000000000000",
        "'none', 0x0",
        "'offer', 0x100008003",
        "'offer,-CSUM', 0x100008002",
        "'-CSUM', 0x100008002",
        "'+HOST_USO', 0x100000100008003",
        "'+HOST_USO,-VERSION_1,-0x3', 0x100000000008000",
        "'none,+CSUM', 0x1"
    })
    void aWord(String text, String expected) {
        assertThat(BitNames.VIRTIO.word("--features", text, OFFER))
                .isEqualTo(Long.parseUnsignedLong(expected.substring(2), 16));
    }

    @Test
    void protocolFeaturesHaveNamesOfTheirOwn() {
        assertThat(BitNames.PROTOCOL.word("--protocol-features", "MQ,+STATUS", 0))
                .isEqualTo(0x10001);
        assertThat(BitNames.PROTOCOL.inWords(0x800001)).isEqualTo("0x800001 (MQ BIT_23)");
        assertThat(BitNames.VIRTIO.inWords(0)).isEqualTo("0x0 (none)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "USO", "CSUM,", "0x", "0xg", "BIT_64", "BIT_x", "+", "CSUM;MQ"})
    void whatIsNoBitIsNamed(String text) {
        assertThatThrownBy(() -> BitNames.VIRTIO.word("--features", text, OFFER))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageStartingWith("--features: there is no feature '");
    }

    @Test
    void aBitThatVhostUserCannotCarryIsNamed() {
        assertThatThrownBy(() -> BitNames.VIRTIO.word("--features", "+HOST_UDP_TUNNEL_GSO", OFFER))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessage("--features: HOST_UDP_TUNNEL_GSO is bit 67, and vhost-user's word has bits 0 to 63");
    }

    @Test
    void aMisspelledNameLeadsToTheRightOne() {
        assertThatThrownBy(() -> BitNames.VIRTIO.word("--features", "HOST_USOX", OFFER))
                .hasMessage(
                        "--features: there is no feature 'HOST_USOX' in a word of 64 bits; did you mean 'HOST_USO'?");
    }

    @Test
    void anExpectation() {
        assertThat(BitNames.VIRTIO.difference("--expect-features", "+CSUM,-HOST_USO", OFFER))
                .isEmpty();
        assertThat(BitNames.VIRTIO.difference("--expect-features", "+HOST_USO,-CSUM,+RSS", OFFER))
                .isEqualTo("not offered: HOST_USO RSS; offered: CSUM");
        assertThatThrownBy(() -> BitNames.VIRTIO.difference("--expect-features", "CSUM", OFFER))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageContaining("'CSUM' needs a sign");
    }
}
