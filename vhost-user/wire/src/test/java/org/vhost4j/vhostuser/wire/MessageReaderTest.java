// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;

class MessageReaderTest {
    private final MessageReader reader = MessageReader.ofRequests();

    private static MemorySegment header(int code, int flags, int size) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[12]);
        new MessageHeader(code, flags, size).write(bytes);
        return bytes;
    }

    private static List<Fd> descriptors(int count) {
        List<Fd> descriptors = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            descriptors.add(EventFd.create().fd());
        }
        return descriptors;
    }

    @Test
    void bytesAreInTheMachinesOrder() {
        byte[] bytes = MessageWriter.bytes(Message.request(
                Request.SET_VRING_NUM, new VringState(0x01020304, 0x0a0b0c0d).toPayload(), true, List.of()));
        String expected = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                ? "08000000" + "09000000" + "08000000" + "04030201" + "0d0c0b0a"
                : "00000008" + "00000009" + "00000008" + "01020304" + "0a0b0c0d";
        assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(expected);
    }

    @Test
    void repliesHaveExactlyTheReplyFlagAndTheVersion() {
        Message reply = Message.reply(Request.GET_FEATURES.code(), 0x1122334455667788L);
        assertThat(reply.flags()).isEqualTo(0x5);
        assertThat(reply.u64()).isEqualTo(0x1122334455667788L);
        assertThat(Message.reply(Request.GET_CONFIG.code(), Message.noPayload()).header())
                .isEqualTo(new MessageHeader(24, 5, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 7, 11, 12, 64})
    void messagesComeInPiecesOfAnySize(int piece) throws ProtocolException {
        byte[] one = MessageWriter.bytes(Message.request(Request.SET_OWNER, Message.noPayload(), false, List.of()));
        byte[] two = MessageWriter.bytes(Message.request(
                Request.SET_VRING_ADDR, new VringAddress(1, 0, 16, 4, 2, 0).toPayload(), true, List.of()));
        MemorySegment stream = MemorySegment.ofArray(new byte[one.length + two.length]);
        MemorySegment.copy(MemorySegment.ofArray(one), 0, stream, 0, one.length);
        MemorySegment.copy(MemorySegment.ofArray(two), 0, stream, one.length, two.length);
        List<Message> messages = new ArrayList<>();
        for (long at = 0; at < stream.byteSize(); ) {
            long length = Math.min(piece, reader.wanted());
            reader.accept(stream.asSlice(at, length), List.of()).ifPresent(messages::add);
            at += length;
        }
        assertThat(messages)
                .extracting(Message::code)
                .containsExactly(Request.SET_OWNER.code(), Request.SET_VRING_ADDR.code());
        assertThat(VringAddress.read(messages.get(1).payload())).isEqualTo(new VringAddress(1, 0, 16, 4, 2, 0));
        assertThat(messages.get(1).needReply()).isTrue();
        assertThat(reader.atMessageStart()).isTrue();
        reader.endOfStream();
    }

    @Test
    void wantsNoMoreThanOneMessage() throws ProtocolException {
        assertThat(reader.wanted()).isEqualTo(12);
        assertThat(reader.accept(header(2, 1, 8).asSlice(0, 5), List.of())).isEmpty();
        assertThat(reader.wanted()).isEqualTo(7);
        assertThat(reader.accept(header(2, 1, 8).asSlice(5), List.of())).isEmpty();
        assertThat(reader.wanted()).isEqualTo(8);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reader.accept(MemorySegment.ofArray(new byte[9]), List.of()));
    }

    @Test
    void descriptorsBelongToTheMessageTheyCameWith() throws ProtocolException {
        List<Fd> descriptors = descriptors(8);
        assertThat(reader.accept(header(5, 1, 8), descriptors)).isEmpty();
        Message message =
                reader.accept(MemorySegment.ofArray(new byte[8]), List.of()).orElseThrow();
        assertThat(message.descriptors()).isEqualTo(descriptors);
        try (Fd first = message.takeDescriptor()) {
            assertThat(first).isSameAs(descriptors.get(0));
            message.close();
            assertThat(first.isOpen()).isTrue();
        }
        assertThat(descriptors).noneMatch(Fd::isOpen);
        Message next = reader.accept(header(3, 1, 0), List.of()).orElseThrow();
        assertThat(next.descriptorCount()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "0x0, version 0 in flags 0x0: it must be 1",
        "0x2, version 2 in flags 0x2: it must be 1",
        "0x3, version 3 in flags 0x3: it must be 1",
        "0x5, the reply flag is set in flags 0x5: a request must not have it",
        "0xd, the reply flag is set in flags 0xd: a request must not have it",
        "0x11, flags 0x11: only version 1 and need_reply (0x8) have a meaning",
        "0x80000001, flags 0x80000001: only version 1 and need_reply (0x8) have a meaning"
    })
    void badFlags(String flags, String message) {
        List<Fd> descriptors = descriptors(1);
        int value = Integer.parseUnsignedInt(flags.substring(2), 16);
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> reader.accept(header(1, value, 0), descriptors))
                .withMessage("GET_FEATURES: " + message);
        assertThat(descriptors).noneMatch(Fd::isOpen);
    }

    @ParameterizedTest
    @ValueSource(ints = {4097, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void aLargePayloadIsRefusedBeforeItIsRead(int size) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> reader.accept(header(77, 1, size), List.of()))
                .withMessage(
                        "request 77: a payload of " + Integer.toUnsignedString(size) + " bytes: at most 4096 are read");
    }

    @Test
    void theLargestPayloadIsRead() throws ProtocolException {
        assertThat(reader.accept(header(77, 1, 4096), List.of())).isEmpty();
        assertThat(reader.wanted()).isEqualTo(4096);
        assertThat(reader.accept(MemorySegment.ofArray(new byte[4096]), List.of()))
                .hasValueSatisfying(
                        message -> assertThat(message.payload().byteSize()).isEqualTo(4096));
    }

    @Test
    void repliesAreCheckedAsReplies() throws ProtocolException {
        MessageReader replies = MessageReader.ofReplies();
        assertThat(replies.accept(header(1, 5, 0), List.of())).isPresent();
        for (int flags : new int[] {1, 4, 9, 13, 7}) {
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> replies.accept(header(1, flags, 0), List.of()))
                    .withMessage("GET_FEATURES: flags 0x" + Integer.toHexString(flags) + ": a reply has 0x5");
        }
    }

    @Test
    void descriptorsAfterTheFirstByteAreRefused() throws ProtocolException {
        List<Fd> early = descriptors(1);
        List<Fd> late = descriptors(1);
        assertThat(reader.accept(header(5, 1, 8), early)).isEmpty();
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> reader.accept(MemorySegment.ofArray(new byte[4]), late))
                .withMessage("SET_MEM_TABLE: 1 descriptors came after the first byte: "
                        + "descriptors come with the first byte of the header");
        assertThat(early).noneMatch(Fd::isOpen);
        assertThat(late).noneMatch(Fd::isOpen);
    }

    @Test
    void nineDescriptorsAreTooMany() {
        List<Fd> descriptors = descriptors(9);
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> reader.accept(header(5, 1, 8), descriptors))
                .withMessage("message: 9 descriptors: at most 8 are allowed");
        assertThat(descriptors).noneMatch(Fd::isOpen);
    }

    @Test
    void theStreamMustNotEndInsideAMessage() throws ProtocolException {
        List<Fd> descriptors = descriptors(2);
        reader.endOfStream();
        assertThat(reader.accept(header(5, 1, 72).asSlice(0, 5), descriptors)).isEmpty();
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(reader::endOfStream)
                .withMessage("message: the connection ended after 5 of 12 bytes: the header must be complete");
        assertThat(descriptors).noneMatch(Fd::isOpen);
        assertThat(reader.accept(header(5, 1, 72), List.of())).isEmpty();
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(reader::endOfStream)
                .withMessage("SET_MEM_TABLE: the connection ended after 0 of 72 bytes: the payload must be complete");
    }

    @Test
    void aMessageDescribesItself() {
        Message message = Message.request(Request.SET_STATUS, Message.u64(1), true, List.of());
        assertThat(message).hasToString("SET_STATUS, flags 0x9, 8 bytes, 0 descriptors");
        assertThat(Message.request(BackendRequest.CONFIG_CHANGE_MSG, Message.noPayload(), false)
                        .header())
                .isEqualTo(new MessageHeader(2, 1, 0));
        assertThat(message.payload().get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(1);
    }
}
