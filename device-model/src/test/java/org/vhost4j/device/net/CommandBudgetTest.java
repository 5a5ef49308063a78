// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.Budget;
import org.vhost4j.device.bridge.NullSink;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.RingParts;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.device.stats.Counter;

/** Tests two guests of one lane that fill their control queues; the clock advances only when it is read. */
class CommandBudgetTest {
    private static final int SIZE = 64;
    private static final int BYTES = 1 << 16;

    private long now;
    private long step;
    private final Budget budget = new Budget(8, 1_000, 100, () -> now += step);

    /** A device with only a control queue, which the guest has filled. */
    private final class Guest {
        private final DriverMemory memory = new DriverMemory(Arena.ofAuto().allocate(BYTES, 4096), 0);
        private final RingDriver driver = new SplitDriver(memory, SIZE, RingDriver.Features.NONE, 0);
        private final NetDevice device = new NetDevice(
                new NetDeviceConfig("guest", 0x020000000001L, 1, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
                new NullSink(),
                new OffloadEngine(),
                () -> {},
                DeviceOwner.NONE,
                budget);

        /**
         * Makes commands available that set the receive mode, padded to a length, each with a byte for the response.
         */
        Guest(int commands, int length) {
            FeatureSet features = FeatureSet.of(Feature.VERSION_1, Feature.CTRL_VQ, Feature.CTRL_RX);
            device.control().features(features);
            RingParts parts = RingLayout.SPLIT.parts(
                    memory.segment(), SIZE, driver.descAddress(), driver.availAddress(), driver.usedAddress());
            GuestMemory table = GuestMemory.of(List.of(new GuestRegion(0, BYTES, 0, memory.segment())));
            Virtqueue queue = RingLayout.SPLIT.open("control", SIZE, parts, table, 0, RingFeatures.of(features));
            device.control().start(2, queue, GuestNotifier.NONE, true, true);
            for (int i = 0; i < commands; i++) {
                long at = memory.allocate(length + 1, 16);
                driver.begin();
                assertThat(driver.readable(at, length).writable(at + length, 1).offer())
                        .isNotEqualTo(RingDriver.NO_ROOM);
            }
            driver.publish();
        }

        /** Polls the device once; returns the number of commands that it executed. */
        int poll() {
            long before = carriedOut();
            int work = device.poll();
            int done = (int) (carriedOut() - before);
            // Pending work keeps the lane awake.
            assertThat(work).isGreaterThanOrEqualTo(done);
            return done;
        }

        long carriedOut() {
            return device.counters().get(Counter.CONTROL_OK) + device.counters().get(Counter.CONTROL_REFUSED);
        }
    }

    private int turn(Guest guest) {
        budget.begin();
        return guest.poll();
    }

    @Test
    void aTurnCarriesOutSoManyCommands() {
        Guest guest = new Guest(20, 3);
        assertThat(turn(guest)).isEqualTo(8);
        assertThat(turn(guest)).isEqualTo(8);
        assertThat(turn(guest)).as("the rest").isEqualTo(4);
        assertThat(turn(guest)).isZero();
        assertThat(guest.device.counters().get(Counter.CONTROL_OK)).isEqualTo(20);
    }

    @Test
    void aTurnEndsAfterSoManyBytes() {
        Guest guest = new Guest(20, 399);
        assertThat(turn(guest)).as("400 bytes each with the answer").isEqualTo(3);
    }

    @Test
    void aTurnEndsAfterSoMuchTime() {
        step = 25;
        Guest guest = new Guest(20, 3);
        assertThat(turn(guest)).isEqualTo(4);
    }

    @Test
    void aCommandThatTakesLongerThanATurnIsCarriedOutAllTheSame() {
        step = 1_000_000;
        Guest guest = new Guest(3, 3);
        for (int i = 0; i < 3; i++) {
            assertThat(turn(guest)).isEqualTo(1);
        }
        assertThat(turn(guest)).isZero();
    }

    @Test
    void devicesOfALaneShareTheBudgetAndWhatIsLeftIsWork() {
        Guest first = new Guest(20, 3);
        Guest second = new Guest(20, 3);
        budget.begin();
        assertThat(first.poll()).isEqualTo(8);
        assertThat(second.poll()).isZero();
        assertThat(second.device.poll()).as("the lane must not sleep").isPositive();
        budget.begin();
        assertThat(second.poll()).isEqualTo(8);
    }
}
