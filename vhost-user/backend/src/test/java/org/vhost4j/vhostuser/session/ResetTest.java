// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;

class ResetTest {
    @Test
    void resetDeviceForgetsTheRingsButNotMemoryCallAndErr() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            Fd call = frontEnd.fd();
            Fd err = frontEnd.fd();
            frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(0, true), call);
            frontEnd.tell(Request.SET_VRING_ERR, FrontEnd.file(0, true), err);
            frontEnd.tell(Request.SET_STATUS, Message.u64(15));
            frontEnd.effects.log.clear();

            assertThat(frontEnd.acked(Request.RESET_DEVICE, Message.noPayload()))
                    .isZero();
            assertThat(frontEnd.effects.drain()).containsExactly("stop 0", "reset RESET_DEVICE");
            assertThat(frontEnd.ask(Request.GET_STATUS)).isZero();
            assertThat(frontEnd.session.features()).isEqualTo(FeatureSet.EMPTY);
            assertThat(frontEnd.session.protocolFeatures()).isEqualTo(SessionOptions.SERVED);
            assertThat(frontEnd.mapper.mapped).hasSize(1);
            assertThat(call.isOpen()).isTrue();
            assertThat(err.isOpen()).isTrue();
            assertThat(frontEnd.stop(0).num()).isZero();

            // The next driver: other features, the same memory.
            frontEnd.tell(Request.SET_FEATURES, Message.u64(FrontEnd.PROTOCOL_FEATURES_BIT));
            frontEnd.start(0);
            QueueSetup setup = Objects.requireNonNull(frontEnd.effects.running.get(0));
            assertThat(setup.enabled()).isFalse();
            assertThat(setup.call()).isSameAs(call);
            assertThat(setup.err()).isSameAs(err);
        }
    }

    @Test
    void aRingNeedsEverythingAgainAfterAReset() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.RESET_DEVICE, Message.noPayload());
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("no features are acknowledged");
        }
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.RESET_DEVICE, Message.noPayload());
            frontEnd.tell(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT));
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessageContaining("it has no size");
        }
    }

    @Test
    void statusIsKeptAndToldToTheDevice() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            assertThat(frontEnd.ask(Request.GET_STATUS)).isZero();
            frontEnd.tell(Request.SET_STATUS, Message.u64(0x0b));
            assertThat(frontEnd.ask(Request.GET_STATUS)).isEqualTo(0x0b);
            frontEnd.tell(Request.SET_STATUS, Message.u64(0xff));
            assertThat(frontEnd.effects.drain()).containsExactly("status 11", "status 255");
        }
    }

    @Test
    void statusZeroStopsTheRingsAndKeepsTheirSettings() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            frontEnd.tell(Request.SET_STATUS, Message.u64(0));
            assertThat(frontEnd.effects.drain()).containsExactly("stop 0", "reset STATUS_CLEARED", "status 0");
            assertThat(frontEnd.stop(0).num()).isEqualTo(FakeEffects.PROGRESS);
            frontEnd.kick(0);
            assertThat(frontEnd.effects.drain()).containsExactly("start 0 size 256 base 3");
        }
    }

    @Test
    void statusHasEightBits() throws ProtocolException {
        for (long status : new long[] {0x100, 1L << 32, -1}) {
            try (FrontEnd frontEnd = new FrontEnd().started()) {
                assertThat(frontEnd.refused(Request.SET_STATUS, Message.u64(status)))
                        .hasMessage(
                                "SET_STATUS: status 0x" + Long.toHexString(status) + ": a device status has 8 bits");
            }
        }
    }

    @Test
    void closeStopsUnmapsAndClosesInThatOrder() throws ProtocolException {
        FrontEnd frontEnd = new FrontEnd().started();
        frontEnd.tell(Request.SET_BACKEND_REQ_FD, Message.noPayload(), frontEnd.fd());
        frontEnd.effects.log.clear();
        frontEnd.close();
        assertThat(frontEnd.effects.log).containsExactly("stop 0", "memory 0", "no channel");
        Fd late = frontEnd.fd();
        Message message = Message.request(
                Request.SET_MEM_TABLE, FrontEnd.regions(new MemoryRegion(0, 4096, 0, 0)), false, List.of(late));
        assertThatIllegalStateException()
                .isThrownBy(() -> frontEnd.session.receive(message))
                .withMessage("the session is closed");
        assertThat(late.isOpen()).isFalse();
    }

    @Test
    void memoryStaysMappedWhenALaneCannotBeStopped() throws ProtocolException {
        FakeMapper mapper = new FakeMapper();
        IdleEffects effects = new IdleEffects() {
            @Override
            public int stopQueue(int index) {
                throw new IllegalStateException("the lane does not answer");
            }
        };
        Fd kick = EventFd.create().fd();
        Session session = new Session(FrontEnd.OPTIONS, effects, mapper);
        for (Message message : List.of(
                Message.request(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT), false, List.of()),
                Message.request(
                        Request.SET_MEM_TABLE,
                        FrontEnd.regions(FrontEnd.RAM),
                        false,
                        List.of(EventFd.create().fd())),
                Message.request(Request.SET_VRING_NUM, FrontEnd.state(0, 256), false, List.of()),
                Message.request(Request.SET_VRING_ADDR, FrontEnd.address(0).toPayload(), false, List.of()),
                Message.request(Request.SET_VRING_KICK, FrontEnd.file(0, true), false, List.of(kick)))) {
            assertThat(session.receive(message)).isEmpty();
        }
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(session::close)
                .withMessage("the lane does not answer");
        assertThat(mapper.mapped).hasSize(1);
        assertThat(kick.isOpen()).isFalse();
    }
}
