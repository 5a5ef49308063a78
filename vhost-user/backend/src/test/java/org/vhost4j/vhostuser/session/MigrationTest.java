// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.LogArea;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringAddress;

/** Tests the dirty log with messages in QEMU 11's order, and in other permitted orders. */
class MigrationTest {
    private static final int BOTH = IotlbMessage.READ | IotlbMessage.WRITE;
    private static final long LOG_ALL = Feature.LOG_ALL.mask();
    /** A bit for each page of {@link FrontEnd#RAM}, as QEMU rounds it up. */
    private static final long ENOUGH = 0x2000;

    private static final long EXACTLY = FrontEnd.SIZE / DirtyLog.PAGE / Byte.SIZE;
    private static final long LATER = 0x18000;

    private static FrontEnd frontEnd(Feature... more) {
        Set<ProtocolFeature> protocol = EnumSet.copyOf(SessionOptions.SERVED);
        protocol.remove(ProtocolFeature.CONFIG);
        return new FrontEnd(new SessionOptions(
                FrontEnd.FEATURES.plus(FeatureSet.of(more)),
                FeatureSet.of(Feature.LOG_ALL),
                protocol,
                5,
                1024,
                0,
                509));
    }

    private static FrontEnd negotiated(FrontEnd frontEnd, long features) throws ProtocolException {
        Set<ProtocolFeature> protocol = EnumSet.copyOf(SessionOptions.SERVED);
        protocol.remove(ProtocolFeature.CONFIG);
        frontEnd.tell(Request.SET_PROTOCOL_FEATURES, Message.u64(ProtocolFeature.word(protocol)));
        frontEnd.tell(Request.SET_FEATURES, Message.u64(features));
        return frontEnd;
    }

    /** Two rings run; nothing is logged. */
    private static FrontEnd running() throws ProtocolException {
        FrontEnd frontEnd =
                negotiated(frontEnd(), FrontEnd.SPLIT).memory().start(0).start(1);
        frontEnd.effects.log.clear();
        return frontEnd;
    }

    private static long logBase(FrontEnd frontEnd, long size) throws ProtocolException {
        return frontEnd.send(Message.request(
                        Request.SET_LOG_BASE, new LogArea(size, 0).toPayload(), false, List.of(frontEnd.fd())))
                .orElseThrow()
                .u64();
    }

    private static void address(FrontEnd frontEnd, int index, int flags, long log) throws ProtocolException {
        VringAddress at = FrontEnd.address(index);
        frontEnd.tell(
                Request.SET_VRING_ADDR,
                new VringAddress(index, flags, at.descriptors(), at.used(), at.avail(), log).toPayload());
    }

    private static void features(FrontEnd frontEnd, long word) throws ProtocolException {
        assertThat(frontEnd.acked(Request.SET_FEATURES, Message.u64(word))).isZero();
    }

    private static void begin(FrontEnd frontEnd) throws ProtocolException {
        assertThat(logBase(frontEnd, ENOUGH)).isZero();
        features(frontEnd, FrontEnd.SPLIT | LOG_ALL);
        address(frontEnd, 0, VringAddress.LOG, LATER);
        address(frontEnd, 1, VringAddress.LOG, 2 * LATER);
    }

    private static DirtyLog logOf(FrontEnd frontEnd, int index) {
        return logged(frontEnd, index).log();
    }

    private static QueueLog logged(FrontEnd frontEnd, int index) {
        return Objects.requireNonNull(frontEnd.effects.logs.get(index));
    }

    @Test
    void ringsRunOnFromTheFirstMessageToTheLast() throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            assertThat(logBase(frontEnd, ENOUGH)).isZero();
            assertThat(frontEnd.effects.drain()).as("before LOG_ALL").isEmpty();
            features(frontEnd, FrontEnd.SPLIT | LOG_ALL);
            frontEnd.ask(Request.GET_STATUS);
            address(frontEnd, 0, VringAddress.LOG, LATER);
            address(frontEnd, 1, VringAddress.LOG, 2 * LATER);
            assertThat(frontEnd.effects.drain())
                    .containsExactly(
                            "log 0 but its used ring",
                            "log 1 but its used ring",
                            "log 0 used 0x18000",
                            "log 1 used 0x30000");
            assertThat(logged(frontEnd, 0).memory().regions()).hasSize(1);
            assertThat(frontEnd.session.features().has(Feature.LOG_ALL))
                    .as("a part of what the guest was promised")
                    .isFalse();
            assertThat(frontEnd.stop(0).num()).isEqualTo(FakeEffects.PROGRESS);
            assertThat(frontEnd.stop(1).num()).isEqualTo(FakeEffects.PROGRESS);
            frontEnd.tell(Request.SET_STATUS, Message.u64(0));
            assertThat(frontEnd.effects.drain()).startsWith("stop 0", "stop 1").doesNotContain("log 0 off");
        }
    }

    @Test
    void aMigrationThatIsCancelledIsTriedAgain() throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            for (int round = 0; round < 20; round++) {
                begin(frontEnd);
                frontEnd.effects.log.clear();
                features(frontEnd, FrontEnd.SPLIT);
                address(frontEnd, 0, 0, LATER);
                address(frontEnd, 1, 0, 2 * LATER);
                assertThat(frontEnd.effects.drain()).containsExactly("log 0 off", "log 1 off");
                assertThat(frontEnd.mapper.mapped).as("memory and one log").hasSize(2);
            }
            assertThat(frontEnd.effects.starts).as("starts of two rings").isEqualTo(2);
            features(frontEnd, FrontEnd.SPLIT | LOG_ALL);
            assertThat(frontEnd.effects.drain())
                    .as("the last log is there, should a front-end mean it")
                    .containsExactly("log 0 but its used ring", "log 1 but its used ring");
        }
    }

    @Test
    void theLogBeforeIsUnmappedWhenNoQueueUsesItAnyMore() throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            begin(frontEnd);
            DirtyLog first = logOf(frontEnd, 0);
            frontEnd.effects.log.clear();
            assertThat(logBase(frontEnd, 2 * ENOUGH)).isZero();
            assertThat(frontEnd.effects.drain()).containsExactly("log 0 used 0x18000", "log 1 used 0x30000");
            assertThat(frontEnd.effects.mappingsAtLog)
                    .as("memory and both logs")
                    .isEqualTo(3);
            assertThat(frontEnd.mapper.mapped).hasSize(2);
            assertThat(logOf(frontEnd, 0)).isNotSameAs(first).isSameAs(logOf(frontEnd, 1));
        }
    }

    /** So QEMU does when a driver starts during a migration. */
    @Test
    void ringsThatStartDuringAMigrationAreLoggedOnceThereIsALog() throws ProtocolException {
        try (FrontEnd frontEnd =
                negotiated(frontEnd(), FrontEnd.SPLIT | LOG_ALL).memory().prepare(0)) {
            address(frontEnd, 0, VringAddress.LOG, LATER);
            frontEnd.kick(0);
            assertThat(frontEnd.effects.logs.get(0)).isNull();
            frontEnd.effects.log.clear();
            assertThat(logBase(frontEnd, EXACTLY)).isZero();
            assertThat(frontEnd.effects.drain()).containsExactly("log 0 used 0x18000");
            frontEnd.prepare(1).kick(1);
            assertThat(logged(frontEnd, 1).usedAddress()).isEqualTo(QueueLog.UNLOGGED);
        }
    }

    @Test
    void aRingThatIsStartedAgainOrWhoseMemoryChangesIsLoggedFromItsStart() throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            begin(frontEnd);
            frontEnd.kick(0);
            assertThat(logged(frontEnd, 0).usedAddress()).isEqualTo(LATER);
            assertThat(logBase(frontEnd, 4 * ENOUGH)).isZero();
            MemoryRegion more = new MemoryRegion(FrontEnd.SIZE, FrontEnd.SIZE, FrontEnd.USER + FrontEnd.SIZE, 0);
            frontEnd.tell(Request.ADD_MEM_REG, FrontEnd.region(more), frontEnd.fd());
            assertThat(logged(frontEnd, 0).memory().regions()).hasSize(2);
            frontEnd.tell(Request.REM_MEM_REG, FrontEnd.region(more));
            assertThat(logged(frontEnd, 0).memory().regions()).hasSize(1);
            // QEMU makes the log smaller after the table.
            assertThat(logBase(frontEnd, ENOUGH)).isZero();
            frontEnd.stop(0);
            frontEnd.prepare(0);
            address(frontEnd, 0, VringAddress.LOG, 3 * LATER);
            frontEnd.kick(0);
            assertThat(logged(frontEnd, 0).usedAddress()).isEqualTo(3 * LATER);
            frontEnd.tell(Request.RESET_DEVICE, Message.noPayload());
            frontEnd.tell(Request.SET_FEATURES, Message.u64(FrontEnd.SPLIT));
            frontEnd.start(0);
            assertThat(frontEnd.effects.logs.get(0)).as("after a reset").isNull();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, must not be empty",
        "-1, 0, must not be empty",
        "0x2000, -4096, its end must fit",
        "0x7fffffffffffffff, 1, its end must fit",
        "0x2000, 0x10000000000, ends beyond the file",
        "511, 0, it ends at guest address 0xff8000",
        "1, 0, before the end of the memory region at 0x0 with 0x1000000 bytes"
    })
    void aLogThatCannotBeEndsTheConnectionAndThePreviousOneStays(String size, String offset, String rule)
            throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            begin(frontEnd);
            DirtyLog before = logOf(frontEnd, 0);
            LogArea area = new LogArea(Long.decode(size), Long.decode(offset));
            ProtocolException e = frontEnd.refused(Request.SET_LOG_BASE, area.toPayload(), frontEnd.fd());
            assertThat(e).hasMessageContaining(rule);
            assertThat(logOf(frontEnd, 0)).isSameAs(before);
            assertThat(frontEnd.mapper.mapped).hasSize(2);
        }
    }

    @Test
    void aLogMustCoverTheUsedRingsThatAreLoggedInIt() throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            // A used ring of 256 has 2,054 bytes. This one begins in the last page of the memory, and ends behind it.
            address(frontEnd, 0, VringAddress.LOG, FrontEnd.SIZE - 2000);
            assertThat(frontEnd.refused(Request.SET_LOG_BASE, new LogArea(EXACTLY, 0).toPayload(), frontEnd.fd()))
                    .hasMessageContaining("the used ring of ring 0 at 0xfff830 with 0x806 bytes");
            assertThat(logBase(frontEnd, EXACTLY + 1)).isZero();
        }
    }

    @Test
    void aLogComesWithItsFileAndItsPlaceThere() throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            assertThat(frontEnd.refused(Request.SET_LOG_BASE, new LogArea(ENOUGH, 0).toPayload()))
                    .hasMessage("SET_LOG_BASE: no descriptor: with LOG_SHMFD the log's file must come");
            assertThat(frontEnd.refused(Request.SET_LOG_BASE, Message.u64(0), frontEnd.fd()))
                    .hasMessage("SET_LOG_BASE: a payload of 8 bytes: with LOG_SHMFD it has 16 bytes");
        }
    }

    @Test
    void theDescriptorOfTheLogIsKeptUntilAnotherComes() throws ProtocolException {
        Fd second;
        try (FrontEnd frontEnd = running()) {
            Fd first = frontEnd.fd();
            frontEnd.tell(Request.SET_LOG_FD, Message.noPayload(), first);
            assertThat(frontEnd.effects.drain()).containsExactly("log signal");
            begin(frontEnd);
            assertThat(first.isOpen()).isTrue();
            second = frontEnd.fd();
            frontEnd.tell(Request.SET_LOG_FD, Message.noPayload(), second);
            assertThat(first.isOpen()).isFalse();
            assertThat(second.isOpen()).isTrue();
            // A reset ends logging, not the connection.
            frontEnd.tell(Request.RESET_DEVICE, Message.noPayload());
            assertThat(second.isOpen()).isTrue();
            frontEnd.effects.log.clear();
            frontEnd.session.close();
            assertThat(frontEnd.effects.drain()).contains("no log signal");
        }
        assertThat(second.isOpen()).isFalse();
    }

    @Test
    void aDescriptorOfTheLogThatCannotBeUsedEndsTheConnection() throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            frontEnd.effects.refusal = "nothing to signal";
            assertThat(frontEnd.refused(Request.SET_LOG_FD, Message.noPayload(), frontEnd.fd()))
                    .hasMessage("SET_LOG_FD: the descriptor cannot be used: nothing to signal");
        }
    }

    @Test
    void otherFeaturesStillNeedRingsThatAreStopped() throws ProtocolException {
        try (FrontEnd frontEnd = running()) {
            assertThat(frontEnd.refused(
                            Request.SET_FEATURES, Message.u64((FrontEnd.SPLIT | LOG_ALL) & ~Feature.MRG_RXBUF.mask())))
                    .hasMessage("SET_FEATURES: MRG_RXBUF changed while a ring is started: "
                            + "all rings must be stopped first");
        }
    }

    /** The front-end of a device whose config space is ours is not offered what it could not keep. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whereTheConfigSpaceIsOursThereIsNoLog(boolean base) throws ProtocolException {
        SessionOptions options = new SessionOptions(
                FrontEnd.FEATURES, FeatureSet.of(Feature.LOG_ALL), SessionOptions.SERVED, 5, 1024, 24, 509);
        try (FrontEnd frontEnd = new FrontEnd(options)) {
            assertThat(FeatureSet.ofWord(frontEnd.ask(Request.GET_FEATURES)).has(Feature.LOG_ALL))
                    .isTrue();
            frontEnd.negotiate(FrontEnd.SPLIT);
            assertThat(FeatureSet.ofWord(frontEnd.ask(Request.GET_FEATURES)).has(Feature.LOG_ALL))
                    .isFalse();
            Request request = base ? Request.SET_LOG_BASE : Request.SET_LOG_FD;
            MemorySegment payload = base ? new LogArea(ENOUGH, 0).toPayload() : Message.noPayload();
            assertThat(frontEnd.refused(request, payload, frontEnd.fd()))
                    .hasMessage(request + ": it needs feature LOG_ALL: which was never offered");
        }
    }

    /** Rings behind an IOMMU: the address under which a used ring is logged goes through it, too. */
    private static FrontEnd translated() throws ProtocolException {
        FrontEnd frontEnd = negotiated(
                        frontEnd(Feature.ACCESS_PLATFORM), FrontEnd.SPLIT | Feature.ACCESS_PLATFORM.mask())
                .memory()
                .prepare(0);
        map(frontEnd, FrontEnd.USER + 0x10000, 0x10000, 0x10000);
        frontEnd.kick(0);
        assertThat(logBase(frontEnd, ENOUGH)).isZero();
        features(frontEnd, FrontEnd.SPLIT | Feature.ACCESS_PLATFORM.mask() | LOG_ALL);
        frontEnd.effects.log.clear();
        return frontEnd;
    }

    private static void map(FrontEnd frontEnd, long iova, long bytes, long guest) throws ProtocolException {
        assertThat(frontEnd.acked(
                        Request.IOTLB_MSG,
                        new IotlbMessage(iova, bytes, FrontEnd.USER + guest, BOTH, IotlbMessage.UPDATE).toPayload()))
                .isZero();
    }

    private static void withdraw(FrontEnd frontEnd, long iova, long bytes) throws ProtocolException {
        assertThat(frontEnd.acked(
                        Request.IOTLB_MSG, new IotlbMessage(iova, bytes, 0, 0, IotlbMessage.INVALIDATE).toPayload()))
                .isZero();
    }

    @Test
    void behindAnIommuTheLogAddressIsTranslated() throws ProtocolException {
        try (FrontEnd frontEnd = translated()) {
            long used = FrontEnd.address(0).used();
            address(frontEnd, 0, VringAddress.LOG, used);
            assertThat(frontEnd.effects.drain()).containsExactly("log 0 used 0x18000");
        }
    }

    @Test
    void aLogAddressIsAskedForAndFollowedWhereItGoes() throws ProtocolException {
        try (FrontEnd frontEnd = translated()) {
            address(frontEnd, 0, VringAddress.LOG, 0x5000);
            assertThat(frontEnd.effects.drain()).containsExactly("suspend 0", "missing 0x5000 write");
            map(frontEnd, 0x5000, 4096, 0x7000);
            assertThat(frontEnd.effects.drain()).containsExactly("translations", "log 0 used 0x7000", "resume 0");
            withdraw(frontEnd, 0x5000, 4096);
            assertThat(frontEnd.effects.drain()).containsExactly("translations", "suspend 0", "missing 0x5000 write");
            assertThat(logBase(frontEnd, 2 * ENOUGH)).isZero();
            assertThat(frontEnd.effects.drain())
                    .as("a suspended ring keeps no log that is unmapped")
                    .containsExactly("log 0 off", "missing 0x5000 write");
            map(frontEnd, 0x5000, 4096, 0x9000);
            assertThat(frontEnd.effects.drain()).containsExactly("translations", "log 0 used 0x9000", "resume 0");
        }
    }
}
