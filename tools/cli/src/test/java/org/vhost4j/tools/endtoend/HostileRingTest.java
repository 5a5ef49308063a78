// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.vhost4j.device.driver.SplitDriver.INDIRECT;
import static org.vhost4j.device.driver.SplitDriver.WRITE;

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
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndQueue;
import org.vhost4j.frontend.HostileRing;
import org.vhost4j.frontend.HostileRings;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.sys.Await;

/** Tests that a ring that breaks a rule stops only its device, with one line that has the queue and the error. */
class HostileRingTest {
    @AutoClose
    private final HostileSetting setting = new HostileSetting();

    /** By the ring's name, what the line must say besides the queue's number. */
    private static final Map<String, String> LINES = Map.ofEntries(
            Map.entry("head-out-of-range", "256"),
            Map.entry("next-out-of-range", "257"),
            Map.entry("own-next", "loop"),
            Map.entry("loop", "loop"),
            Map.entry("loop-of-nothing", "loop"),
            Map.entry("address-outside", "0x10"),
            Map.entry("address-over-the-end", "descriptor 0"),
            Map.entry("address-wraps", "descriptor 0"),
            Map.entry("length-4-gib", "descriptor 0"),
            Map.entry("lengths-overflow", "descriptor"),
            Map.entry("index-jumps", "jumped"),
            Map.entry("index-goes-back", "jumped"),
            Map.entry("writable", "writable"),
            Map.entry("readable-behind-writable", "writable"),
            Map.entry("indirect-in-indirect", "indirect"),
            Map.entry("indirect-with-next", "indirect"),
            Map.entry("indirect-empty", "0 bytes"),
            Map.entry("indirect-part", "24 bytes"),
            Map.entry("indirect-4-gib", "indirect"),
            Map.entry("indirect-outside", "0x1000"),
            Map.entry("indirect-next-out-of-range", "continues at 9"),
            Map.entry("indirect-loop", "loop"));

    /** Their rings are in order; what is wrong is the frame, which is dropped. */
    private static final Set<String> DROPPED = Set.of("runt", "nothing", "huge-frame");

    private static void makeAvailable(SplitDriver ring, int head) {
        ring.rawAvailEntry(0, head);
        ring.rawAvailIdx(1);
    }

    /** A place in guest memory that nothing else uses. */
    private static long buffer(SplitDriver ring) {
        return ring.tableAddress(ring.size() - 1);
    }

    static Stream<HostileRing<SplitDriver>> brokenRings() {
        return HostileRings.split().stream().filter(ring -> !DROPPED.contains(ring.name()));
    }

    static Stream<HostileRing<SplitDriver>> badFrames() {
        return HostileRings.split().stream().filter(ring -> DROPPED.contains(ring.name()));
    }

    @Test
    void everyRingOfTheCatalogHasItsExpectation() {
        Set<String> expected = new TreeSet<>(LINES.keySet());
        expected.addAll(DROPPED);
        assertThat(HostileRings.split()).extracting(HostileRing::name).containsExactlyInAnyOrderElementsOf(expected);
    }

    @ParameterizedTest
    @MethodSource("brokenRings")
    void aBadTransmitRingStopsItsDeviceAlone(HostileRing<SplitDriver> bad) {
        String inTheLine = Objects.requireNonNull(LINES.get(bad.name()));
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            FrontEndQueue queue = driver.transmitQueue(0);
            bad.write().accept(queue.splitRing());
            queue.kick().signal();
            setting.backEnd().awaitLine("queue 1", inTheLine);
            assertThat(queue.splitRing().deviceUsedIdx()).as("used index").isZero();
            setting.othersContinue();
        }
        setting.survived("queue 1", inTheLine);
    }

    @ParameterizedTest
    @MethodSource("badFrames")
    void aBadFrameIsDroppedAndItsBufferUsed(HostileRing<SplitDriver> bad) {
        try (NetDriver driver = setting.attach(NetSetup.full())) {
            FrontEndQueue queue = driver.transmitQueue(0);
            bad.write().accept(queue.splitRing());
            queue.kick().signal();
            Await.until("the buffer is used", () -> queue.splitRing().deviceUsedIdx() == 1);
            setting.othersContinue();
        }
        setting.leftNothing();
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
            setting.othersContinue();
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
            setting.othersContinue();
        }
        setting.survived("queue 0", "11 bytes");
    }

    @Test
    void aBadReceiveIndexStopsTheReceiverAndNotTheSender() {
        try (NetDriver driver = setting.attach(NetSetup.full().receive(ChainShape.TOGETHER, 1518, 0))) {
            driver.receiveQueue(0).splitRing().rawAvailIdx(300);
            setting.broadcast();
            setting.backEnd().awaitLine("queue 0", "jumped");
            setting.othersContinue();
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
            setting.backEnd().awaitLine("queue 2", "response");
            setting.othersContinue();
        }
        setting.survived("queue 2", "response");
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
            setting.othersContinue();
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
    void ringsThatChangeWhileTheyAreReadDisturbNoOther() {
        SplittableRandom random = new SplittableRandom(2);
        for (int round = 0; round < 30; round++) {
            try (NetDriver driver = setting.attach(NetSetup.full())) {
                HostileRings.scribble(driver, random);
            }
        }
        setting.othersContinueAfterwards();
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
            byte[] frame = HostileRings.frame(PacketBuilder.tcp4().macs(3, 255));
            for (DriverHeader lie : HostileRings.headers()) {
                driver.send(frame, lie);
            }
            driver.awaitSent();
            setting.reaches(driver);
        }
    }
}
