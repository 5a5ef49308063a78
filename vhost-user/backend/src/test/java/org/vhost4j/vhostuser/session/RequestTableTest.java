// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.MessageReader;
import org.vhost4j.vhostuser.wire.MessageWriter;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the errors in a message that are detected before its content is read, for every request. */
class RequestTableTest {
    private static final Set<Request> UNSERVED = EnumSet.of(
            Request.SET_LOG_BASE,
            Request.SET_LOG_FD,
            Request.IOTLB_MSG,
            Request.SET_VRING_ENDIAN,
            Request.CREATE_CRYPTO_SESSION,
            Request.CLOSE_CRYPTO_SESSION,
            Request.POSTCOPY_ADVISE,
            Request.POSTCOPY_LISTEN,
            Request.POSTCOPY_END,
            Request.GPU_SET_SOCKET,
            Request.VRING_KICK,
            Request.GET_SHARED_OBJECT,
            Request.GET_SHMEM_CONFIG);

    static Stream<Request> served() {
        return EnumSet.complementOf(EnumSet.copyOf(UNSERVED)).stream();
    }

    static Stream<Request> gated() {
        return EnumSet.allOf(Request.class).stream()
                .filter(request -> request.protocolFeature().isPresent());
    }

    private static MemorySegment zeros(int bytes) {
        return MemorySegment.ofArray(new byte[bytes]);
    }

    private static Fd[] descriptors(FrontEnd frontEnd, int count) {
        return IntStream.range(0, count).mapToObj(i -> frontEnd.fd()).toArray(Fd[]::new);
    }

    private static void assertAnswered(Request request, ProtocolException e) {
        if (request.reply().isPresent()) {
            assertThat(e.reply()).as("a request with a reply of its own").isEmpty();
        } else {
            assertThat(e.reply().orElseThrow().u64()).isEqualTo(1);
            assertThat(e.reply().orElseThrow().code()).isEqualTo(request.code());
            assertThat(e.reply().orElseThrow().flags()).isEqualTo(5);
        }
    }

    @ParameterizedTest
    @MethodSource("served")
    void wrongSizes(Request request) throws ProtocolException {
        int min = request.payload().minBytes();
        int max = request.payload().maxBytes();
        for (int size : new int[] {0, min - 1, max + 1, MessageReader.DEFAULT_MAX_PAYLOAD}) {
            if (size < 0 || request.payload().allows(size)) {
                continue;
            }
            try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
                ProtocolException e =
                        frontEnd.refused(request, zeros(size), descriptors(frontEnd, request.minDescriptors()));
                assertThat(e).hasMessageStartingWith(request + ": a payload of " + size + " bytes: ");
                assertAnswered(request, e);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("served")
    void surplusAndMissingDescriptors(Request request) throws ProtocolException {
        for (int count : new int[] {request.minDescriptors() - 1, request.maxDescriptors() + 1, 8}) {
            if (count < 0 || count > 8 || (count >= request.minDescriptors() && count <= request.maxDescriptors())) {
                continue;
            }
            try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
                ProtocolException e =
                        frontEnd.refused(request, zeros(request.payload().minBytes()), descriptors(frontEnd, count));
                assertThat(e).hasMessageStartingWith(request + ": " + count + " descriptors: ");
                assertAnswered(request, e);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("gated")
    void withoutItsProtocolFeature(Request request) throws ProtocolException {
        ProtocolFeature needed = request.protocolFeature().orElseThrow();
        try (FrontEnd frontEnd = new FrontEnd()) {
            if (needed != ProtocolFeature.REPLY_ACK) {
                frontEnd.protocol(ProtocolFeature.REPLY_ACK);
            }
            ProtocolException e = frontEnd.refused(
                    request, zeros(request.payload().minBytes()), descriptors(frontEnd, request.maxDescriptors()));
            assertThat(e)
                    .hasMessage(request + ": it needs protocol feature " + needed + ": "
                            + (SessionOptions.SERVED.contains(needed)
                                    ? "which was not acknowledged"
                                    : "which was never offered"));
            assertAnswered(request, e);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotServedIsRefusedAndWhatIsServedIsNot(Request request) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            if (UNSERVED.contains(request)) {
                ProtocolException e = frontEnd.refused(
                        request, zeros(request.payload().minBytes()), descriptors(frontEnd, request.maxDescriptors()));
                assertThat(e.getMessage()).containsAnyOf("which was never offered", "not served");
                assertAnswered(request, e);
            } else {
                Message message = Message.request(
                        request,
                        zeros(request.payload().minBytes()),
                        false,
                        List.of(descriptors(frontEnd, request.minDescriptors())));
                ProtocolException e = catchThrowableOfType(ProtocolException.class, () -> frontEnd.send(message));
                // Zeros are not always a good payload, but the request itself is known.
                assertThat(e == null ? "" : e.getMessage()).doesNotContain("never offered", "not served", "unknown");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void wrongHeaders(Request request) {
        for (int flags : new int[] {0, 2, 3, 5, 0xd, 0x11, 0x80000001}) {
            try (FrontEnd frontEnd = new FrontEnd()) {
                MemorySegment header = zeros(MessageHeader.BYTES);
                new MessageHeader(request.code(), flags, request.payload().minBytes()).write(header);
                Fd stray = frontEnd.fd();
                ProtocolException e = catchThrowableOfType(
                        ProtocolException.class,
                        () -> MessageReader.ofRequests().accept(header, List.of(stray)));
                assertThat(e).hasMessageStartingWith(request + ": ").hasMessageContaining("flags 0x");
                assertThat(e.reply()).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 45, 77, 0x10001, 0x7fffffff, 0x80000000, 0xffffffff})
    void unknownRequests(int code) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            byte[] bytes = MessageWriter.bytes(Message.request(Request.SET_OWNER, zeros(8), true, List.of()));
            MemorySegment.ofArray(bytes).set(ValueLayout.JAVA_INT_UNALIGNED, 0, code);
            Fd stray = frontEnd.fd();
            MessageReader reader = MessageReader.ofRequests();
            assertThat(reader.accept(MemorySegment.ofArray(bytes).asSlice(0, 12), List.of(stray)))
                    .isEmpty();
            Message message = reader.accept(MemorySegment.ofArray(bytes).asSlice(12), List.of())
                    .orElseThrow();
            ProtocolException e =
                    catchThrowableOfType(ProtocolException.class, () -> frontEnd.session.receive(message));
            assertThat(e).hasMessage("request " + Integer.toUnsignedString(code) + ": unknown: requests 1 to 44 exist");
            assertThat(e.reply()).isEmpty();
            assertThat(stray.isOpen()).isFalse();
        }
    }

    @Test
    void withoutNeedReplyARefusalIsNotAnswered() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            Message message = Message.request(Request.SET_VRING_NUM, FrontEnd.state(0, 0), false, List.of());
            ProtocolException e = catchThrowableOfType(ProtocolException.class, () -> frontEnd.send(message));
            assertThat(e.reply()).isEmpty();
        }
    }
}
