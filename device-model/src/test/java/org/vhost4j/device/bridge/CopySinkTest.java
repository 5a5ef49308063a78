// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.offload.RecordingPort;

class CopySinkTest {
    private final RecordingPort port = new RecordingPort(0);
    private final CopySink sink = new CopySink();

    @Test
    void everyFrameIsCopiedWholeWhateverItsSizeAndPieces() {
        SplittableRandom random = new SplittableRandom(1);
        long bytes = 0;
        for (int i = 1; i <= 500; i++) {
            int length = i % 10 == 0 ? Frame.MAX_BYTES : 14 + random.nextInt(2000);
            try (Arena arena = Arena.ofConfined()) {
                byte[] sent = new byte[length];
                random.nextBytes(sent);
                Frame frame = new Frame();
                Frames.scatter(arena, frame, sent, random, 1 + random.nextInt(20));

                assertThat(sink.forward(port, frame)).isEqualTo(FramePort.DELIVERED);

                assertThat(sink.last(length)).isEqualTo(sent);
                bytes += length;
                assertThat(sink.frames()).isEqualTo(i);
                assertThat(sink.bytes()).isEqualTo(bytes);
            }
        }
        assertThat(port.delivered).isEmpty();
    }
}
