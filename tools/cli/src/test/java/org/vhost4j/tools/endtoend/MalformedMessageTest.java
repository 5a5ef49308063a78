// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringState;

/** Tests that a message that violates the protocol ends only its connection, with one line that names the rule. */
class MalformedMessageTest {
    private static final int VERSION = 1;
    private static final byte[] NOTHING = new byte[0];

    @AutoClose
    private final HostileSetting setting = new HostileSetting();

    private static Arguments of(String name, String inTheLine, Consumer<FrontEnd> act) {
        return Arguments.argumentSet(name, inTheLine, act);
    }

    private static void send(FrontEnd frontEnd, int request, int flags, byte[] payload, Fd... fds) {
        frontEnd.sendRaw(RawMessage.encode(request, flags, payload), List.of(fds));
    }

    private static void send(FrontEnd frontEnd, Request request, byte[] payload, Fd... fds) {
        send(frontEnd, request.code(), VERSION, payload, fds);
    }

    private static void sendWithEventFds(FrontEnd frontEnd, Request request, byte[] payload, int count) {
        List<EventFd> events = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                events.add(EventFd.create());
            }
            send(frontEnd, request, payload, events.stream().map(EventFd::fd).toArray(Fd[]::new));
        } finally {
            events.forEach(EventFd::close);
        }
    }

    private static byte[] state(int index, int num) {
        return FrontEnd.bytes(new VringState(index, num).toPayload());
    }

    static Stream<Arguments> messages() {
        return Stream.of(
                of("request 0", "request 0", f -> send(f, 0, VERSION, NOTHING)),
                of("an unknown request", "request 45", f -> send(f, 45, VERSION, NOTHING)),
                of("an unknown request with descriptors", "request 1000", f -> {
                    try (EventFd fd = EventFd.create()) {
                        send(f, 1000, VERSION, NOTHING, fd.fd());
                    }
                }),
                of("version 0", "GET_FEATURES", f -> send(f, 1, 0, NOTHING)),
                of("version 2", "GET_FEATURES", f -> send(f, 1, 2, NOTHING)),
                of("a request with the reply flag", "GET_FEATURES", f -> send(f, 1, VERSION | 4, NOTHING)),
                of("a payload where there is none", "GET_FEATURES", f -> send(f, Request.GET_FEATURES, new byte[8])),
                of("a payload that is too short", "SET_FEATURES", f -> send(f, Request.SET_FEATURES, new byte[4])),
                of("a payload that is too long", "SET_VRING_NUM", f -> send(f, Request.SET_VRING_NUM, new byte[12])),
                of(
                        "a payload of 4 GiB",
                        "SET_FEATURES",
                        f -> f.sendRaw(RawMessage.encode(2, VERSION, -1, new byte[8]), List.of())),
                of(
                        "a payload of 1 MiB",
                        "SET_MEM_TABLE",
                        f -> f.sendRaw(RawMessage.encode(5, VERSION, 1 << 20, new byte[64]), List.of())),
                of(
                        "no descriptor where one must be",
                        "SET_VRING_KICK",
                        f -> send(f, Request.SET_VRING_KICK, FrontEnd.u64(0))),
                of(
                        "a descriptor where there is none",
                        "SET_FEATURES",
                        f -> sendWithEventFds(f, Request.SET_FEATURES, FrontEnd.u64(0), 1)),
                of(
                        "two descriptors where there is one",
                        "SET_VRING_CALL",
                        f -> sendWithEventFds(f, Request.SET_VRING_CALL, FrontEnd.u64(0), 2)),
                of(
                        "more descriptors than any message has",
                        "more than 8 descriptors",
                        f -> sendWithEventFds(f, Request.SET_VRING_CALL, FrontEnd.u64(0), 60)),
                of("a queue that is not there", "SET_VRING_NUM", f -> send(f, Request.SET_VRING_NUM, state(4096, 256))),
                of(
                        "a queue number that is small when it is cut",
                        "SET_VRING_NUM",
                        f -> send(f, Request.SET_VRING_NUM, state(0x1_0000, 256))),
                of("a queue of no size", "SET_VRING_NUM", f -> send(f, Request.SET_VRING_NUM, state(0, 0))),
                of("a queue whose size is no power of two", "SET_VRING_NUM", f -> {
                    send(f, Request.SET_FEATURES, FrontEnd.u64(0));
                    send(f, Request.SET_VRING_NUM, state(0, 255));
                }),
                of(
                        "a queue that is too large",
                        "SET_VRING_NUM",
                        f -> send(f, Request.SET_VRING_NUM, state(0, 0x1_0000))),
                of(
                        "a feature that was not offered",
                        "SET_FEATURES",
                        f -> send(f, Request.SET_FEATURES, FrontEnd.u64(1L << 58))),
                of(
                        "a protocol feature that was not offered",
                        "SET_PROTOCOL_FEATURES",
                        f -> send(f, Request.SET_PROTOCOL_FEATURES, FrontEnd.u64(1L << 14))),
                of(
                        "a request whose feature was not negotiated",
                        "NET_SET_MTU",
                        f -> send(f, Request.NET_SET_MTU, FrontEnd.u64(1500))),
                of("a kick descriptor that is no eventfd", "SET_VRING_KICK", f -> {
                    try (Ram ram = Ram.create(0, 4096)) {
                        send(f, Request.SET_VRING_KICK, FrontEnd.u64(0), ram.file());
                    }
                }));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void endsItsConnectionAlone(String inTheLine, Consumer<FrontEnd> act) {
        try (FrontEnd frontEnd = setting.connect()) {
            frontEnd.getFeatures();
            act.accept(frontEnd);
            assertThat(frontEnd.awaitClosed()).isTrue();
            setting.othersContinue();
        }
        setting.survived(inTheLine);
    }

    @Test
    void halfAMessageThatIsNeverFinishedLeavesNothingBehind() {
        Held before = Held.now();
        try (FrontEnd frontEnd = setting.connect();
                EventFd fd = EventFd.create()) {
            frontEnd.getFeatures();
            byte[] message = RawMessage.encode(Request.SET_VRING_CALL.code(), VERSION, FrontEnd.u64(0));
            frontEnd.sendRaw(Arrays.copyOf(message, 15), List.of(fd.fd()));
        }
        before.awaitAgain();
        setting.othersContinue();
    }

    @Test
    void aMessageInSinglePiecesIsUnderstood() {
        try (FrontEnd frontEnd = setting.connect();
                EventFd fd = EventFd.create()) {
            byte[] call = RawMessage.encode(Request.SET_VRING_CALL.code(), VERSION, FrontEnd.u64(0));
            for (int i = 0; i < call.length; i++) {
                frontEnd.sendRaw(new byte[] {call[i]}, i == 0 ? List.of(fd.fd()) : List.of());
            }
            assertThat(frontEnd.getFeatures()).isNotZero();
        }
    }

    @Test
    void featuresThatChangeWhileQueuesRunEndTheConnection() {
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            FrontEnd frontEnd = driver.frontEnd();
            send(frontEnd, Request.SET_FEATURES, FrontEnd.u64(frontEnd.features() & ~Feature.MRG_RXBUF.mask()));
            assertThat(frontEnd.awaitClosed()).isTrue();
            setting.othersContinue();
        }
        setting.survived("SET_FEATURES");
    }
}
