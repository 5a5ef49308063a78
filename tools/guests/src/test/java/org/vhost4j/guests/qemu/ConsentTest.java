// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the back-end that accepts every request, with a front-end. */
class ConsentTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int REPLY = 5;
    private static final int REQUEST = 1;
    private static final int NEED_REPLY = 9;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private static byte[] bytes(int... words) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * words.length).order(ByteOrder.nativeOrder());
        for (int word : words) {
            buffer.putInt(word);
        }
        return buffer.array();
    }

    private static void send(FrontEndSocket socket, Request request, int flags, int... words) {
        socket.send(RawMessage.encode(request.code(), flags, bytes(words)), List.of(), PATIENCE);
    }

    private static ByteBuffer answer(FrontEndSocket socket, Request request) {
        try (RawMessage message = socket.receive(PATIENCE)) {
            assertThat(message.request()).isEqualTo(request.code());
            assertThat(message.flags()).isEqualTo(REPLY);
            return message.payload();
        }
    }

    private static long number(FrontEndSocket socket, Request request) {
        send(socket, request, REQUEST);
        return answer(socket, request).getLong();
    }

    @Test
    void offersEverythingAndRemembersWhatItIsTold() {
        Path path = directory.resolve("a.sock");
        try (RecordingBackEnd backEnd = new RecordingBackEnd(path, new Consent(-1, 0x7fffff))) {
            try (FrontEndSocket socket = FrontEndSocket.connect(path, PATIENCE)) {
                assertThat(number(socket, Request.GET_FEATURES)).isEqualTo(-1);
                assertThat(number(socket, Request.GET_PROTOCOL_FEATURES)).isEqualTo(0x7fffff);
                send(socket, Request.SET_PROTOCOL_FEATURES, REQUEST, (int) ProtocolFeature.STATUS.mask(), 0);
                send(socket, Request.SET_STATUS, NEED_REPLY, 11, 0);
                assertThat(answer(socket, Request.SET_STATUS).getLong()).isZero();
                assertThat(number(socket, Request.GET_STATUS)).isEqualTo(11);
                send(socket, Request.GET_VRING_BASE, REQUEST, 3, 77);
                assertThat(answer(socket, Request.GET_VRING_BASE)).isEqualTo(ByteBuffer.wrap(bytes(3, 0)));
                send(socket, Request.GET_CONFIG, REQUEST, 2, 4, 0, -1);
                assertThat(answer(socket, Request.GET_CONFIG).remaining()).isEqualTo(16);
                send(socket, Request.GET_SHMEM_CONFIG, REQUEST);
                assertThat(answer(socket, Request.GET_SHMEM_CONFIG).getLong()).isZero();
                send(socket, Request.SET_FEATURES, REQUEST, 1, 0);
                send(socket, Request.SET_FEATURES, REQUEST, 2, 1);
            }
            Recording heard = backEnd.end();
            assertThat(heard.features()).isEqualTo(FeatureSet.of(Feature.GUEST_CSUM, Feature.VERSION_1));
            assertThat(heard.protocol()).containsExactly(ProtocolFeature.STATUS);
            assertThat(heard.requests())
                    .containsExactly(
                            "GET_FEATURES",
                            "GET_PROTOCOL_FEATURES",
                            "SET_PROTOCOL_FEATURES",
                            "SET_STATUS",
                            "GET_STATUS",
                            "GET_VRING_BASE",
                            "GET_CONFIG",
                            "GET_SHMEM_CONFIG",
                            "SET_FEATURES",
                            "SET_FEATURES");
        }
    }

    @Test
    void noFrontEndHasToCome() {
        try (RecordingBackEnd backEnd =
                new RecordingBackEnd(directory.resolve("b.sock"), Attachment.Offer.BARE.consent())) {
            assertThat(backEnd.end().requests()).isEmpty();
        }
    }
}
