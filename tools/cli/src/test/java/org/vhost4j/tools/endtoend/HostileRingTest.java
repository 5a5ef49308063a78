// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.vhost4j.device.driver.SplitDriver.INDIRECT;
import static org.vhost4j.device.driver.SplitDriver.NEXT;
import static org.vhost4j.device.driver.SplitDriver.WRITE;

import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;

/** Rings that break a rule stop their device with one line that names the queue and what is wrong, and nothing else. */
class HostileRingTest {
    @AutoClose
    private final HostileSetting setting = new HostileSetting();

    /** What is written into a transmit ring that has never been used, and what the line must say besides its name. */
    private static Arguments of(String name, String inTheLine, Consumer<SplitDriver> act) {
        return Arguments.argumentSet(name, inTheLine, act);
    }

    private static void makeAvailable(SplitDriver ring, int head) {
        ring.rawAvailEntry(0, head);
        ring.rawAvailIdx(1);
    }

    /** A place in guest memory that nothing else uses. */
    private static long buffer(SplitDriver ring) {
        return ring.tableAddress(ring.size() - 1);
    }

    static Stream<Arguments> transmitRings() {
        return Stream.of(
                of("a descriptor that is its own next", "circle", ring -> {
                    ring.rawDescriptor(7, buffer(ring), 64, NEXT, 7);
                    makeAvailable(ring, 7);
                }),
                of("two descriptors that name each other", "circle", ring -> {
                    ring.rawDescriptor(3, buffer(ring), 64, NEXT, 4);
                    ring.rawDescriptor(4, buffer(ring), 64, NEXT, 3);
                    makeAvailable(ring, 3);
                }),
                of("a loop of empty descriptors", "circle", ring -> {
                    ring.rawDescriptor(3, buffer(ring), 0, NEXT, 3);
                    makeAvailable(ring, 3);
                }),
                of("a next that is not in the table", "300", ring -> {
                    ring.rawDescriptor(0, buffer(ring), 64, NEXT, 300);
                    makeAvailable(ring, 0);
                }),
                of("a head that is not in the table", "256", ring -> makeAvailable(ring, 256)),
                of("an address that is not in memory", "0x10", ring -> {
                    ring.rawDescriptor(0, 0x10, 64, 0, 0);
                    makeAvailable(ring, 0);
                }),
                of("a buffer over the end of memory", "descriptor 0", ring -> {
                    long end = ring.memory().guestBase() + ring.memory().size();
                    ring.rawDescriptor(0, end - 10, 64, 0, 0);
                    makeAvailable(ring, 0);
                }),
                of("address and length that wrap", "descriptor 0", ring -> {
                    ring.rawDescriptor(0, -16, 32, 0, 0);
                    makeAvailable(ring, 0);
                }),
                of("a length that is negative when it is signed", "descriptor 0", ring -> {
                    ring.rawDescriptor(0, buffer(ring), -1, 0, 0);
                    makeAvailable(ring, 0);
                }),
                of("lengths whose sum wraps", "descriptor", ring -> {
                    for (int i = 0; i < 3; i++) {
                        ring.rawDescriptor(i, ring.memory().guestBase(), 0x7fff_ffff, NEXT, i + 1);
                    }
                    ring.rawDescriptor(3, ring.memory().guestBase(), 64, 0, 0);
                    makeAvailable(ring, 0);
                }),
                of("an index that jumps", "jumped", ring -> ring.rawAvailIdx(257)),
                of("an index that goes back", "jumped", ring -> ring.rawAvailIdx(0xffff)),
                of("an indirect table in an indirect table", "indirect", ring -> {
                    long table = ring.tableAddress(0);
                    ring.rawTableDescriptor(table, 0, table + 16, 16, INDIRECT, 0);
                    ring.rawDescriptor(0, table, 16, INDIRECT, 0);
                    makeAvailable(ring, 0);
                }),
                of("an indirect table with a next", "indirect", ring -> {
                    ring.rawTableDescriptor(ring.tableAddress(0), 0, buffer(ring), 64, 0, 0);
                    ring.rawDescriptor(0, ring.tableAddress(0), 16, INDIRECT | NEXT, 1);
                    ring.rawDescriptor(1, buffer(ring), 64, 0, 0);
                    makeAvailable(ring, 0);
                }),
                of("an indirect table without an entry", "0 bytes", ring -> {
                    ring.rawDescriptor(0, ring.tableAddress(0), 0, INDIRECT, 0);
                    makeAvailable(ring, 0);
                }),
                of("an indirect table with a part of an entry", "24 bytes", ring -> {
                    ring.rawDescriptor(0, ring.tableAddress(0), 24, INDIRECT, 0);
                    makeAvailable(ring, 0);
                }),
                of("an indirect table of 4 GiB", "indirect", ring -> {
                    ring.rawDescriptor(0, ring.tableAddress(0), -16, INDIRECT, 0);
                    makeAvailable(ring, 0);
                }),
                of("an indirect table that is not in memory", "0x1000", ring -> {
                    ring.rawDescriptor(0, 0x1000, 16, INDIRECT, 0);
                    makeAvailable(ring, 0);
                }),
                of("an indirect table whose next is not in it", "goes on at 9", ring -> {
                    ring.rawTableDescriptor(ring.tableAddress(0), 0, buffer(ring), 64, NEXT, 9);
                    ring.rawDescriptor(0, ring.tableAddress(0), 32, INDIRECT, 0);
                    makeAvailable(ring, 0);
                }),
                of("an indirect table that runs in a circle", "circle", ring -> {
                    ring.rawTableDescriptor(ring.tableAddress(0), 0, buffer(ring), 64, NEXT, 0);
                    ring.rawDescriptor(0, ring.tableAddress(0), 32, INDIRECT, 0);
                    makeAvailable(ring, 0);
                }),
                of("a writable descriptor", "writable", ring -> {
                    ring.rawDescriptor(0, buffer(ring), 64, WRITE, 0);
                    makeAvailable(ring, 0);
                }),
                of("a readable descriptor behind a writable one", "writable", ring -> {
                    ring.rawDescriptor(0, buffer(ring), 64, WRITE | NEXT, 1);
                    ring.rawDescriptor(1, buffer(ring), 64, 0, 0);
                    makeAvailable(ring, 0);
                }));
    }

    @ParameterizedTest
    @MethodSource("transmitRings")
    void aBadTransmitRingStopsItsDeviceAlone(String inTheLine, Consumer<SplitDriver> act) {
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            FrontEndQueue queue = driver.transmitQueue(0);
            act.accept(queue.splitRing());
            queue.kick().signal();
            setting.backEnd().awaitLine("queue 1", inTheLine);
            assertThat(queue.splitRing().deviceUsedIdx()).as("used index").isZero();
            setting.othersGoOn();
        }
        setting.survived("queue 1", inTheLine);
    }

    @Test
    void anIndirectTableThatWasNotNegotiatedStopsItsDeviceAlone() {
        try (NetDriver driver = setting.attach(NetSetup.full().without(Feature.INDIRECT_DESC))) {
            FrontEndQueue queue = driver.transmitQueue(0);
            SplitDriver ring = queue.splitRing();
            long table = ring.memory().allocate(16, 16);
            ring.rawTableDescriptor(table, 0, driver.ram().guestAddress(), 64, 0, 0);
            ring.rawDescriptor(0, table, 16, INDIRECT, 0);
            makeAvailable(ring, 0);
            queue.kick().signal();
            setting.backEnd().awaitLine("queue 1", "INDIRECT_DESC");
        }
        setting.survived("queue 1", "INDIRECT_DESC");
    }

    @Test
    void aReadableReceiveBufferStopsTheReceiverAndNotTheSender() {
        try (NetDriver driver = setting.attach(NetSetup.full().receive(ChainShape.TOGETHER, 1518, 0))) {
            SplitDriver ring = driver.receiveQueue(0).splitRing();
            ring.rawDescriptor(0, buffer(ring), 1500, 0, 0);
            makeAvailable(ring, 0);
            setting.broadcast();
            setting.backEnd().awaitLine("queue 0", "readable");
            setting.othersGoOn();
        }
        setting.survived("queue 0", "readable");
    }

    @Test
    void aReceiveBufferWithoutRoomForTheHeaderStopsTheReceiverAndNotTheSender() {
        try (NetDriver driver = setting.attach(NetSetup.full().receive(ChainShape.TOGETHER, 1518, 0))) {
            SplitDriver ring = driver.receiveQueue(0).splitRing();
            ring.rawDescriptor(0, buffer(ring), 11, WRITE, 0);
            makeAvailable(ring, 0);
            setting.broadcast();
            setting.backEnd().awaitLine("queue 0", "11 bytes");
            setting.othersGoOn();
        }
        setting.survived("queue 0", "11 bytes");
    }

    @Test
    void aBadReceiveIndexStopsTheReceiverAndNotTheSender() {
        try (NetDriver driver = setting.attach(NetSetup.full().receive(ChainShape.TOGETHER, 1518, 0))) {
            driver.receiveQueue(0).splitRing().rawAvailIdx(300);
            setting.broadcast();
            setting.backEnd().awaitLine("queue 0", "jumped");
            setting.othersGoOn();
        }
        setting.survived("queue 0", "jumped");
    }

    @Test
    void aControlCommandWithoutAByteForTheAnswerStopsItsDeviceAlone() {
        NetSetup setup = NetSetup.full().with(Feature.CTRL_VQ);
        try (NetDriver driver = setting.attach(setup)) {
            FrontEndQueue queue = driver.controlQueue();
            queue.ring().begin();
            queue.ring().readable(driver.ram().guestAddress(), 3).offer();
            queue.publish();
            setting.backEnd().awaitLine("queue 2", "answer");
            setting.othersGoOn();
        }
        setting.survived("queue 2", "answer");
    }

    @Test
    void anEndlessControlCommandIsRefusedAndTheNextIsAnswered() {
        NetSetup setup = NetSetup.full().with(Feature.CTRL_VQ, Feature.CTRL_RX);
        try (NetDriver driver = setting.attach(setup)) {
            RingDriver ring = driver.controlQueue().ring();
            long ack = driver.ram().memory().allocate(1, 1);
            driver.ram().memory().put8(ack, 0xa5);
            ring.begin();
            for (int i = 0; i < 40; i++) {
                ring.readable(driver.ram().guestAddress(), (int) driver.ram().bytes());
            }
            ring.writable(ack, 1).offer();
            driver.controlQueue().publish();
            assertThat(driver.controlQueue().awaitUsed(FrontEnd.PATIENCE)).isTrue();
            assertThat(ring.collect()).isTrue();
            assertThat(driver.ram().memory().get8(ack)).isEqualTo(Control.ERR);
            assertThat(driver.control(Control.RX, Control.RX_PROMISC, (byte) 1)).isEqualTo(Control.OK);
            setting.othersGoOn();
        }
    }

    @Test
    void aStoppedDeviceSignalsItsErrorDescriptorAndServesAfterItsQueuesWereStopped() {
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            FrontEndQueue queue = driver.transmitQueue(0);
            makeAvailable(queue.splitRing(), 999);
            queue.kick().signal();
            setting.backEnd().awaitLine("queue 1", "999");
            assertThat(queue.err().drain()).isPositive();
            FrontEnd frontEnd = driver.frontEnd();
            for (FrontEndQueue each : driver.queues()) {
                frontEnd.getVringBase(each.index());
            }
            // What a driver does after a reset: empty rings, from the beginning.
            for (FrontEndQueue each : driver.queues()) {
                each.ring().reset(0);
                each.start(frontEnd, 0);
            }
            long buffer = driver.ram().memory().allocate(2048, 64);
            driver.receiveQueue(0).ring().begin();
            driver.receiveQueue(0).ring().writable(buffer, 2048).offer();
            driver.receiveQueue(0).publish();
            setting.reaches(driver);
        }
    }

    /** Descriptors, entries and indices that change at random while the device reads them. */
    @Test
    void ringsThatChangeWhileTheyAreReadDisturbNobody() {
        SplittableRandom random = new SplittableRandom(2);
        for (int round = 0; round < 30; round++) {
            try (NetDriver driver = setting.attach(NetSetup.full())) {
                FrontEndQueue queue = driver.transmitQueue(0);
                long base = driver.ram().guestAddress();
                for (int i = 0; i < 2000; i++) {
                    // Mostly what a device takes, so that it goes on for a while.
                    int flags = random.nextInt(50) == 0 ? random.nextInt(8) : random.nextInt(2);
                    long address = random.nextInt(50) == 0 ? random.nextLong() : base + random.nextInt(1 << 22);
                    queue.splitRing()
                            .rawDescriptor(
                                    random.nextInt(256), address, random.nextInt(2000), flags, random.nextInt(256));
                    queue.splitRing().rawAvailEntry(i, random.nextInt(256));
                    queue.splitRing().rawAvailIdx(i + (random.nextInt(500) == 0 ? 300 : 1));
                    queue.kick().signal();
                }
            }
        }
        setting.othersGoOnAfterwards();
        setting.leftNothing();
    }

    @Test
    void framesWithoutAWholeHeaderOrWithoutAddressesAreDroppedAndTheNextOneCrosses() {
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            FrontEndQueue queue = driver.transmitQueue(0);
            SplitDriver ring = queue.splitRing();
            long at = ring.memory().allocate(64, 64);
            for (int bytes = 1; bytes < 12 + 14; bytes++) {
                ring.begin();
                ring.readable(at, bytes).offer();
            }
            queue.publish();
            driver.awaitSent();
            setting.reaches(driver);
        }
    }

    @Test
    void headersThatLieAreDroppedAndTheNextFrameCrosses() {
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            byte[] frame = PacketBuilder.tcp4().macs(3, 255).payload(3000, 1).partial();
            DriverHeader[] lies = {
                DriverHeader.partialChecksum(3041, 16),
                DriverHeader.partialChecksum(0xffff, 0xffff),
                DriverHeader.partialChecksum(3053, 2),
                DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 0, 34, 16),
                DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 1000, 3060, 16),
                DriverHeader.superFrame(DriverHeader.GSO_TCPV6, 54, 1000, 34, 16),
                DriverHeader.superFrame(DriverHeader.GSO_UDP_L4, 54, 1000, 34, 6),
                DriverHeader.superFrame(2, 54, 1000, 34, 16),
                DriverHeader.superFrame(0x7f, 54, 1000, 34, 16),
                new DriverHeader(0, DriverHeader.GSO_TCPV4, 54, 1000, 34, 16, 0),
                new DriverHeader(0, DriverHeader.GSO_ECN, 54, 1000, 34, 16, 0),
            };
            for (DriverHeader lie : lies) {
                driver.send(frame, lie);
            }
            driver.awaitSent();
            setting.reaches(driver);
        }
    }
}
