// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.fuzz.FuzzTarget;

/** The target that waits for an answer. */
class HttpTargetTest {
    @Test
    @Timeout(60)
    void aServerThatDoesNotAnswerIsAFinding() {
        try (HttpTarget target = new HttpTarget(10) {
            @Override
            void exchange(SocketChannel client, SocketChannel served, byte[] bytes) throws IOException {
                FuzzTarget.require(client.read(ByteBuffer.allocate(1)) > 0, "no answer");
            }
        }) {
            assertThatThrownBy(() -> target.run(new byte[0]))
                    .isInstanceOf(AssertionError.class)
                    .hasMessage("no answer within 10 ms");
        }
    }
}
