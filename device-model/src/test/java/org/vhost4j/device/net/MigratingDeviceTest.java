// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.Budget;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.NullSink;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.memory.MigratedMemory;
import org.vhost4j.device.offload.OffloadCounter;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.RingParts;
import org.vhost4j.device.stats.Counter;

/**
 * Tests that every write of a device is marked in the dirty log after the write: a copy of guest memory by the log
 * equals guest memory.
 */
@ParameterizedClass
@CsvSource({
    "false, false, false, false",
    "false, false, true, false",
    "false, true, true, true",
    "false, false, false, true",
    "true, false, false, false",
    "true, false, true, false",
    "true, true, true, true",
    "true, true, false, true"
})
class MigratingDeviceTest {
    private static final int ROUNDS = 24;
    private static final DriverHeader PARTIAL = DriverHeader.partialChecksum(34, 16);
    private static final DriverHeader SUPER_FRAME = DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 1000, 34, 16);

    private final boolean packed;
    private final boolean inOrder;
    private final boolean mergeable;
    private final boolean superFrames;
    private final OffloadEngine engine = new OffloadEngine();
    private final Bridge bridge;
    private final TestGuest a;
    private final TestGuest b;
    private MigratedMemory copyOfA;
    private MigratedMemory copyOfB;

    /**
     * With {@code superFrames} the receiver accepts super-frames, and frames are coalesced; otherwise super-frames are
     * segmented.
     */
    MigratingDeviceTest(boolean packed, boolean inOrder, boolean mergeable, boolean superFrames) {
        this.packed = packed;
        this.inOrder = inOrder;
        this.mergeable = mergeable;
        this.superFrames = superFrames;
        bridge = new Bridge(engine, superFrames);
        a = guest("a");
        b = guest("b");
        copyOfA = a.migrate();
        copyOfB = b.migrate();
    }

    private TestGuest guest(String name) {
        List<Feature> features = new ArrayList<>(List.of(Feature.CSUM, Feature.HOST_TSO4));
        if (inOrder) {
            features.add(Feature.IN_ORDER);
        }
        if (mergeable) {
            features.add(Feature.MRG_RXBUF);
        }
        if (superFrames) {
            features.addAll(List.of(Feature.GUEST_CSUM, Feature.GUEST_TSO4));
        }
        TestGuest guest =
                new TestGuest(name, packed, bridge, engine, new ManualClock(), features.toArray(Feature[]::new));
        bridge.add(guest.device);
        return guest;
    }

    /** Copies all memory, because only guests have written since the last check. */
    private void guestsRan() {
        a.transmit.publish();
        copyOfA.copyAll();
        copyOfB.copyAll();
    }

    private void nothingIsLost(String after) {
        assertThat(copyOfA.lost()).as("lost of a after " + after).isEqualTo(-1);
        assertThat(copyOfB.lost()).as("lost of b after " + after).isEqualTo(-1);
    }

    private void post(SplittableRandom random) {
        int room = mergeable ? 200 + random.nextInt(3000) : superFrames ? 5000 : 1700 + random.nextInt(500);
        b.post(2 + random.nextInt(8), room);
    }

    private int offer(SplittableRandom random, int serial) {
        boolean apart = random.nextInt(3) == 0;
        switch (random.nextInt(4)) {
            case 0 -> a.offer(DriverHeader.PLAIN, TcpFrames.segment(1, 2, serial, 10 + random.nextInt(1300)), apart);
            case 1 -> a.offer(PARTIAL, TcpFrames.segment(1, 2, serial, 900), apart);
            case 2 -> a.offer(SUPER_FRAME, TcpFrames.segment(1, 2, serial, 4000), apart);
            default -> {
                for (int i = 0; i < 4; i++) {
                    a.offer(DriverHeader.PLAIN, TcpFrames.segment(1, 2, serial + i, 1000), apart);
                }
                return 4;
            }
        }
        return 1;
    }

    @Test
    void framesOfEveryKind() {
        SplittableRandom random = new SplittableRandom(7);
        int serial = 0;
        for (int round = 0; round < ROUNDS; round++) {
            post(random);
            for (int i = random.nextInt(6); i >= 0; i--) {
                serial += offer(random, serial);
            }
            guestsRan();
            a.turn();
            nothingIsLost("frames of round " + round);
            a.device.arm();
            b.device.arm();
            nothingIsLost("asking for notifications");
            a.device.disarm();
            b.device.disarm();
            nothingIsLost("asking for none");
            b.received();
            a.sent();
        }
        assertThat(b.device.counters().get(Counter.RX_FRAMES)).isGreaterThan(ROUNDS);
        assertThat(engine.counters().get(superFrames ? OffloadCounter.COALESCED : OffloadCounter.CSUM_COMPLETED))
                .isPositive();
        assertThat(copyOfB.marks()).isGreaterThan(ROUNDS);
        assertThat(copyOfA.marks()).isGreaterThan(ROUNDS);
    }

    @Test
    void aMigrationBeginsAndEndsWhileFramesWait() {
        SplittableRandom random = new SplittableRandom(8);
        int serial = 0;
        for (int round = 0; round < ROUNDS; round++) {
            b.post(3, mergeable ? 700 : 5000);
            for (int i = 0; i < 4; i++) {
                serial += offer(random, serial);
            }
            a.transmit.publish();
            a.turn();
            a.stopLogging();
            b.stopLogging();
            a.turn();
            copyOfA = a.migrate();
            copyOfB = b.migrate();
            a.turn();
            nothingIsLost("the beginning in round " + round);
            b.received();
            a.sent();
        }
        assertThat(b.device.counters().get(Counter.RX_FRAMES)).isGreaterThan(ROUNDS);
    }

    @Test
    void whoReadsTheLogIsToldOnceForABurst() {
        int[] told = new int[2];
        a.device.control().onLogWritten(() -> told[0]++);
        b.device.control().onLogWritten(() -> {
            assertThat(copyOfB.marks()).as("marked before it is said").isPositive();
            told[1]++;
        });
        for (int round = 1; round <= 3; round++) {
            b.post(40, 5000);
            for (int i = 0; i < 5; i++) {
                a.offer(DriverHeader.PLAIN, TcpFrames.segment(1, 2, 10 * round + i, 1000), false);
            }
            guestsRan();
            a.turn();
            assertThat(told).as("after burst " + round).containsExactly(round, round);
            a.turn();
            assertThat(told).as("without a burst").containsExactly(round, round);
            assertThat(b.received()).isNotEmpty();
            assertThat(a.sent()).isEqualTo(5);
        }
        a.device.control().onLogWritten(GuestNotifier.NONE);
        a.offer(DriverHeader.PLAIN, TcpFrames.segment(1, 2, 90, 1000), false);
        a.turn();
        assertThat(told).containsExactly(3, 4);
    }

    /** Fills reserved buffers with new contents. */
    private static void fill(Frame landing, int bytes, int value) {
        int left = bytes;
        for (int i = 0; left > 0; i++) {
            for (int j = 0; j < landing.length[i] && left > 0; j++, left--) {
                HostMemory.putByte(landing.address[i] + j, value);
            }
        }
    }

    @Test
    void whatLandsWithoutACopyAndWhatIsReturnedAfterwards() {
        Frame landing = new Frame();
        b.post(60, 2100);
        guestsRan();
        for (int round = 1; round <= 20; round++) {
            assertThat(b.device.reserve(landing, 1500)).isTrue();
            fill(landing, 1200, round);
            switch (round % 3) {
                case 0 -> {
                    landing.header(new Frame());
                    b.device.commit(landing, 1200);
                    b.device.flush();
                }
                case 1 -> b.device.discard(landing);
                default -> {
                    // The landing is never committed, because a fault came first.
                    assertThat(b.device.poll()).isZero();
                }
            }
            nothingIsLost("landing " + round);
        }
        assertThat(b.received()).hasSize(6);
    }

    @Test
    void nothingIsUnmarkedWhenAQueueHasStopped() {
        b.post(20, 1700);
        byte[] bytes = TcpFrames.segment(1, 2, 0, 600);
        DriverMemory elsewhere = new DriverMemory(Arena.ofAuto().allocate(4096, 4096), 0);
        elsewhere.write(0, bytes, 0, bytes.length);
        Frame frame = new Frame();
        assertThat(frame.add(elsewhere.segment().address(), bytes.length)).isTrue();
        frame.bytes = bytes.length;
        guestsRan();
        assertThat(b.device.deliver(frame)).isEqualTo(FramePort.DELIVERED);
        assertThat(copyOfB.lost()).as("before it is published").isNotEqualTo(-1);
        b.device.control().stop(0);
        nothingIsLost("the stop");
        assertThat(b.received()).hasSize(1);
    }

    /** Tests the responses of a control queue, each of one byte or more, in the last bytes of a page. */
    @Test
    void answersOfCommands() {
        int size = 64;
        DriverMemory memory = new DriverMemory(Arena.ofAuto().allocate(1 << 20, 4096), 0);
        RingDriver driver = packed
                ? new PackedDriver(memory, size, RingDriver.Features.NONE, 0)
                : new SplitDriver(memory, size, RingDriver.Features.NONE, 0);
        Budget budget = new Budget(64, 1 << 16, 50_000, () -> 0);
        NetDevice device = new NetDevice(
                new NetDeviceConfig("guest", 0x020000000001L, 1, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
                new NullSink(),
                new OffloadEngine(),
                () -> {},
                DeviceOwner.NONE,
                budget);
        FeatureSet features = FeatureSet.of(Feature.VERSION_1, Feature.CTRL_VQ, Feature.CTRL_RX);
        device.control().features(features);
        RingLayout layout = packed ? RingLayout.PACKED : RingLayout.SPLIT;
        RingParts parts =
                layout.parts(memory.segment(), size, driver.descAddress(), driver.availAddress(), driver.usedAddress());
        GuestMemory table = GuestMemory.of(List.of(new GuestRegion(0, memory.size(), 0, memory.segment())));
        device.control()
                .start(
                        2,
                        layout.open("control", size, parts, table, layout.startBase(), RingFeatures.of(features)),
                        GuestNotifier.NONE,
                        true,
                        true);
        MigratedMemory copy = new MigratedMemory(table, memory.size());
        device.control().log(2, new QueueLog(copy, table, driver.usedAddress()), reason -> {
            throw new AssertionError(reason);
        });
        for (int i = 0; i < 20; i++) {
            long at = memory.allocate(2 * DirtyLog.PAGE, DirtyLog.PAGE) + DirtyLog.PAGE - 4;
            memory.write(at + 3, new byte[] {(byte) 0xff, (byte) 0xff}, 0, 2);
            driver.begin();
            assertThat(driver.readable(at, 3)
                            .writable(at + 3, 1)
                            .writable(at + 4, 1)
                            .offer())
                    .isNotEqualTo(RingDriver.NO_ROOM);
            driver.publish();
            copy.copyAll();
            budget.begin();
            assertThat(device.poll()).isPositive();
            assertThat(memory.read(at + 3, 1)[0]).isZero();
            assertThat(copy.lost()).as("after command " + i).isEqualTo(-1);
            assertThat(driver.collect()).isTrue();
        }
    }
}
