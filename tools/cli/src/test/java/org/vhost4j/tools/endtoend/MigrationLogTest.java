// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MemFd;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.wire.LogArea;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringAddress;

/** Tests the dirty log between a front-end and the real back-end. */
class MigrationLogTest {
    private static NetSetup setup(boolean packed) {
        NetSetup setup = NetSetup.full().withProtocol(ProtocolFeature.LOG_SHMFD);
        return packed ? setup.packed() : setup;
    }

    private static DirtyLog log(NetDriver driver) {
        return DirtyLog.create(driver.ram().guestAddress() + driver.ram().bytes());
    }

    /** When the barrier is answered, the lane has marked what it wrote before. */
    private static void nothingIsLost(NetDriver driver, DirtyLog log) {
        driver.awaitSent();
        driver.frontEnd().barrier();
        assertThat(log.lost(driver))
                .as("written pages are not marked in the log")
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestsOfTwoLanesMigrateAtOnce(boolean packed) {
        try (TestBackEnd backEnd = TestBackEnd.onTwoLanes(2, 1, new Switching.Bridged(List.of()));
                NetDriver a = backEnd.attach(0, setup(packed));
                NetDriver b = backEnd.attach(1, setup(packed));
                DirtyLog logOfA = log(a);
                DirtyLog logOfB = log(b)) {
            Traffic.exchange(a, 1, b, 2);
            for (int migration = 0; migration < 3; migration++) {
                logOfA.begin(a);
                logOfB.begin(b);
                for (int round = 0; round < 5; round++) {
                    a.recordWrites();
                    b.recordWrites();
                    for (int i = 0; i < 10; i++) {
                        Traffic.exchange(a, 1, b, 2);
                    }
                    nothingIsLost(a, logOfA);
                    nothingIsLost(b, logOfB);
                    assertThat(logOfA.pages()).isNotEmpty();
                    logOfA.clear();
                    logOfB.clear();
                }
                // It is cancelled.
                logOfA.end(a);
                logOfB.end(b);
                a.frontEnd().barrier();
                b.frontEnd().barrier();
                logOfA.clear();
                logOfB.clear();
                Traffic.exchange(a, 1, b, 2);
                assertThat(logOfA.pages()).as("not marked").isEmpty();
                assertThat(logOfB.pages()).as("not marked").isEmpty();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoReadsTheLogIsSignalledAsLongAsThereIsOne(boolean packed) {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2);
                NetDriver a = backEnd.attach(0, setup(packed));
                NetDriver b = backEnd.attach(1, setup(packed));
                DirtyLog log = log(a)) {
            log.setFd(a.frontEnd());
            for (int migration = 0; migration < 3; migration++) {
                Traffic.exchange(a, 1, b, 2);
                a.frontEnd().barrier();
                assertThat(log.signals()).as("without a log").isZero();
                log.begin(a);
                a.frontEnd().barrier();
                assertThat(log.signals())
                        .as("what is marked when it begins")
                        .isBetween(1L, 3L * a.queues().size());
                for (int i = 0; i < 10; i++) {
                    a.recordWrites();
                    Traffic.exchange(a, 1, b, 2);
                    nothingIsLost(a, log);
                    assertThat(log.signals()).isPositive();
                    log.clear();
                }
                log.end(a);
                a.frontEnd().barrier();
                assertThat(log.signals()).isNotNegative();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestsBehindAnIommuMigrate(boolean packed) {
        NetSetup setup = setup(packed);
        try (TestBackEnd backEnd = TestBackEnd.patientBridge(2);
                IommuGuest a = new IommuGuest(backEnd, 0, setup);
                IommuGuest b = new IommuGuest(backEnd, 1, setup);
                DirtyLog log = log(b.driver)) {
            cross(a, b, 0);
            log.begin(b.driver);
            cross(a, b, 1);
            for (int round = 2; round < 8; round++) {
                log.clear();
                b.driver.recordWrites();
                cross(a, b, round);
                b.driver.frontEnd().barrier();
                assertThat(log.lost(b.driver)).as("round " + round).isEmpty();
                b.withdrawAll();
            }
        }
    }

    private static void cross(IommuGuest from, IommuGuest to, int seed) {
        byte[] frame = PacketBuilder.udp4().macs(1, 2).payload(1400, seed).complete();
        IommuGuest.arrives(from, to, frame, () -> from.driver.send(frame));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLogThatIsShortenedStopsItsDeviceAlone(boolean packed) {
        try (HostileSetting setting = new HostileSetting()) {
            try (NetDriver driver = setting.attach(setup(packed));
                    DirtyLog log = log(driver)) {
                log.begin(driver);
                setting.reaches(driver);
                log.truncate(0);
                // A broadcast of another guest is written, and cannot be marked. That frame may be lost to all.
                setting.sendBroadcast();
                setting.backEnd().awaitLine("its memory is gone");
                setting.othersContinueAfterwards();
            }
            setting.survived("its memory is gone");
        }
    }

    /** Size and offset of a log, and the line that its refusal has. */
    static Stream<Arguments> badLogs() {
        return Stream.of(
                Arguments.argumentSet("longer than its file", 1L << 20, 0L, "but the file has"),
                Arguments.argumentSet("behind the end of its file", 4096L, 1L << 20, "but the file has"),
                Arguments.argumentSet("size and offset wrap", 1L << 62, 1L << 62, "must fit in 63 bits"),
                Arguments.argumentSet("empty", 0L, 0L, "must not be empty"),
                Arguments.argumentSet("too small for the memory", 8L, 0L, "before the end of the memory region"));
    }

    private static void send(FrontEnd frontEnd, long size, long offset, Fd file) {
        frontEnd.sendRaw(
                RawMessage.encode(
                        Request.SET_LOG_BASE.code(), 1, FrontEnd.bytes(new LogArea(size, offset).toPayload())),
                List.of(file));
    }

    @ParameterizedTest
    @MethodSource("badLogs")
    void aLogThatCannotBeEndsItsConnectionAlone(long size, long offset, String inTheLine) {
        try (HostileSetting setting = new HostileSetting()) {
            try (NetDriver driver = setting.attach(setup(false));
                    Fd file = MemFd.create("log", 1 << 16)) {
                send(driver.frontEnd(), size, offset, file);
                assertThat(driver.frontEnd().awaitClosed()).isTrue();
                setting.othersContinue();
            }
            setting.survived("SET_LOG_BASE", inTheLine);
        }
    }

    /** Its pages could keep every guest of the lane waiting. */
    @Test
    void aLogThatIsNoMemoryEndsItsConnectionAlone() {
        try (HostileSetting setting = new HostileSetting()) {
            try (NetDriver driver = setting.attach(setup(false));
                    EventFd notMemory = EventFd.create()) {
                send(driver.frontEnd(), 1 << 16, 0, notMemory.fd());
                assertThat(driver.frontEnd().awaitClosed()).isTrue();
                setting.othersContinue();
            }
            setting.survived("SET_LOG_BASE", "is not a memfd");
        }
    }

    /** A used ring that is logged where no bit is: the copy of the guest would lack it, so this device stops. */
    @Test
    void aMarkBehindTheEndOfTheLogStopsItsDeviceAlone() {
        try (HostileSetting setting = new HostileSetting()) {
            try (NetDriver driver = setting.attach(setup(false));
                    DirtyLog log = log(driver)) {
                log.setBase(driver.frontEnd());
                driver.frontEnd().setFeatures(driver.features() | Feature.LOG_ALL.mask());
                RingDriver ring = driver.receiveQueue(0).ring();
                Ram ram = driver.ram();
                driver.frontEnd()
                        .setVringAddr(new VringAddress(
                                0,
                                VringAddress.LOG,
                                ram.toUser(ring.descAddress()),
                                ram.toUser(ring.usedAddress()),
                                ram.toUser(ring.availAddress()),
                                1L << 50));
                driver.frontEnd().barrier();
                setting.sendBroadcast();
                setting.backEnd().awaitLine("the log of dirty pages ends at");
                setting.othersContinueAfterwards();
            }
            setting.survived("the log of dirty pages ends at");
        }
    }
}
