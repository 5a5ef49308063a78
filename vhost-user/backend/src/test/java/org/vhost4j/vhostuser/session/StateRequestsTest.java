// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the transfer of the device state, with messages in QEMU's order at the source and at the destination. */
class StateRequestsTest {
    private static final int SAVE = 0;
    private static final int LOAD = 1;
    private static final long USE_YOURS = 0x100;
    private static final long REFUSED = 0x101;

    @AutoClose
    private final FrontEnd frontEnd = new FrontEnd();

    private long begin(int direction, int phase) throws ProtocolException {
        byte[] payload = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(direction)
                .putInt(phase)
                .array();
        Fd pipe = frontEnd.fd();
        long answer = frontEnd.send(Message.request(
                        Request.SET_DEVICE_STATE_FD, MemorySegment.ofArray(payload), false, List.of(pipe)))
                .orElseThrow()
                .u64();
        assertThat(pipe.isOpen()).as("the fake closes it, and a refusal does").isFalse();
        return answer;
    }

    @Test
    void theSourceSavesAfterItsRingsAndItsStatusAreGone() throws ProtocolException {
        frontEnd.started();
        frontEnd.stop(0);
        frontEnd.tell(Request.SET_STATUS, Message.u64(0));
        frontEnd.effects.drain();
        assertThat(begin(SAVE, 0)).isEqualTo(USE_YOURS);
        assertThat(frontEnd.ask(Request.CHECK_DEVICE_STATE)).isZero();
        assertThat(frontEnd.effects.drain()).containsExactly("save state", "check state");
        assertThat(frontEnd.effects.reports).isEmpty();
    }

    @Test
    void theDestinationLoadsBeforeFeaturesAndMemoryAndIsAnnouncedBeforeThemToo() throws ProtocolException {
        long protocol = ProtocolFeature.word(SessionOptions.SERVED) & ~ProtocolFeature.CONFIG.mask();
        assertThat(frontEnd.ask(Request.GET_FEATURES) & FrontEnd.PROTOCOL_FEATURES_BIT)
                .isNotZero();
        frontEnd.tell(Request.SET_PROTOCOL_FEATURES, Message.u64(protocol));
        assertThat(begin(LOAD, 0)).isEqualTo(USE_YOURS);
        assertThat(frontEnd.ask(Request.CHECK_DEVICE_STATE)).isZero();
        frontEnd.tell(Request.SEND_RARP, Message.u64(2));
        assertThat(frontEnd.effects.drain()).containsExactly("load state", "check state", "announce 02:00:00:00:00:00");
        frontEnd.tell(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT));
        frontEnd.memory().prepare(0);
        assertThat(frontEnd.acked(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                .isZero();
        assertThat(frontEnd.effects.running).containsOnlyKeys(0);
    }

    @Test
    void nothingIsTransferredWhileARingIsStarted() throws ProtocolException {
        frontEnd.started();
        assertThat(begin(SAVE, 0)).isEqualTo(REFUSED);
        assertThat(begin(LOAD, 0)).isEqualTo(REFUSED);
        assertThat(frontEnd.effects.reports)
                .hasSize(2)
                .containsOnly("SET_DEVICE_STATE_FD: refused: a ring is started: GET_VRING_BASE must stop all of them "
                        + "first");
        assertThat(frontEnd.effects.running).as("continues").hasSize(1);
    }

    @Test
    void anotherDirectionOrPhaseIsRefused() throws ProtocolException {
        frontEnd.negotiate(FrontEnd.SPLIT);
        assertThat(begin(2, 0)).isEqualTo(REFUSED);
        assertThat(begin(-1, 0)).isEqualTo(REFUSED);
        assertThat(begin(SAVE, 1)).isEqualTo(REFUSED);
        assertThat(frontEnd.effects.reports)
                .containsExactly(
                        "SET_DEVICE_STATE_FD: refused: direction 2 is not 0 (save) or 1 (load)",
                        "SET_DEVICE_STATE_FD: refused: direction 4294967295 is not 0 (save) or 1 (load)",
                        "SET_DEVICE_STATE_FD: refused: phase 1 is not 0 (stopped)");
        assertThat(begin(SAVE, 0)).as("the connection stays").isEqualTo(USE_YOURS);
    }

    @Test
    void aTransferThatFailsIsAnsweredAndReported() throws ProtocolException {
        frontEnd.negotiate(FrontEnd.SPLIT);
        frontEnd.effects.refusal = "no";
        assertThat(begin(SAVE, 0)).isEqualTo(REFUSED);
        assertThat(frontEnd.ask(Request.CHECK_DEVICE_STATE)).isEqualTo(1);
        assertThat(frontEnd.effects.reports)
                .containsExactly("SET_DEVICE_STATE_FD: refused: no", "CHECK_DEVICE_STATE: refused: no");
    }

    @Test
    void anAnswerThatTakesItsTimeComesLaterAndNothingIsReceivedBefore() throws ProtocolException {
        frontEnd.negotiate(FrontEnd.SPLIT);
        List<Message> late = new ArrayList<>();
        frontEnd.session.onLateReply(late::add);
        frontEnd.effects.answersLate = true;
        for (Optional<String> outcome : List.of(Optional.<String>empty(), Optional.of("damaged"))) {
            assertThat(begin(LOAD, 0)).isEqualTo(USE_YOURS);
            assertThat(frontEnd.send(check())).isEmpty();
            assertThat(frontEnd.session.owesReply()).isTrue();
            assertThatThrownBy(() -> frontEnd.ask(Request.GET_FEATURES)).isInstanceOf(IllegalStateException.class);
            Objects.requireNonNull(frontEnd.effects.late).accept(outcome);
            assertThat(frontEnd.session.owesReply()).isFalse();
            Objects.requireNonNull(frontEnd.effects.late).accept(Optional.of("a second answer"));
        }
        assertThat(late).extracting(Message::u64).containsExactly(0L, 1L);
        assertThat(frontEnd.effects.reports).containsExactly("CHECK_DEVICE_STATE: refused: damaged");
    }

    @Test
    void anAnswerAfterTheEndIsDropped() throws ProtocolException {
        frontEnd.negotiate(FrontEnd.SPLIT);
        List<Message> late = new ArrayList<>();
        frontEnd.session.onLateReply(late::add);
        frontEnd.effects.answersLate = true;
        begin(LOAD, 0);
        frontEnd.send(check());
        frontEnd.session.close();
        Objects.requireNonNull(frontEnd.effects.late).accept(Optional.of("too late"));
        assertThat(late).isEmpty();
        assertThat(frontEnd.effects.reports).isEmpty();
    }

    private static Message check() {
        return Message.request(Request.CHECK_DEVICE_STATE, Message.noPayload(), false, List.of());
    }

    /** A page that userfaultfd owes would stop every thread at the next safepoint; see {@link SessionOptions#SERVED}. */
    @Test
    void postcopyIsNotOffered() throws ProtocolException {
        assertThat(ProtocolFeature.PAGEFAULT.in(frontEnd.ask(Request.GET_PROTOCOL_FEATURES)))
                .isFalse();
        frontEnd.refused(Request.POSTCOPY_ADVISE, Message.noPayload());
    }
}
