// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;

/**
 * Tests that saved positions of a queue are used if they are consistent with its ring, and then have precedence over
 * the front-end's base.
 */
class ReopenedRingTest {
    private static final long BASE = 0x1_0000_0000L;
    private static final int SIZE = 8;
    private static final long RING = 77;

    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 16, 4096);
    private final DriverMemory driverMemory = new DriverMemory(memory, BASE);
    private final GuestMemory table =
            GuestMemory.of(List.of(new GuestRegion(BASE, memory.byteSize(), 0x7000_0000L, memory)));
    private final MemorySegment slot = Arena.ofAuto().allocate(QueueProgress.BYTES, 64);
    private final QueueProgress progress = new QueueProgress(slot);
    private final List<String> lines = new ArrayList<>();
    private final Chain chain = new Chain();

    private RingDriver driver(RingLayout layout) {
        return layout == RingLayout.PACKED
                ? new PackedDriver(driverMemory, SIZE, RingDriver.Features.NONE, 0)
                : new SplitDriver(driverMemory, SIZE, RingDriver.Features.NONE, 0);
    }

    private Virtqueue reopen(RingLayout layout, RingDriver driver, int base, long ring) {
        RingParts parts = layout.parts(
                memory, SIZE, driver.descAddress() - BASE, driver.availAddress() - BASE, driver.usedAddress() - BASE);
        return layout.reopen("queue 1", SIZE, parts, table, base, RingFeatures.NONE, progress, ring, lines::add);
    }

    private static void offer(RingDriver driver, int chains) {
        for (int i = 0; i < chains; i++) {
            driver.begin();
            driver.readable(BASE, 100).offer();
        }
        driver.publish();
    }

    private void use(Virtqueue queue, int chains) {
        for (int i = 0; i < chains; i++) {
            assertThat(queue.pop(chain)).isTrue();
            queue.recordTaken();
            queue.addUsed(chain.id);
        }
        queue.publish();
    }

    private static int collect(RingDriver driver) {
        int n = 0;
        while (driver.collect()) {
            n++;
        }
        return n;
    }

    @ParameterizedTest
    @EnumSource
    void aQueueContinuesWhereItWasWhateverTheFrontEndSays(RingLayout layout) {
        RingDriver driver = driver(layout);
        Virtqueue first = reopen(layout, driver, layout.startBase(), RING);
        for (int i = 0; i < 5; i++) {
            offer(driver, 3);
            use(first, 3);
            collect(driver);
        }
        offer(driver, 4);
        assertThat(first.pop(chain)).isTrue();
        first.recordTaken();
        assertThat(first.pop(chain)).isTrue();
        Virtqueue second = reopen(layout, driver, layout.startBase(), RING);
        assertThat(collect(driver)).as("taken before").isOne();
        use(second, 3);
        assertThat(collect(driver)).isEqualTo(3);
        assertThat(second.base()).isEqualTo(driver.deviceBase());
        assertThat(lines).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aRingInOtherMemoryOrOneThatWasGivenUpBeginsWhereTheFrontEndSays(RingLayout layout) {
        RingDriver driver = driver(layout);
        use(opened(layout, driver, 5), 5);
        collect(driver);
        driver.reset(layout.startBase());
        offer(driver, 6);
        use(reopen(layout, driver, layout.startBase(), RING + 1), 6);
        assertThat(collect(driver)).isEqualTo(6);
        progress.forget();
        driver.reset(layout.startBase());
        offer(driver, 6);
        use(reopen(layout, driver, layout.startBase(), RING + 1), 6);
        assertThat(collect(driver)).isEqualTo(6);
        assertThat(lines).isEmpty();
    }

    private Virtqueue opened(RingLayout layout, RingDriver driver, int offered) {
        Virtqueue queue = reopen(layout, driver, layout.startBase(), RING);
        offer(driver, offered);
        return queue;
    }

    /** The guest was reset while no back-end ran, and uses the same memory again. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 5})
    void aPackedRingThatBeganAgainContradictsWhatWasKept(int atOnce) {
        for (int bursts = 1; bursts < 4 * SIZE; bursts++) {
            lines.clear();
            progress.forget();
            driverMemory.rewind(BASE);
            PackedDriver driver = new PackedDriver(driverMemory, SIZE, RingDriver.Features.NONE, 0);
            Virtqueue queue = opened(RingLayout.PACKED, driver, 0);
            for (int i = 0; i < bursts; i++) {
                offer(driver, atOnce);
                use(queue, atOnce);
                collect(driver);
            }
            driver.reset(PackedDriver.START);
            offer(driver, SIZE);
            Virtqueue then = reopen(RingLayout.PACKED, driver, PackedDriver.START, RING);
            use(then, SIZE);
            assertThat(collect(driver)).as("after %d bursts", bursts).isEqualTo(SIZE);
            // After two laps a ring is at its initial position again.
            boolean same = bursts * atOnce % (2 * SIZE) == 0;
            assertThat(lines).as("after %d bursts", bursts).hasSize(same ? 0 : 1);
        }
    }

    /** The memory with the saved positions may have any contents. */
    @ParameterizedTest
    @EnumSource
    void noContentsDoMoreThanGiveChainsBack(RingLayout layout) {
        Random random = new Random(16);
        for (int i = 0; i < 3000; i++) {
            RingDriver driver = driver(layout);
            driverMemory.rewind(BASE);
            progress.forget();
            Virtqueue queue = opened(layout, driver, random.nextInt(SIZE));
            while (random.nextInt(3) != 0 && queue.pop(chain)) {
                queue.addUsed(chain.id);
                queue.publish();
            }
            for (int at = 4; at < 16; at += 4) {
                int value = random.nextInt(4) == 0
                        ? random.nextInt()
                        : random.nextInt(SIZE) * 0x10001 ^ random.nextInt(4) << 15;
                slot.set(ValueLayout.JAVA_INT, at, value);
            }
            Virtqueue then = reopen(layout, driver, layout.startBase(), RING);
            assertThat(driver.freeDescriptors()).isBetween(0, SIZE);
            then.hasAvailable();
        }
    }
}
