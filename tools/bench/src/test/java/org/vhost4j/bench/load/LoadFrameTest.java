// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.Packet;

class LoadFrameTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 18})
    void piecesAreOfAboutTheSameLength(int pieces) {
        LoadFrame frame = LoadFrame.of(LoadFrame.Kind.PLAIN, 12, 1500);
        assertThat(frame.size()).isEqualTo(1512);
        int[] lengths = frame.cut(pieces, 0);
        assertThat(lengths).hasSize(pieces);
        assertThat(Arrays.stream(lengths).sum()).isEqualTo(1512);
        assertThat(lengths[0] - lengths[pieces - 1]).isBetween(0, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 16})
    void ofSeveralBuffersTheFirstHasAllHeaders(int buffers) {
        LoadFrame frame = LoadFrame.of(LoadFrame.Kind.PLAIN, 12, 64);
        int[] lengths = frame.buffers(buffers);
        assertThat(lengths).hasSize(buffers);
        assertThat(lengths[0]).isEqualTo(12 + 42).isEqualTo(frame.headBytes());
        assertThat(Arrays.stream(lengths).sum()).isEqualTo(12 + 64);
        assertThat(lengths[1] - lengths[buffers - 1]).isBetween(0, 1);
        assertThat(lengths[buffers - 1]).isPositive();
    }

    @Test
    void oneBufferHasTheWholeFrame() {
        assertThat(LoadFrame.of(LoadFrame.Kind.PLAIN, 12, 64).buffers(1)).containsExactly(12 + 64);
    }

    @Test
    void aBufferWithoutAByteIsRefused() {
        LoadFrame frame = LoadFrame.of(LoadFrame.Kind.PLAIN, 12, 64);
        assertThatThrownBy(() -> frame.buffers(24))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("22 bytes of payload do not fill 23 buffers");
    }

    @Test
    void aSuperFrameInPagesHasItsHeadersApart() {
        LoadFrame frame = LoadFrame.of(LoadFrame.Kind.TSO, 12, 0);
        int[] lengths = frame.cut(1, 4096);
        assertThat(lengths).hasSize(1 + 16);
        assertThat(lengths[0]).isEqualTo(12 + 54);
        assertThat(Arrays.stream(lengths).sum()).isEqualTo(frame.size()).isEqualTo(12 + 54 + LoadFrame.SUPER_PAYLOAD);
    }

    @Test
    void headersSayWhatTheFramesAre() {
        for (LoadFrame.Kind kind : LoadFrame.Kind.values()) {
            byte[] bytes = LoadFrame.of(kind, 12, 64).bytes();
            DriverHeader header = DriverHeader.read(bytes, 0, 12);
            assertThat(header.gsoType())
                    .isEqualTo(
                            switch (kind) {
                                case PLAIN -> DriverHeader.GSO_NONE;
                                case TSO -> DriverHeader.GSO_TCPV4;
                                case USO -> DriverHeader.GSO_UDP_L4;
                            });
            assertThat(Packet.parse(Arrays.copyOfRange(bytes, 12, bytes.length)))
                    .isNotNull();
        }
    }
}
