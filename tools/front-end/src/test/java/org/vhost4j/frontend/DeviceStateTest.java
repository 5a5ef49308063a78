// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.vhostuser.wire.Request;

/** Transfers a state through a pipe, with a back-end on its own thread. */
class DeviceStateTest {
    private static final long USES_OURS = 0x100;

    private final ScriptedBackEnd backEnd = new ScriptedBackEnd();

    @AfterEach
    void close() {
        backEnd.close();
    }

    private interface Peer {
        void run(Path descriptor, int direction) throws IOException;
    }

    /** Takes SET_DEVICE_STATE_FD, and does something with the descriptor that came with it. */
    private Thread backEnd(Peer peer, AtomicReference<String> trouble) {
        return Thread.ofPlatform().start(() -> {
            try (RawMessage message = backEnd.sent()) {
                assertThat(message.request()).isEqualTo(Request.SET_DEVICE_STATE_FD.code());
                assertThat(message.payload().getInt(4)).as("phase").isZero();
                peer.run(
                        Path.of(
                                "/proc/self/fd",
                                Integer.toString(
                                        message.descriptors().getFirst().number())),
                        message.payload().getInt());
            } catch (IOException | RuntimeException | AssertionError e) {
                trouble.set(e.toString());
            }
        });
    }

    @Test
    void aStateIsSavedAndLoaded() throws Exception {
        byte[] state = new byte[300_000];
        state[7] = 1;
        OpenDescriptors before = OpenDescriptors.now();
        AtomicReference<String> trouble = new AtomicReference<>();
        backEnd.answer(Request.SET_DEVICE_STATE_FD, USES_OURS);
        backEnd.answer(Request.CHECK_DEVICE_STATE, 0);
        Thread saver = backEnd(
                (descriptor, direction) -> {
                    assertThat(direction).isZero();
                    try (OutputStream out = Files.newOutputStream(descriptor)) {
                        out.write(state);
                    }
                },
                trouble);
        assertThat(DeviceState.save(backEnd.frontEnd())).isEqualTo(state);
        saver.join();
        backEnd.sent().close();

        AtomicReference<byte[]> loaded = new AtomicReference<>();
        backEnd.answer(Request.SET_DEVICE_STATE_FD, USES_OURS);
        backEnd.answer(Request.CHECK_DEVICE_STATE, 0);
        Thread loader = backEnd(
                (descriptor, direction) -> {
                    assertThat(direction).isEqualTo(1);
                    try (InputStream in = Files.newInputStream(descriptor)) {
                        loaded.set(in.readAllBytes());
                    }
                },
                trouble);
        DeviceState.load(backEnd.frontEnd(), state);
        loader.join();
        assertThat(loaded.get()).isEqualTo(state);
        assertThat(trouble.get()).isNull();
        before.awaitNoOthers();
    }

    @Test
    void aRefusalAndSilenceAreReported() {
        backEnd.answer(Request.SET_DEVICE_STATE_FD, USES_OURS | 3);
        assertThatThrownBy(() -> DeviceState.save(backEnd.frontEnd()))
                .isInstanceOf(FrontEndException.Refused.class)
                .hasMessage("SET_DEVICE_STATE_FD was refused with 3");
        backEnd.frontEnd().patience(Duration.ofMillis(1));
        backEnd.answer(Request.SET_DEVICE_STATE_FD, USES_OURS);
        // The descriptor waits in the socket, so the pipe has no end.
        assertThatThrownBy(() -> DeviceState.save(backEnd.frontEnd()))
                .isInstanceOf(FrontEndException.TimedOut.class)
                .hasMessage("no end of the device's state within 1 ms");
    }

    @Test
    void sharedMemoryRegions() {
        byte[] payload = RawMessage.buffer(2056).putLong(1).putLong(4096).array();
        backEnd.answer(Request.GET_SHMEM_CONFIG, payload);
        assertThat(backEnd.frontEnd().getShmemConfig()).hasSize(256).startsWith(4096L, 0L);
    }
}
