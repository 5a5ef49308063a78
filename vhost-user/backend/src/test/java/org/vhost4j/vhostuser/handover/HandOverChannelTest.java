// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SocketMessage;
import org.vhost4j.sys.SocketPair;

class HandOverChannelTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration NONE = Duration.ofMillis(1);
    private static final int HEADER = 24;

    private final SocketPair pair = SocketPair.create();
    private final Fd raw = pair.first();
    private final HandOverChannel one = new HandOverChannel(pair.first());
    private final HandOverChannel other = new HandOverChannel(pair.second());

    @AfterEach
    void close() {
        one.close();
        other.close();
    }

    @Test
    void aMessageArrivesAsItWasSent() throws HandOverException {
        try (EventFd event = EventFd.create()) {
            StateWriter state = new StateWriter()
                    .flag(true)
                    .number(-7)
                    .word(Long.MIN_VALUE)
                    .text("mächtig")
                    .block(new byte[] {1, 2, 3})
                    .descriptor(null)
                    .descriptor(event.fd());
            one.send(MessageType.SETUP, state, PATIENCE);
            event.signal();
        }
        try (StateReader read = other.receive(MessageType.SETUP, PATIENCE).reader()) {
            assertThat(read.flag()).isTrue();
            assertThat(read.number()).isEqualTo(-7);
            assertThat(read.word()).isEqualTo(Long.MIN_VALUE);
            assertThat(read.text()).isEqualTo("mächtig");
            assertThat(read.block()).containsExactly(1, 2, 3);
            assertThat(read.descriptor()).isNull();
            try (EventFd arrived = EventFd.adopt(Objects.requireNonNull(read.descriptor()), "the descriptor")) {
                assertThat(arrived.drain()).isOne();
            }
            read.end();
        }
    }

    @Test
    void moreDescriptorsThanFitInAMessageArriveInOrder() throws Exception {
        int count = 2 * SocketMessage.MOST_DESCRIPTORS + 3;
        List<EventFd> sent = new ArrayList<>();
        try {
            StateWriter state = new StateWriter();
            for (int i = 0; i < count; i++) {
                EventFd event = EventFd.create();
                sent.add(event);
                state.descriptor(event.fd());
            }
            CompletableFuture<HandOverChannel.Received> arriving = CompletableFuture.supplyAsync(() -> {
                try {
                    return other.receive(MessageType.SETUP, PATIENCE);
                } catch (HandOverException e) {
                    throw new AssertionError(e);
                }
            });
            one.send(MessageType.SETUP, state, PATIENCE);
            try (StateReader read = arriving.get().reader()) {
                for (int i = 0; i < count; i++) {
                    sent.get(i).signal();
                    try (EventFd arrived =
                            EventFd.adopt(Objects.requireNonNull(read.descriptor()), "descriptor " + i)) {
                        assertThat(arrived.drain())
                                .as("descriptor %d is the one that was sent", i)
                                .isOne();
                    }
                }
                read.end();
            }
        } finally {
            sent.forEach(EventFd::close);
        }
    }

    @Test
    void anotherMessageThanIsDueIsRefused() throws HandOverException {
        one.send(MessageType.COMMIT, PATIENCE);
        assertThatThrownBy(() -> other.receive(MessageType.TAKEN, PATIENCE))
                .hasMessage("the other back-end sent COMMIT instead of TAKEN");
    }

    @Test
    void aRefusalComesWithItsReason() {
        one.refuse("the ABI differs");
        assertThatThrownBy(() -> other.receive(MessageType.READY, PATIENCE)).hasMessage("the ABI differs");
    }

    @Test
    void anEndThatIsGoneOrSilentIsNotWaitedForLonger() {
        assertThatThrownBy(() -> other.receive(MessageType.READY, NONE)).hasMessage("the other back-end says nothing");
        one.close();
        assertThatThrownBy(() -> other.receive(MessageType.READY, PATIENCE)).hasMessage("the other back-end is gone");
        assertThatThrownBy(() -> other.send(MessageType.READY, PATIENCE)).hasMessage("the other back-end is gone");
    }

    @Test
    void anEndThatDoesNotReadIsNotWaitedForLonger() {
        StateWriter large = new StateWriter().block(new byte[8 << 20]);
        assertThatThrownBy(() -> one.send(MessageType.SETUP, large, NONE))
                .hasMessage("the other back-end does not read");
    }

    @ParameterizedTest
    @CsvSource({
        "0, the peer sent data that is not a hand-over message",
        "4, the peer sent data that is not a hand-over message",
        "8, the peer sent data that is not a hand-over message",
        "12, the peer sent data that is not a hand-over message",
        "16, the peer sent data that is not a hand-over message",
        "20, the peer sent data that is not a hand-over message",
        "24, message READY is damaged",
        "27, message READY is damaged",
    })
    void aDamagedMessageIsRefused(int at, String reason) {
        byte[] message = message(MessageType.READY.code(), 4, 0);
        message[at] ^= 1;
        write(message);
        assertThatThrownBy(() -> other.receive(MessageType.READY, PATIENCE)).hasMessage(reason);
    }

    @Test
    void aMessageThatIsTooLongOrUnknownOrLacksDescriptorsIsRefused() {
        write(message(MessageType.READY.code(), -1, 0));
        assertThatThrownBy(() -> other.receive(MessageType.READY, PATIENCE))
                .hasMessageContaining("is not a hand-over message");
        SocketPair second = SocketPair.create();
        try (HandOverChannel channel = new HandOverChannel(second.second());
                Fd end = second.first()) {
            write(end, message(99, 0, 0));
            assertThatThrownBy(() -> channel.receive(MessageType.READY, PATIENCE))
                    .hasMessageContaining("is not a hand-over message");
            write(end, message(MessageType.READY.code(), 0, 2));
            assertThatThrownBy(() -> channel.receive(MessageType.READY, PATIENCE))
                    .hasMessageContaining("came with 0 descriptors of 2");
        }
    }

    @Test
    void aMessageThatIsCutShortIsRefused() {
        byte[] message = message(MessageType.READY.code(), 4, 0);
        write(Arrays.copyOf(message, message.length - 1));
        one.close();
        assertThatThrownBy(() -> other.receive(MessageType.READY, PATIENCE)).hasMessage("the other back-end is gone");
    }

    @Test
    void theSameUserIsTaken() throws HandOverException {
        assertThat(one.requireSameUser().process())
                .isEqualTo((int) ProcessHandle.current().pid());
    }

    private static byte[] message(int type, int length, int descriptors) {
        byte[] content = new byte[Math.max(0, length)];
        MemorySegment message = MemorySegment.ofArray(new byte[HEADER + content.length]);
        ValueLayout.OfInt word = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        message.set(word, 0, 0x4f483456);
        message.set(word, 4, type);
        message.set(word, 8, length);
        message.set(word, 12, checksum(content, content.length));
        message.set(word, 16, descriptors);
        message.set(word, 20, checksum(message.toArray(ValueLayout.JAVA_BYTE), 20));
        return message.toArray(ValueLayout.JAVA_BYTE);
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    private void write(byte[] bytes) {
        write(raw, bytes);
    }

    private static void write(Fd to, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(bytes.length);
            copy.copyFrom(MemorySegment.ofArray(bytes));
            assertThat(new SocketMessage().send(to, copy, 0, bytes.length, List.of()))
                    .isEqualTo(bytes.length);
        }
    }
}
