// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.vhostuser.wire.ConfigSpace;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the sequence of messages that QEMU 10 and 11 send, as recorded on the socket. */
class QemuSequenceTest {
    private static final MemoryRegion LOW = new MemoryRegion(0, 0x8000_0000L, 0x7f00_0000_0000L, 0);
    private static final MemoryRegion HIGH =
            new MemoryRegion(0x1_0000_0000L, 0x8000_0000L, 0x7f00_8000_0000L, 0x8000_0000L);
    private static final long ACKNOWLEDGED = FrontEnd.SPLIT & ~Feature.CTRL_VQ.mask();

    private final FrontEnd frontEnd;

    QemuSequenceTest() {
        frontEnd = new FrontEnd();
        frontEnd.mapper.fileSize = 0x1_0000_0000L;
    }

    private static long netdevProtocol() {
        return ProtocolFeature.word(SessionOptions.SERVED) & ~ProtocolFeature.CONFIG.mask();
    }

    private void initialise(int firstRing, int rings, long protocol) throws ProtocolException {
        boolean first = firstRing == 0;
        assertThat(frontEnd.ask(Request.GET_FEATURES) & FrontEnd.PROTOCOL_FEATURES_BIT)
                .isNotZero();
        assertThat(frontEnd.ask(Request.GET_PROTOCOL_FEATURES) & protocol).isEqualTo(protocol);
        frontEnd.tell(Request.SET_PROTOCOL_FEATURES, Message.u64(protocol));
        if (first) {
            assertThat(frontEnd.ask(Request.GET_QUEUE_NUM)).isEqualTo(ProtocolFeature.CONFIG.in(protocol) ? 5 : 2);
        }
        assertThat(frontEnd.ask(Request.GET_MAX_MEM_SLOTS)).isEqualTo(509);
        if (first) {
            assertThat(frontEnd.acked(Request.SET_BACKEND_REQ_FD, Message.noPayload(), frontEnd.fd()))
                    .isZero();
            frontEnd.tell(Request.SET_OWNER, Message.noPayload());
        }
        frontEnd.ask(Request.GET_FEATURES);
        for (int i = firstRing; i < firstRing + rings; i++) {
            frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(i, true), frontEnd.fd());
            frontEnd.tell(Request.SET_VRING_ERR, FrontEnd.file(i, true), frontEnd.fd());
        }
    }

    private void startRings(int firstRing, int rings, int base) throws ProtocolException {
        for (int i = firstRing; i < firstRing + rings; i++) {
            frontEnd.tell(Request.SET_VRING_NUM, FrontEnd.state(i, 256));
            frontEnd.tell(Request.SET_VRING_BASE, FrontEnd.state(i, base));
            frontEnd.tell(Request.SET_VRING_ADDR, FrontEnd.address(i).toPayload());
            assertThat(frontEnd.acked(Request.SET_VRING_KICK, FrontEnd.file(i, true), frontEnd.fd()))
                    .isZero();
            assertThat(frontEnd.acked(Request.SET_VRING_CALL, FrontEnd.file(i, true), frontEnd.fd()))
                    .isZero();
        }
    }

    private void addStatus(int bits) throws ProtocolException {
        long status = frontEnd.ask(Request.GET_STATUS);
        frontEnd.tell(Request.SET_STATUS, Message.u64(status | bits));
    }

    private void enable(int ring, int value) throws ProtocolException {
        assertThat(frontEnd.acked(Request.SET_VRING_ENABLE, FrontEnd.state(ring, value)))
                .isZero();
    }

    private void driverOkNetdev(int base) throws ProtocolException {
        for (int pair = 0; pair < 2; pair++) {
            enable(2 * pair, 1);
            enable(2 * pair + 1, 1);
            frontEnd.tell(Request.SET_FEATURES, Message.u64(ACKNOWLEDGED));
            addStatus(8);
            if (pair == 0 && base == 0) {
                assertThat(frontEnd.acked(Request.ADD_MEM_REG, FrontEnd.region(LOW), frontEnd.fd()))
                        .isZero();
                assertThat(frontEnd.acked(Request.ADD_MEM_REG, FrontEnd.region(HIGH), frontEnd.fd()))
                        .isZero();
            }
            startRings(2 * pair, 2, base);
        }
        addStatus(7);
    }

    @Test
    void netdevWithTwoPairs() throws ProtocolException {
        try (frontEnd) {
            initialise(0, 2, netdevProtocol());
            initialise(2, 2, netdevProtocol());
            frontEnd.tell(Request.RESET_DEVICE, Message.noPayload());
            enable(0, 1);
            enable(1, 1);
            enable(2, 0);
            enable(3, 0);
            assertThat(frontEnd.effects.drain()).containsExactly("channel", "reset RESET_DEVICE");

            assertThat(frontEnd.acked(Request.NET_SET_MTU, Message.u64(1500))).isZero();
            driverOkNetdev(0);
            String features = "features 0x" + Long.toHexString(ACKNOWLEDGED & ~FrontEnd.PROTOCOL_FEATURES_BIT);
            assertThat(frontEnd.effects.drain())
                    .containsExactly(
                            "mtu 1500",
                            features,
                            "status 8",
                            "memory 1",
                            "memory 2",
                            "start 0 size 256 base 0",
                            "call 0",
                            "start 1 size 256 base 0",
                            "call 1",
                            // The second pair acknowledges the same features while the first runs.
                            "status 8",
                            "start 2 size 256 base 0",
                            "call 2",
                            "start 3 size 256 base 0",
                            "call 3",
                            "status 15");
            assertThat(frontEnd.effects.running.values()).allMatch(setup -> setup.err() != null);

            // The machine is paused and continues: memory is not sent again.
            for (int i = 0; i < 4; i++) {
                assertThat(frontEnd.stop(i).num()).isEqualTo(FakeEffects.PROGRESS);
            }
            frontEnd.tell(Request.SET_STATUS, Message.u64(0));
            assertThat(frontEnd.effects.drain())
                    .containsExactly("stop 0", "stop 1", "stop 2", "stop 3", "reset STATUS_CLEARED", "status 0");
            driverOkNetdev(FakeEffects.PROGRESS);
            assertThat(frontEnd.effects.drain())
                    .contains("start 3 size 256 base 3")
                    .doesNotContain("memory 1");
            assertThat(frontEnd.effects.reports).isEmpty();
        }
    }

    @Test
    void netdevWithAMemoryTableAndWithoutReplyAck() throws ProtocolException {
        long protocol = ProtocolFeature.MQ.mask() | ProtocolFeature.MTU.mask();
        try (frontEnd) {
            assertThat(frontEnd.ask(Request.GET_PROTOCOL_FEATURES) & protocol).isEqualTo(protocol);
            frontEnd.tell(Request.SET_PROTOCOL_FEATURES, Message.u64(protocol));
            frontEnd.tell(Request.SET_OWNER, Message.noPayload());
            for (int i = 0; i < 2; i++) {
                frontEnd.tell(Request.SET_VRING_CALL, FrontEnd.file(i, true), frontEnd.fd());
                frontEnd.tell(Request.SET_VRING_ENABLE, FrontEnd.state(i, 1));
                // The barrier that QEMU uses instead of an acknowledgement.
                frontEnd.ask(Request.GET_FEATURES);
            }
            frontEnd.tell(Request.SET_FEATURES, Message.u64(ACKNOWLEDGED));
            frontEnd.tell(Request.SET_MEM_TABLE, FrontEnd.regions(LOW, HIGH), frontEnd.fd(), frontEnd.fd());
            frontEnd.start(0).start(1);
            assertThat(frontEnd.effects.running).hasSize(2);
        }
    }

    @Test
    void genericDeviceWithAControlQueue() throws ProtocolException {
        try (frontEnd) {
            long protocol = ProtocolFeature.word(SessionOptions.SERVED);
            initialise(0, 5, protocol);
            MemorySegment whole = new ConfigSpace(0, 0, MemorySegment.ofArray(new byte[24])).toPayload();
            Message config = frontEnd.send(Message.request(Request.GET_CONFIG, whole, false, List.of()))
                    .orElseThrow();
            assertThat(config.payload().byteSize()).isEqualTo(36);
            // The driver writes one field; QEMU sends all of them.
            MemorySegment written = MemorySegment.ofArray(config.payload().toArray(ValueLayout.JAVA_BYTE));
            assertThat(frontEnd.acked(Request.SET_CONFIG, written)).isZero();
            frontEnd.effects.log.clear();

            frontEnd.tell(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT));
            addStatus(8);
            assertThat(frontEnd.acked(Request.ADD_MEM_REG, FrontEnd.region(LOW), frontEnd.fd()))
                    .isZero();
            startRings(0, 5, 0);
            for (int i = 0; i < 5; i++) {
                enable(i, 1);
            }
            addStatus(7);
            for (int i = 0; i < 5; i++) {
                assertThat(frontEnd.acked(Request.SET_VRING_CALL, FrontEnd.file(i, true), frontEnd.fd()))
                        .isZero();
            }
            assertThat(frontEnd.effects.drain())
                    .startsWith(
                            "features 0x" + Long.toHexString(FrontEnd.SPLIT & ~FrontEnd.PROTOCOL_FEATURES_BIT),
                            "status 8",
                            "memory 1",
                            "start 0 size 256 base 0 disabled",
                            "call 0")
                    .contains("start 4 size 256 base 0 disabled", "enable 4", "status 15")
                    .endsWith("call 3", "call 4");

            for (int i = 0; i < 5; i++) {
                enable(i, 0);
            }
            for (int i = 0; i < 5; i++) {
                assertThat(frontEnd.stop(i).num()).isEqualTo(FakeEffects.PROGRESS);
            }
            frontEnd.tell(Request.SET_STATUS, Message.u64(0));
            assertThat(frontEnd.effects.running).isEmpty();
        }
    }

    @Test
    void hotplugWithSlotsWhileRingsRun() throws ProtocolException {
        try (frontEnd) {
            initialise(0, 2, netdevProtocol());
            frontEnd.tell(Request.SET_FEATURES, Message.u64(ACKNOWLEDGED));
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(LOW), frontEnd.fd());
            startRings(0, 2, 0);
            frontEnd.effects.log.clear();
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(HIGH), frontEnd.fd());
            frontEnd.tell(Request.REM_MEM_REG, FrontEnd.region(HIGH));
            assertThat(frontEnd.effects.drain())
                    .containsExactly(
                            "stop 0",
                            "stop 1",
                            "memory 2",
                            "start 0 size 256 base 3 disabled",
                            "start 1 size 256 base 3 disabled",
                            "stop 0",
                            "stop 1",
                            "memory 1",
                            "start 0 size 256 base 6 disabled",
                            "start 1 size 256 base 6 disabled");
            assertThat(frontEnd.effects.reports).isEmpty();
        }
    }
}
