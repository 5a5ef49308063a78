// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringAddress;

/** Tests invalid memory tables and ring addresses. */
class HostileMemoryTest {
    private static final long USER = 0x7000_0000_0000L;
    private static final long PAGE = 4096;

    @AutoClose
    private final HostileSetting setting = new HostileSetting(start());

    TestBackEnd start() {
        return TestBackEnd.bridge(HostileSetting.GUESTS);
    }

    private static MemoryRegion region(long guest, long size, long user, long offset) {
        return new MemoryRegion(guest, size, user, offset);
    }

    static Stream<Arguments> tables() {
        MemoryRegion good = region(0, 4 * PAGE, USER, 0);
        return Stream.of(
                Arguments.argumentSet(
                        "guest addresses overlap",
                        List.of(good, region(3 * PAGE, PAGE, USER + 16 * PAGE, 0)),
                        "overlap"),
                Arguments.argumentSet(
                        "user addresses overlap",
                        List.of(good, region(16 * PAGE, PAGE, USER + 3 * PAGE, 0)),
                        "overlap"),
                Arguments.argumentSet("the file is too short", List.of(region(0, 5 * PAGE, USER, 0)), "bytes"),
                Arguments.argumentSet(
                        "the offset is behind the file's end", List.of(region(0, PAGE, USER, 1 << 30)), "offset"),
                Arguments.argumentSet(
                        "offset and size wrap", List.of(region(0, 2 * PAGE, USER, -PAGE)), "SET_MEM_TABLE"),
                Arguments.argumentSet("a region has no size", List.of(region(0, 0, USER, 0)), "SET_MEM_TABLE"),
                Arguments.argumentSet(
                        "guest addresses wrap", List.of(region(-PAGE, 2 * PAGE, USER, 0)), "SET_MEM_TABLE"),
                Arguments.argumentSet("user addresses wrap", List.of(region(0, 2 * PAGE, -PAGE, 0)), "SET_MEM_TABLE"));
    }

    private static void sendTable(FrontEnd frontEnd, List<MemoryRegion> regions, Fd file) {
        frontEnd.sendRaw(
                RawMessage.encode(
                        Request.SET_MEM_TABLE.code(), 1, FrontEnd.bytes(new MemoryRegions(regions).toPayload())),
                regions.stream().map(region -> file).toList());
    }

    @ParameterizedTest
    @MethodSource("tables")
    void aTableThatCannotBeEndsItsConnectionAlone(List<MemoryRegion> regions, String inTheLine) {
        try (FrontEnd frontEnd = setting.connect();
                Ram ram = Ram.create(0, 4 * PAGE)) {
            frontEnd.getFeatures();
            sendTable(frontEnd, regions, ram.file());
            assertThat(frontEnd.awaitClosed()).isTrue();
            setting.othersContinue();
        }
        setting.survived(inTheLine);
    }

    @Test
    void aDescriptorThatIsNoMemoryEndsItsConnectionAlone() {
        try (FrontEnd frontEnd = setting.connect();
                EventFd notMemory = EventFd.create()) {
            frontEnd.getFeatures();
            sendTable(frontEnd, List.of(region(0, PAGE, USER, 0)), notMemory.fd());
            assertThat(frontEnd.awaitClosed()).isTrue();
            setting.othersContinue();
        }
        setting.survived("SET_MEM_TABLE");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void aRegionWithoutADescriptorOrWithTwoEndsItsConnectionAlone(int descriptors) {
        byte[] table = FrontEnd.bytes(new MemoryRegions(List.of(region(0, PAGE, USER, 0))).toPayload());
        try (Ram ram = Ram.create(0, PAGE);
                FrontEnd frontEnd = setting.connect()) {
            frontEnd.sendRaw(
                    RawMessage.encode(Request.SET_MEM_TABLE.code(), 1, table),
                    Collections.nCopies(descriptors, ram.file()));
            assertThat(frontEnd.awaitClosed()).isTrue();
            setting.othersContinue();
        }
        setting.survived("SET_MEM_TABLE", descriptors + " descriptors");
    }

    /** Each puts one of the three parts of a transmit queue somewhere else. */
    static Stream<Arguments> ringAddresses() {
        return Stream.of(
                Arguments.argumentSet("descriptors outside", 1L << 40, 0L, 0L),
                Arguments.argumentSet("used ring outside", 0L, 1L << 40, 0L),
                Arguments.argumentSet("available ring outside", 0L, 0L, 1L << 40),
                Arguments.argumentSet("used ring over the end", 0L, 8L << 20, 0L),
                Arguments.argumentSet("descriptors not aligned", 8L, 0L, 0L),
                Arguments.argumentSet("used ring not aligned", 0L, 2L, 0L),
                Arguments.argumentSet("available ring not aligned", 0L, 0L, 1L));
    }

    @ParameterizedTest
    @MethodSource("ringAddresses")
    void aRingThatIsNotInMemoryEndsItsConnectionAlone(long moveDesc, long moveUsed, long moveAvail) {
        try (NetDriver driver = NetDriver.negotiated(setting.connect(), NetSetup.full())) {
            FrontEnd frontEnd = driver.frontEnd();
            frontEnd.setMemTable(List.of(driver.ram()));
            FrontEndQueue queue = driver.transmitQueue(0);
            frontEnd.setVringNum(1, queue.ring().size());
            frontEnd.setVringBase(1, 0);
            Ram ram = driver.ram();
            VringAddress address = new VringAddress(
                    1,
                    0,
                    ram.toUser(queue.ring().descAddress()) + moveDesc,
                    moveUsed == 8L << 20
                            ? ram.userAddress() + ram.bytes() - 16
                            : ram.toUser(queue.ring().usedAddress()) + moveUsed,
                    ram.toUser(queue.ring().availAddress()) + moveAvail,
                    0);
            boolean refused;
            try {
                frontEnd.setVringAddr(address);
                frontEnd.setVringKick(1, queue.kick().fd());
                frontEnd.setVringEnable(1, true);
                refused = false;
            } catch (FrontEndException.Refused | FrontEndException.Closed e) {
                refused = true;
            }
            assertThat(refused || frontEnd.awaitClosed()).isTrue();
            setting.othersContinue();
        }
        setting.survived("ring 1");
    }

    @Test
    void memoryThatVanishesUnderRunningRingsStopsThatDeviceAlone() {
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            driver.ram().truncate(0);
            // A descriptor is all that can still be touched: the back-end looks at a ring that is gone.
            driver.transmitQueue(0).kick().signal();
            setting.backEnd().awaitLine("memory");
            setting.othersContinue();
        }
        setting.survived("memory");
    }

    @Test
    void memoryThatVanishesBeforeItIsKickedIsFoundByTraffic() {
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            driver.ram().truncate(0);
            // A broadcast of another guest runs into the receive ring that is gone. That frame may be lost to all.
            setting.sendBroadcast();
            setting.backEnd().awaitLine("memory");
            setting.othersContinueAfterwards();
        }
        setting.survived("memory");
    }
}
