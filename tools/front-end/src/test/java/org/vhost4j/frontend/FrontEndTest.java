// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the front-end with a scripted back-end, which writes its replies in advance. */
class FrontEndTest {
    private final ScriptedBackEnd backEnd = new ScriptedBackEnd();
    private final FrontEnd frontEnd = backEnd.frontEnd();

    @AfterEach
    void close() {
        backEnd.close();
    }

    @Test
    void anAnsweredRequestReturnsItsAnswer() {
        backEnd.answer(Request.GET_FEATURES, 0x1_4000_0000L);
        assertThat(frontEnd.getFeatures()).isEqualTo(0x1_4000_0000L);
        try (RawMessage message = backEnd.sent()) {
            assertThat(message.request()).isEqualTo(1);
            assertThat(message.flags()).isEqualTo(1);
            assertThat(message.payload().remaining()).isZero();
        }
    }

    @Test
    void withoutReplyAckNothingIsAwaited() {
        frontEnd.setFeatures(7);
        try (RawMessage message = backEnd.sent()) {
            assertThat(message.request()).isEqualTo(2);
            assertThat(message.flags()).isEqualTo(1);
            assertThat(message.payload().getLong()).isEqualTo(7);
        }
    }

    @Test
    void withReplyAckARefusalIsReported() {
        frontEnd.setProtocolFeatures(ProtocolFeature.REPLY_ACK.mask());
        backEnd.sent().close();
        backEnd.answer(Request.SET_VRING_NUM, 1);
        assertThatThrownBy(() -> frontEnd.setVringNum(0, 256))
                .isInstanceOf(FrontEndException.Refused.class)
                .hasMessage("SET_VRING_NUM was refused with 1");
        try (RawMessage message = backEnd.sent()) {
            assertThat(message.flags()).as("need_reply").isEqualTo(9);
        }
        backEnd.answer(Request.SET_VRING_NUM, 0);
        frontEnd.setVringNum(0, 256);
    }

    @Test
    void descriptorsArriveWithTheMessage() {
        OpenDescriptors before = OpenDescriptors.now();
        try (EventFd kick = EventFd.create()) {
            frontEnd.setVringKick(3, kick.fd());
            try (RawMessage message = backEnd.sent()) {
                assertThat(message.payload().getLong()).isEqualTo(3);
                assertThat(message.descriptors()).hasSize(1);
                try (EventFd theirs = EventFd.adopt(message.descriptors().getFirst(), "kick")) {
                    kick.signal();
                    assertThat(theirs.drain()).isEqualTo(1);
                }
            }
            frontEnd.setVringCall(3, null);
            try (RawMessage message = backEnd.sent()) {
                assertThat(message.payload().getLong()).isEqualTo(0x103);
                assertThat(message.descriptors()).isEmpty();
            }
        }
        before.awaitNoOthers();
    }

    @Test
    void theMemoryTableIsWhatTheRegionsAre() {
        try (Ram low = Ram.create(0, 8192);
                Ram high = Ram.create(0x1_0000_0000L, 4096, 4096)) {
            frontEnd.setMemTable(List.of(low, high));
            try (RawMessage message = backEnd.sent()) {
                assertThat(message.descriptors()).hasSize(2);
                var payload = message.payload();
                assertThat(payload.remaining()).isEqualTo(8 + 2 * 32);
                assertThat(payload.getLong()).isEqualTo(2);
                assertThat(new long[] {payload.getLong(), payload.getLong(), payload.getLong(), payload.getLong()})
                        .containsExactly(0, 8192, low.userAddress(), 0);
                assertThat(new long[] {payload.getLong(), payload.getLong(), payload.getLong(), payload.getLong()})
                        .containsExactly(0x1_0000_0000L, 4096, high.userAddress(), 4096);
            }
        }
    }

    @Test
    void anAnswerToAnotherRequestIsReported() {
        backEnd.answer(Request.GET_QUEUE_NUM, 1);
        assertThatThrownBy(frontEnd::getFeatures)
                .isInstanceOf(FrontEndException.class)
                .hasMessage("GET_FEATURES was answered with request 17 and flags 0x5");
    }

    @Test
    void aClosedConnectionIsReportedAndAwaited() {
        backEnd.socket().close();
        assertThat(frontEnd.awaitClosed()).isTrue();
        assertThatThrownBy(frontEnd::getFeatures).isInstanceOf(FrontEndException.Closed.class);
    }

    @Test
    void silenceEndsAtTheDeadline() {
        frontEnd.patience(Duration.ofMillis(1));
        assertThatThrownBy(frontEnd::getFeatures)
                .isInstanceOf(FrontEndException.TimedOut.class)
                .hasMessage("no message from the back-end within 1 ms");
        assertThat(frontEnd.awaitClosed()).as("still open").isFalse();
    }

    @Test
    void eitherSideMayListen(@TempDir Path directory) {
        Path path = directory.resolve("s");
        try (FrontEndSocket.Listener listener = FrontEndSocket.listen(path);
                FrontEndSocket client = FrontEndSocket.connect(path, FrontEnd.PATIENCE);
                FrontEndSocket server = listener.accept(FrontEnd.PATIENCE)) {
            client.send(RawMessage.encode(1, 1, new byte[3]), List.of(), FrontEnd.PATIENCE);
            try (RawMessage message = server.receive(FrontEnd.PATIENCE)) {
                assertThat(message.payload().remaining()).isEqualTo(3);
            }
        }
        assertThatThrownBy(() -> FrontEndSocket.connect(directory.resolve("none"), Duration.ofMillis(1)))
                .isInstanceOf(FrontEndException.TimedOut.class);
    }

    @Test
    void anUnreadFloodEndsAtTheDeadline() {
        byte[] much = new byte[16 << 20];
        assertThatThrownBy(() -> frontEnd.socket().send(much, List.of(), Duration.ofMillis(1)))
                .isInstanceOf(FrontEndException.TimedOut.class);
    }
}
