// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.vhost4j.device.driver.PackedDriver.AVAIL;
import static org.vhost4j.device.driver.PackedDriver.USED;
import static org.vhost4j.device.driver.RingDriver.INDIRECT;
import static org.vhost4j.device.driver.RingDriver.NEXT;
import static org.vhost4j.device.driver.RingDriver.WRITE;

import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;

/** Packed rings that break a rule stop their device with one line that names the queue and what is wrong, and nothing else. */
class HostilePackedRingTest {
    private static final NetSetup PACKED = NetSetup.full().packed();

    @AutoClose
    private final HostileSetting setting = new HostileSetting();

    private static Arguments of(String name, String inTheLine, Consumer<PackedDriver> act) {
        return Arguments.argumentSet(name, inTheLine, act);
    }

    /** A place in guest memory that nothing else uses. */
    private static long buffer(PackedDriver ring) {
        return ring.tableAddress(ring.size() - 1);
    }

    static Stream<Arguments> transmitRings() {
        return Stream.of(
                of("a chain round the whole ring", "more descriptors than the 256", ring -> {
                    for (int i = ring.size() - 1; i >= 0; i--) {
                        ring.rawDescriptor(i, buffer(ring), 64, 0, NEXT | AVAIL);
                    }
                }),
                of("a chain of empty descriptors round the whole ring", "more descriptors than the 256", ring -> {
                    for (int i = ring.size() - 1; i >= 0; i--) {
                        ring.rawDescriptor(i, buffer(ring), 0, 0, NEXT | AVAIL);
                    }
                }),
                of(
                        "a chain that goes on where nothing is",
                        "goes on at 1",
                        ring -> ring.rawDescriptor(0, buffer(ring), 64, 0, NEXT | AVAIL)),
                of("an address that is not in memory", "0x10", ring -> ring.rawDescriptor(0, 0x10, 64, 0, AVAIL)),
                of("a buffer over the end of memory", "descriptor 0", ring -> {
                    long end = ring.memory().guestBase() + ring.memory().size();
                    ring.rawDescriptor(0, end - 10, 64, 0, AVAIL);
                }),
                of("address and length that wrap", "descriptor 0", ring -> ring.rawDescriptor(0, -16, 32, 0, AVAIL)),
                of(
                        "a length that is negative when it is signed",
                        "descriptor 0",
                        ring -> ring.rawDescriptor(0, buffer(ring), -1, 0, AVAIL)),
                of("lengths whose sum wraps", "descriptor", ring -> {
                    ring.rawDescriptor(2, buffer(ring), 64, 0, AVAIL);
                    for (int i = 1; i >= 0; i--) {
                        ring.rawDescriptor(i, ring.memory().guestBase(), 0x7fff_ffff, 0, NEXT | AVAIL);
                    }
                }),
                of("an indirect table with a next", "has a next one", ring -> {
                    ring.rawDescriptor(1, buffer(ring), 64, 0, AVAIL);
                    ring.rawDescriptor(0, ring.tableAddress(0), 16, 0, INDIRECT | NEXT | AVAIL);
                }),
                of("an indirect table behind a descriptor", "follows another one", ring -> {
                    ring.rawDescriptor(1, ring.tableAddress(0), 16, 0, INDIRECT | AVAIL);
                    ring.rawDescriptor(0, buffer(ring), 64, 0, NEXT | AVAIL);
                }),
                of(
                        "an indirect table without an entry",
                        "0 bytes",
                        ring -> ring.rawDescriptor(0, ring.tableAddress(0), 0, 0, INDIRECT | AVAIL)),
                of(
                        "an indirect table with a part of an entry",
                        "24 bytes",
                        ring -> ring.rawDescriptor(0, ring.tableAddress(0), 24, 0, INDIRECT | AVAIL)),
                of(
                        "an indirect table of 4 GiB",
                        "indirect",
                        ring -> ring.rawDescriptor(0, ring.tableAddress(0), -16, 0, INDIRECT | AVAIL)),
                of(
                        "an indirect table that is not in memory",
                        "0x1000",
                        ring -> ring.rawDescriptor(0, 0x1000, 16, 0, INDIRECT | AVAIL)),
                of("an indirect table that names what is not in memory", "indirect entry 0", ring -> {
                    ring.rawTableDescriptor(ring.tableAddress(0), 0, 0x2000, 64, 0, 0);
                    ring.rawDescriptor(0, ring.tableAddress(0), 16, 0, INDIRECT | AVAIL);
                }),
                of(
                        "a writable descriptor",
                        "writable",
                        ring -> ring.rawDescriptor(0, buffer(ring), 64, 0, WRITE | AVAIL)),
                of("a readable descriptor behind a writable one", "writable", ring -> {
                    ring.rawDescriptor(1, buffer(ring), 64, 0, AVAIL);
                    ring.rawDescriptor(0, buffer(ring), 64, 0, WRITE | NEXT | AVAIL);
                }));
    }

    @ParameterizedTest
    @MethodSource("transmitRings")
    void aBadTransmitRingStopsItsDeviceAlone(String inTheLine, Consumer<PackedDriver> act) {
        try (NetDriver driver = setting.attach(PACKED)) {
            FrontEndQueue queue = driver.transmitQueue(0);
            act.accept(queue.packedRing());
            queue.kick().signal();
            setting.backEnd().awaitLine("queue 1", inTheLine);
            setting.othersGoOn();
        }
        setting.survived("queue 1", inTheLine);
    }

    @Test
    void aReceiveBufferWithoutRoomForTheHeaderStopsTheReceiverAndNotTheSender() {
        try (NetDriver driver = setting.attach(PACKED.receive(ChainShape.TOGETHER, 1518, 0))) {
            PackedDriver ring = driver.receiveQueue(0).packedRing();
            ring.rawDescriptor(0, buffer(ring), 11, 0, WRITE | AVAIL);
            setting.broadcast();
            setting.backEnd().awaitLine("queue 0", "11 bytes");
            setting.othersGoOn();
        }
        setting.survived("queue 0", "11 bytes");
    }

    @Test
    void aStoppedDeviceSignalsItsErrorDescriptorAndServesAfterItsQueuesWereStopped() {
        try (NetDriver driver = setting.attach(PACKED)) {
            FrontEndQueue queue = driver.transmitQueue(0);
            queue.packedRing().rawDescriptor(0, 0x999, 64, 0, AVAIL);
            queue.kick().signal();
            setting.backEnd().awaitLine("queue 1", "0x999");
            assertThat(queue.err().drain()).isPositive();
            FrontEnd frontEnd = driver.frontEnd();
            for (FrontEndQueue each : driver.queues()) {
                frontEnd.getVringBase(each.index());
            }
            for (FrontEndQueue each : driver.queues()) {
                each.ring().reset(PackedDriver.START);
                each.start(frontEnd, PackedDriver.START);
            }
            long buffer = driver.ram().memory().allocate(2048, 64);
            driver.receiveQueue(0).ring().begin();
            driver.receiveQueue(0).ring().writable(buffer, 2048).offer();
            driver.receiveQueue(0).publish();
            setting.reaches(driver);
        }
    }

    /** Descriptors and flags that change at random while the device reads them. */
    @Test
    void ringsThatChangeWhileTheyAreReadDisturbNobody() {
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 20; round++) {
            try (NetDriver driver = setting.attach(PACKED.queues(1, 100))) {
                FrontEndQueue queue = driver.transmitQueue(0);
                long base = driver.ram().guestAddress();
                for (int i = 0; i < 2000; i++) {
                    int flags = random.nextInt(50) == 0 ? random.nextInt(8) : 0;
                    flags |= switch (random.nextInt(4)) {
                        case 0 -> USED;
                        case 1 -> 0;
                        default -> AVAIL;
                    };
                    long address = random.nextInt(50) == 0 ? random.nextLong() : base + random.nextInt(1 << 22);
                    queue.packedRing()
                            .rawDescriptor(
                                    random.nextInt(100), address, random.nextInt(2000), random.nextInt(65536), flags);
                    queue.packedRing().rawDriverEvent(random.nextInt(65536), random.nextInt(65536));
                    queue.kick().signal();
                }
            }
        }
        setting.othersGoOnAfterwards();
        setting.leftNothing();
    }
}
