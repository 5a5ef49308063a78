// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.ring.InflightRegion;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;
import org.vhost4j.vhostuser.wire.InflightDescription;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Tests GET_INFLIGHT_FD and SET_INFLIGHT_FD as QEMU's vhost-user-blk and Cloud Hypervisor send them, and invalid ones.
 */
class InflightTest {
    private static final int BYTES = 24;
    private static final long PACKED = FrontEnd.FEATURES.low() | FrontEnd.PROTOCOL_FEATURES_BIT;

    private static MemorySegment area(long size, long offset, int queues, int queueSize) {
        return new InflightDescription(size, offset, queues, queueSize).toPayload(BYTES);
    }

    private static Message get(FrontEnd frontEnd, MemorySegment payload) throws ProtocolException {
        return frontEnd.send(Message.request(Request.GET_INFLIGHT_FD, payload, false, List.of()))
                .orElseThrow();
    }

    private static Fd file(FrontEnd frontEnd, long bytes) {
        Fd file = MemFd.createSealed("inflight", bytes);
        frontEnd.sent.add(file);
        return file;
    }

    private static @Nullable InflightRegion region(FrontEnd frontEnd, int index) {
        return Objects.requireNonNull(frontEnd.effects.running.get(index)).inflight();
    }

    @ParameterizedTest
    @CsvSource({
        "false, 24, 4160",
        "true, 24, 8256",
        // Rust's vhost crate and QEMU send the padding, a front-end that packs the structure does not.
        "false, 20, 4160"
    })
    void anAreaIsMadeSealedAndLargeEnough(boolean packed, int payload, long each) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(packed ? PACKED : FrontEnd.SPLIT)) {
            try (Message reply = get(frontEnd, new InflightDescription(0, 0, 4, 256).toPayload(payload))) {
                assertThat(reply.payload().byteSize()).isEqualTo(payload);
                assertThat(InflightDescription.read(reply.payload()))
                        .isEqualTo(new InflightDescription(4 * each, 0, 4, 256));
                assertThat(reply.descriptorCount()).isEqualTo(1);
                Fd file = reply.descriptors().getFirst();
                assertThat(MappedFile.isSealedAgainstShrinking(file)).isTrue();
            }
        }
    }

    @Test
    void anAreaThatIsMadeBeforeTheFeaturesAreKnownIsLargeEnoughForEither() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().protocol(ProtocolFeature.INFLIGHT_SHMFD)) {
            try (Message reply = get(frontEnd, area(0, 0, 1, 256))) {
                assertThat(InflightDescription.read(reply.payload()).size())
                        .isGreaterThanOrEqualTo(RingLayout.PACKED.inflightBytes(256));
            }
            frontEnd.tell(Request.SET_FEATURES, Message.u64(PACKED));
            frontEnd.memory().start(0);
            assertThat(region(frontEnd, 0)).isNotNull();
        }
    }

    @Test
    void theRingsOfAnAreaAreTracked() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT).memory()) {
            get(frontEnd, area(0, 0, 2, 256)).close();
            frontEnd.start(0).start(2);
            assertThat(region(frontEnd, 0)).isNotNull();
            assertThat(region(frontEnd, 2)).as("the area is for fewer").isNull();
            frontEnd.stop(0);
            frontEnd.stop(2);
            assertThat(frontEnd.acked(
                            Request.SET_INFLIGHT_FD, area(2 * 4160 + 63, 64, 2, 256), file(frontEnd, 2 * 4160 + 127)))
                    .isZero();
            assertThat(frontEnd.mapper.mapped).as("memory and the new area").hasSize(2);
            frontEnd.start(1);
            assertThat(region(frontEnd, 1)).isNotNull();
            assertThat(Objects.requireNonNull(region(frontEnd, 1)).entries()).isEqualTo(256);
        }
    }

    /** A version that is not 0 says that something may be in flight. */
    private static MemorySegment areaOf(FrontEnd frontEnd) {
        return frontEnd.mapper.mapped.stream()
                .map(RegionMapper.Mapping::memory)
                .filter(memory -> memory.byteSize() < FrontEnd.SIZE)
                .findFirst()
                .orElseThrow();
    }

    private static boolean remembered(MemorySegment area, int queue) {
        return area.get(ValueLayout.JAVA_SHORT, 4160L * queue + 8) != 0;
    }

    private static FrontEnd tracked() throws ProtocolException {
        FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT).memory();
        get(frontEnd, area(0, 0, 2, 256)).close();
        frontEnd.start(0).start(1);
        // As the device does.
        areaOf(frontEnd).set(ValueLayout.JAVA_SHORT, 8, (short) 1);
        areaOf(frontEnd).set(ValueLayout.JAVA_SHORT, 4160 + 8, (short) 1);
        frontEnd.effects.log.clear();
        return frontEnd;
    }

    @Test
    void aRingThatTheFrontEndHasStoppedIsFinishedAndForgotten() throws ProtocolException {
        try (FrontEnd frontEnd = tracked()) {
            MemorySegment area = areaOf(frontEnd);
            frontEnd.stop(1);
            assertThat(frontEnd.effects.drain()).containsExactly("finish 1", "stop 1");
            assertThat(remembered(area, 0)).isTrue();
            assertThat(remembered(area, 1)).isFalse();
            // One that was not started here may have left something there.
            area.set(ValueLayout.JAVA_SHORT, 4160 + 8, (short) 1);
            frontEnd.stop(1);
            assertThat(remembered(area, 1)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"RESET_DEVICE", "SET_STATUS"})
    void aResetForgetsAll(Request request) throws ProtocolException {
        try (FrontEnd frontEnd = tracked()) {
            MemorySegment area = areaOf(frontEnd);
            frontEnd.tell(request, request == Request.SET_STATUS ? Message.u64(0) : Message.noPayload());
            assertThat(frontEnd.effects.drain()).contains("finish 0", "finish 1");
            assertThat(remembered(area, 0) || remembered(area, 1)).isFalse();
        }
    }

    /** A connection that ends, or memory that changes, tells the front-end nothing of where the rings are. */
    @Test
    void whatTheFrontEndDoesNotKnowIsNotForgotten() throws ProtocolException {
        MemorySegment area;
        try (FrontEnd frontEnd = tracked()) {
            area = areaOf(frontEnd);
            frontEnd.memory();
            assertThat(frontEnd.effects.drain())
                    .contains("stop 0", "start 0 size 256 base 3 disabled")
                    .doesNotContain("finish 0");
            assertThat(remembered(area, 0) && remembered(area, 1)).isTrue();
        }
        assertThat(remembered(area, 0) && remembered(area, 1)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    0 | 256   | num_queues 0: 1 to 5 are allowed
                    6 | 256   | num_queues 6: 1 to 5 are allowed
                    5 | 0     | queue_size 0: 1 to 1024 are allowed
                    5 | 65535 | queue_size 65535: 1 to 1024 are allowed
                    """)
    void forWhatNoAreaIsMadeOrTaken(int queues, int queueSize, String reason) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            MemorySegment payload = area(1 << 20, 0, queues, queueSize);
            assertThat(frontEnd.refused(Request.GET_INFLIGHT_FD, payload)).hasMessage("GET_INFLIGHT_FD: " + reason);
        }
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            MemorySegment payload = area(1 << 20, 0, queues, queueSize);
            assertThat(frontEnd.refused(Request.SET_INFLIGHT_FD, payload, file(frontEnd, 1 << 20)))
                    .hasMessage("SET_INFLIGHT_FD: " + reason);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    0                   | 0 | mmap_size 0 at mmap_offset 0: the area must not be empty, and its end must fit in 63 bits
                    -4096               | 0 | mmap_size 18446744073709547520 at mmap_offset 0: the area must not be empty, and its end must fit in 63 bits
                    9223372036854775807 | 8 | mmap_size 9223372036854775807 at mmap_offset 8: the area must not be empty, and its end must fit in 63 bits
                    8320                | 4 | mmap_offset 4: it must be a multiple of 8
                    8191                | 0 | an area of 8191 bytes at offset 0: its 2 regions need 4112 bytes each
                    1099511627776       | 8 | an area of 1099511627776 bytes at offset 8: cannot map the in-flight area: it ends beyond the file's 1099511627776 bytes
                    """)
    void areasThatAreNotTaken(long size, long offset, String reason) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            get(frontEnd, area(0, 0, 1, 64)).close();
            ProtocolException e =
                    frontEnd.refused(Request.SET_INFLIGHT_FD, area(size, offset, 2, 256), file(frontEnd, 8320));
            assertThat(e).hasMessage("SET_INFLIGHT_FD: " + reason);
            assertThat(frontEnd.mapper.mapped).as("the area before").hasSize(1);
        }
    }

    @Test
    void anAreaWhoseFileCanShrinkIsRefused() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            Fd file = MemFd.create("inflight", 1 << 16);
            frontEnd.sent.add(file);
            assertThat(frontEnd.refused(Request.SET_INFLIGHT_FD, area(1 << 16, 0, 2, 256), file))
                    .hasMessage("SET_INFLIGHT_FD: an area of 65536 bytes at offset 0"
                            + ": its file is not sealed against shrinking (F_SEAL_SHRINK)");
        }
    }

    @Test
    void noAreaComesOrGoesWhileARingIsStarted() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            assertThat(frontEnd.refused(Request.GET_INFLIGHT_FD, area(0, 0, 2, 256)))
                    .hasMessage("GET_INFLIGHT_FD: a ring is started: GET_VRING_BASE must stop all of them first");
        }
        try (FrontEnd frontEnd = new FrontEnd().started()) {
            assertThat(frontEnd.refused(Request.SET_INFLIGHT_FD, area(1 << 16, 0, 2, 256), file(frontEnd, 1 << 16)))
                    .hasMessage("SET_INFLIGHT_FD: a ring is started: GET_VRING_BASE must stop all of them first");
        }
    }

    /** QEMU and others continue without an area that has no bytes. */
    @Test
    void whatTheHostCannotGiveIsAnAreaOfNoBytes() throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            frontEnd.mapper.fileSize = 100;
            try (Message reply = get(frontEnd, area(0, 0, 2, 256))) {
                assertThat(reply.descriptorCount()).isZero();
                assertThat(InflightDescription.read(reply.payload()).size()).isZero();
            }
            assertThat(frontEnd.effects.reports)
                    .containsExactly("GET_INFLIGHT_FD: refused: cannot map the in-flight area:"
                            + " it ends beyond the file's 100 bytes");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    128 | its size is 256, and the in-flight area is for queues of 128
                    256 | the in-flight area has 4160 bytes for it, and it takes 8224
                    """)
    void aRingThatTheAreaHasNoRoomForDoesNotStart(int queueSize, String reason) throws ProtocolException {
        try (FrontEnd frontEnd = new FrontEnd().negotiate(FrontEnd.SPLIT)) {
            get(frontEnd, area(0, 0, 2, queueSize)).close();
            frontEnd.tell(Request.SET_FEATURES, Message.u64(queueSize == 256 ? PACKED : FrontEnd.SPLIT));
            frontEnd.memory().prepare(0);
            assertThat(frontEnd.refused(Request.SET_VRING_KICK, FrontEnd.file(0, true), frontEnd.fd()))
                    .hasMessage("SET_VRING_KICK: ring 0: it cannot be started: " + reason);
        }
    }

    @Test
    void anotherProcessContinuesWithTheArea() throws Exception {
        try (FrontEnd frontEnd = tracked();
                FrontEnd next = new FrontEnd()) {
            SessionState.Inflight inflight =
                    Objects.requireNonNull(frontEnd.session.state().inflight());
            assertThat(inflight.description()).isEqualTo(new InflightDescription(2 * 4160, 0, 2, 256));
            SessionState before = frontEnd.session.state();
            SessionState state = new SessionState(
                    before.acknowledged(),
                    before.features(),
                    before.protocol(),
                    before.status(),
                    List.of(new SessionState.Region(FrontEnd.RAM, next.fd())),
                    null,
                    null,
                    new SessionState.Inflight(inflight.description(), file(next, 2 * 4160)),
                    null,
                    List.of(new SessionState.RingState(256, FrontEnd.address(0), true, true, next.fd(), null, null)));
            next.session.restore(state);
            next.session.begin(state, List.of(Optional.of(7)));
            assertThat(region(next, 0)).isNotNull();
        }
    }
}
