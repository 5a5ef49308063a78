// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.offload.RecordingPort;

class EchoSinkTest {
    private final RecordingPort port = new RecordingPort(0);
    private final EchoSink sink = new EchoSink(new OffloadEngine());

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 60, 63, 64, 65, 1514})
    void theAddressesAreSwappedWhateverThePieces(int bytes) {
        for (int seed = 0; seed < 100; seed++) {
            try (Arena arena = Arena.ofConfined()) {
                SplittableRandom random = new SplittableRandom(seed);
                byte[] sent = new byte[bytes];
                random.nextBytes(sent);
                Frame frame = new Frame();
                Frames.scatter(arena, frame, sent, random, 1 + random.nextInt(20));

                assertThat(sink.forward(port, frame)).isEqualTo(FramePort.DELIVERED);

                byte[] expected = sent.clone();
                System.arraycopy(sent, 0, expected, 6, 6);
                System.arraycopy(sent, 6, expected, 0, 6);
                assertThat(port.delivered.removeFirst().bytes).isEqualTo(expected);
                assertThat(Frames.bytes(frame)).as("the sender's own").isEqualTo(sent);
            }
        }
    }

    @Test
    void aFrameWithoutAddressesHasNoEcho() {
        try (Arena arena = Arena.ofConfined()) {
            Frame frame = new Frame();
            Frames.scatter(arena, frame, new byte[13], new SplittableRandom(0), 1);
            assertThat(sink.forward(port, frame)).isEqualTo(FramePort.DELIVERED);
            assertThat(port.delivered).isEmpty();
        }
    }
}
