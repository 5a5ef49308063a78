// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.vhost4j.device.driver.PackedDriver.AVAIL;
import static org.vhost4j.device.driver.PackedDriver.USED;
import static org.vhost4j.device.driver.RingDriver.WRITE;

import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.HostileRing;
import org.vhost4j.frontend.HostileRings;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.sys.Await;

/**
 * Tests that a packed ring that breaks a rule stops only its device, with one line that has the queue and the error.
 */
class HostilePackedRingTest {
    private static final NetSetup PACKED = NetSetup.full().packed();

    @AutoClose
    private final HostileSetting setting = new HostileSetting();

    /** By the ring's name, what the line must say besides the queue's number. */
    private static final Map<String, String> LINES = Map.ofEntries(
            Map.entry("endless-chain", "more descriptors than the 256"),
            Map.entry("endless-chain-of-nothing", "more descriptors than the 256"),
            Map.entry("chain-without-end", "continues at 1"),
            Map.entry("address-outside", "0x10"),
            Map.entry("address-over-the-end", "descriptor 0"),
            Map.entry("address-wraps", "descriptor 0"),
            Map.entry("length-4-gib", "descriptor 0"),
            Map.entry("lengths-overflow", "descriptor"),
            Map.entry("writable", "writable"),
            Map.entry("readable-behind-writable", "writable"),
            Map.entry("indirect-with-next", "has NEXT set"),
            Map.entry("indirect-in-chain", "follows another descriptor"),
            Map.entry("indirect-empty", "0 bytes"),
            Map.entry("indirect-part", "24 bytes"),
            Map.entry("indirect-4-gib", "indirect"),
            Map.entry("indirect-outside", "0x1000"),
            Map.entry("indirect-entry-outside", "indirect entry 0"));

    /** The device gives an id back as it came and uses it for nothing else; the frame is too short to matter. */
    private static final Set<String> TAKEN = Set.of("id-out-of-range");

    /** A place in guest memory that nothing else uses. */
    private static long buffer(PackedDriver ring) {
        return ring.tableAddress(ring.size() - 1);
    }

    static Stream<HostileRing<PackedDriver>> brokenRings() {
        return HostileRings.packed().stream().filter(ring -> !TAKEN.contains(ring.name()));
    }

    static Stream<HostileRing<PackedDriver>> takenRings() {
        return HostileRings.packed().stream().filter(ring -> TAKEN.contains(ring.name()));
    }

    @Test
    void everyRingOfTheCatalogHasItsExpectation() {
        Set<String> expected = new TreeSet<>(LINES.keySet());
        expected.addAll(TAKEN);
        assertThat(HostileRings.packed()).extracting(HostileRing::name).containsExactlyInAnyOrderElementsOf(expected);
    }

    @ParameterizedTest
    @MethodSource("brokenRings")
    void aBadTransmitRingStopsItsDeviceAlone(HostileRing<PackedDriver> bad) {
        String inTheLine = Objects.requireNonNull(LINES.get(bad.name()));
        try (NetDriver driver = setting.attach(PACKED)) {
            FrontEndQueue queue = driver.transmitQueue(0);
            bad.write().accept(queue.packedRing());
            queue.kick().signal();
            setting.backEnd().awaitLine("queue 1", inTheLine);
            setting.othersContinue();
        }
        setting.survived("queue 1", inTheLine);
    }

    @ParameterizedTest
    @MethodSource("takenRings")
    void anOddRingIsTakenAndItsBufferUsed(HostileRing<PackedDriver> odd) {
        try (NetDriver driver = setting.attach(PACKED)) {
            FrontEndQueue queue = driver.transmitQueue(0);
            odd.write().accept(queue.packedRing());
            queue.kick().signal();
            Await.until("the buffer is used", () -> firstIsUsed(queue.packedRing()));
            setting.othersContinue();
        }
        setting.leftNothing();
    }

    /** The driver's code does not know of the buffer: the flag is looked at itself (virtio 1.4 section 2.8.1). */
    private static boolean firstIsUsed(PackedDriver ring) {
        return (ring.memory().get8(ring.descAddress() + 15) << 8 & USED) != 0;
    }

    @Test
    void aReceiveBufferWithoutRoomForTheHeaderStopsTheReceiverAndNotTheSender() {
        try (NetDriver driver = setting.attach(PACKED.receive(ChainShape.TOGETHER, 1518, 0))) {
            PackedDriver ring = driver.receiveQueue(0).packedRing();
            ring.rawDescriptor(0, buffer(ring), 11, 0, WRITE | AVAIL);
            setting.broadcast();
            setting.backEnd().awaitLine("queue 0", "11 bytes");
            setting.othersContinue();
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
    void ringsThatChangeWhileTheyAreReadDisturbNoOther() {
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
        setting.othersContinueAfterwards();
        setting.leftNothing();
    }
}
