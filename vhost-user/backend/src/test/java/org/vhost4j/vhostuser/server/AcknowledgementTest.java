// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.PeerProcess;

class AcknowledgementTest {
    private static final PeerProcess PROCESS = new PeerProcess("0f-1", 4026531836L, 4711, 1234567890123L);
    private static final PeerProcess UNKNOWN = PeerProcess.numbered(0);

    @Test
    void whatIsWrittenIsRead() {
        Acknowledgement known = new Acknowledgement(
                new FeatureSet(0x81c0_0101_30af_ffa7L, 0x1e),
                new FeatureSet(0x91c0_0101_30af_ffa7L, 0x1f),
                PROCESS,
                "machine a, platform b");
        assertThat(Acknowledgement.parse(known.text())).hasValue(known);
        Acknowledgement unknown = new Acknowledgement(FeatureSet.EMPTY, FeatureSet.EMPTY, UNKNOWN, "");
        assertThat(Acknowledgement.parse(unknown.text())).hasValue(unknown);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "features 0x1\n",
                "features 0x000000000000000011c0010130afffa7\nprocess 0f-1 5 0 0\npromise x\n",
                "features 0x11c0010130afffa7\noffered 0x000000000000000011c0010130afffa7\nprocess 0f-1 5 0 0\npromise x\n",
                "features 0x000000000000000011c0010130afffa7\noffered 0x000000000000000011c0010130afffa7\nprocess 1 2\npromise x\n",
                "features 0x000000000000000011c0010130afffa7\noffered 0x000000000000000011c0010130afffa7\nprocess a 5 99999999999 2\npromise x\n",
                "features 0x000000000000000011c0010130afffa7\noffered 0x000000000000000011c0010130afffa7\nprocess 0f-1 5 0 0\npromise x",
                "features 0x000000000000000011c0010130afffa7\noffered 0x000000000000000011c0010130afffa7\nprocess 0f-1 5 0 0\npromise x\nmore\n"
            })
    void anythingElseIsNot(String text) {
        assertThat(Acknowledgement.parse(text)).isEmpty();
    }

    @Test
    void isOverOnlyWhenTheProcessIsKnownToBeGone() {
        assertThat(new Acknowledgement(
                                FeatureSet.EMPTY,
                                FeatureSet.EMPTY,
                                new PeerProcess("another", UNKNOWN.namespace(), 0, 0),
                                "")
                        .isOver())
                .isTrue();
        assertThat(new Acknowledgement(FeatureSet.EMPTY, FeatureSet.EMPTY, PROCESS, "").isOver())
                .isTrue();
        assertThat(new Acknowledgement(FeatureSet.EMPTY, FeatureSet.EMPTY, UNKNOWN, "").isOver())
                .isFalse();
    }
}
