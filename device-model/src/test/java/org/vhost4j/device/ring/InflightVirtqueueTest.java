// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;

/**
 * Tests the bytes that are written to the in-flight area, the recovery from them, and the rejection of invalid areas.
 */
class InflightVirtqueueTest {
    private static final long BASE = 0x1_0000_0000L;
    private static final int SIZE = 8;
    private static final int ENTRIES = 8;

    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 16, 4096);
    private final DriverMemory driverMemory = new DriverMemory(memory, BASE);
    private final GuestMemory table =
            GuestMemory.of(List.of(new GuestRegion(BASE, memory.byteSize(), 0x7000_0000L, memory)));
    private final MemorySegment area = Arena.ofAuto().allocate(RingLayout.PACKED.inflightBytes(ENTRIES), 64);
    private final InflightRegion region = new InflightRegion(area, ENTRIES);
    private final Chain chain = new Chain();

    private RingDriver driver(RingLayout layout) {
        driverMemory.rewind(BASE);
        area.fill((byte) 0);
        return layout == RingLayout.PACKED
                ? new PackedDriver(driverMemory, SIZE, RingDriver.Features.NONE, 0)
                : new SplitDriver(driverMemory, SIZE, RingDriver.Features.NONE, 0);
    }

    private Virtqueue open(RingLayout layout, RingDriver driver, boolean again) {
        RingParts parts = layout.parts(
                memory, SIZE, driver.descAddress() - BASE, driver.availAddress() - BASE, driver.usedAddress() - BASE);
        return region.open(layout, "queue 1", SIZE, parts, table, layout.startBase(), RingFeatures.NONE, again);
    }

    private static void offer(RingDriver driver, int... lengths) {
        for (int length : lengths) {
            driver.begin();
            for (int i = 0; i < length; i++) {
                driver.readable(BASE + i, 100 + i);
            }
            driver.offer();
        }
        driver.publish();
    }

    private List<Integer> pop(Virtqueue queue, int most) {
        List<Integer> ids = new ArrayList<>();
        while (ids.size() < most && queue.pop(chain)) {
            ids.add(chain.id);
        }
        return ids;
    }

    private static int collect(RingDriver driver) {
        int n = 0;
        while (driver.collect()) {
            n++;
        }
        return n;
    }

    private int u8(long at) {
        return area.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    private int u16(long at) {
        return area.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
    }

    private long u64(long at) {
        return area.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    }

    private void put16(long at, int value) {
        area.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) value);
    }

    private void put64(long at, long value) {
        area.set(ValueLayout.JAVA_LONG_UNALIGNED, at, value);
    }

    private static long split(int entry) {
        return 16 + 16L * entry;
    }

    private static long packed(int entry) {
        return 32 + 32L * entry;
    }

    private List<Integer> inFlight(RingLayout layout) {
        return IntStream.range(0, ENTRIES)
                .filter(i -> u8(layout == RingLayout.PACKED ? packed(i) : split(i)) != 0)
                .boxed()
                .toList();
    }

    @Test
    void whatASplitQueueWrites() {
        RingDriver driver = driver(RingLayout.SPLIT);
        Virtqueue queue = open(RingLayout.SPLIT, driver, true);
        assertThat(u64(0)).as("features").isZero();
        assertThat(u16(8)).as("version").isEqualTo(1);
        assertThat(u16(10)).as("desc_num").isEqualTo(ENTRIES);
        offer(driver, 2, 1, 1);
        List<Integer> ids = pop(queue, 3);
        assertThat(inFlight(RingLayout.SPLIT)).containsExactlyInAnyOrderElementsOf(ids);
        assertThat(ids).extracting(id -> u64(split(id) + 8)).containsExactly(0L, 1L, 2L);
        queue.addUsed(ids.get(0));
        queue.addUsed(ids.get(1));
        assertThat(inFlight(RingLayout.SPLIT)).as("not shown yet").hasSize(3);
        queue.publish();
        assertThat(inFlight(RingLayout.SPLIT)).containsExactly(ids.get(2));
        assertThat(u16(12)).as("last_batch_head").isEqualTo(ids.get(1));
        assertThat(u16(split(ids.get(1)) + 6)).as("next of it").isEqualTo(ids.get(0));
        assertThat(u16(14)).as("used_idx").isEqualTo(2);
        queue.unpop(1);
        assertThat(inFlight(RingLayout.SPLIT)).isEmpty();
        region.forget();
        assertThat(u16(8)).as("version").isZero();
    }

    @Test
    void whatAPackedQueueWrites() {
        RingDriver driver = driver(RingLayout.PACKED);
        Virtqueue queue = open(RingLayout.PACKED, driver, true);
        assertThat(u16(8)).as("version").isEqualTo(1);
        assertThat(u16(10)).as("desc_num").isEqualTo(ENTRIES);
        assertThat(u8(20)).as("used_wrap_counter").isEqualTo(1);
        offer(driver, 2, 1);
        List<Integer> ids = pop(queue, 2);
        assertThat(inFlight(RingLayout.PACKED)).containsExactly(0, 2);
        assertThat(u16(12)).as("free_head").isEqualTo(3);
        assertThat(u16(14)).as("old_free_head").isEqualTo(3);
        assertThat(u16(packed(0) + 2)).as("next").isEqualTo(1);
        assertThat(u16(packed(0) + 4)).as("last").isEqualTo(1);
        assertThat(u16(packed(0) + 6)).as("num").isEqualTo(2);
        assertThat(u64(packed(2) + 8)).as("counter").isEqualTo(1);
        assertThat(u16(packed(1) + 16)).as("id").isEqualTo(ids.get(0) & 0xffff);
        assertThat(u16(packed(0) + 18)).as("flags").isEqualTo(PackedDriver.AVAIL | RingDriver.NEXT);
        assertThat(area.get(ValueLayout.JAVA_INT, packed(1) + 20)).as("len").isEqualTo(101);
        assertThat(u64(packed(1) + 24)).as("addr").isEqualTo(BASE + 1);
        queue.addUsed(ids.get(0));
        assertThat(u16(12)).as("free_head before it is shown").isEqualTo(3);
        queue.publish();
        assertThat(inFlight(RingLayout.PACKED)).containsExactly(2);
        assertThat(u16(12)).as("free_head").isZero();
        assertThat(u16(14)).as("old_free_head").isZero();
        assertThat(u16(packed(1) + 2)).as("next of the last of it").isEqualTo(3);
        assertThat(u16(16)).as("used_idx").isEqualTo(2);
        assertThat(u16(18)).as("old_used_idx").isEqualTo(2);
        queue.unpop(1);
        assertThat(inFlight(RingLayout.PACKED)).isEmpty();
        assertThat(u16(12)).as("free_head").isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource
    void whatWasInFlightIsPoppedAgainInItsOrderOrReturnedUnwritten(RingLayout layout) {
        for (boolean again : new boolean[] {true, false}) {
            RingDriver driver = driver(layout);
            Virtqueue first = open(layout, driver, again);
            offer(driver, 1, 2, 1);
            List<Integer> ids = pop(first, 3);
            first.addUsed(ids.getFirst());
            first.publish();
            offer(driver, 1);
            Virtqueue second = open(layout, driver, again);
            if (again) {
                assertThat(second.hasAvailable()).isTrue();
                assertThat(second.pop(new Buffers(), 4, false))
                        .as("what was found goes first")
                        .isZero();
                assertThat(pop(second, 2)).isEqualTo(ids.subList(1, 3));
                second.unpop(1);
                assertThat(second.pop(chain)).isTrue();
                assertThat(chain.id).isEqualTo(ids.get(2));
                assertThat(chain.readableBytes).isEqualTo(100);
                second.addUsed(ids.get(1));
                second.addUsed(ids.get(2));
            }
            second.publish();
            assertThat(collect(driver)).isEqualTo(3);
            assertThat(pop(second, 2)).hasSize(1);
            second.addUsed(chain.id);
            second.publish();
            assertThat(collect(driver)).isOne();
            assertThat(second.base()).isEqualTo(driver.deviceBase());
            assertThat(inFlight(layout)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotPoppedAgainBeforeTheQueueStopsIsReturned(RingLayout layout) {
        RingDriver driver = driver(layout);
        offer(driver, 1, 2, 1);
        pop(open(layout, driver, true), 3);
        Virtqueue queue = open(layout, driver, true);
        pop(queue, 1);
        queue.unpop(1);
        queue.finish();
        queue.publish();
        assertThat(collect(driver)).isEqualTo(3);
        assertThat(driver.usedLength()).isZero();
        assertThat(queue.base()).isEqualTo(driver.deviceBase());
        assertThat(inFlight(layout)).isEmpty();
    }

    /**
     * A back-end that used chains out of order has died, so the ring alone does not determine which chains are in
     * flight.
     */
    @ParameterizedTest
    @EnumSource
    void chainsInFlightNeedNotBeTheLastOnes(RingLayout layout) {
        RingDriver driver = driver(layout);
        offer(driver, 1, 1, 1);
        List<Integer> ids = pop(open(layout, driver, true), 3);
        if (layout == RingLayout.SPLIT) {
            // The back-end has used the second chain.
            driverMemory.put32(driver.usedAddress() + 4, ids.get(1));
            driverMemory.put16(driver.usedAddress() + 2, 1);
            put16(12, ids.get(1));
        } else {
            driverMemory.put16(driver.descAddress() + 12, ids.get(1));
            driverMemory.put16(driver.descAddress() + 14, PackedDriver.AVAIL | PackedDriver.USED);
            put16(packed(1) + 2, u16(12));
            put16(12, 1);
            put16(16, 1);
        }
        offer(driver, 1);
        assertThat(collect(driver)).isOne();
        Virtqueue queue = open(layout, driver, true);
        assertThat(pop(queue, 2)).containsExactly(ids.get(0), ids.get(2));
        queue.addUsed(ids.get(0));
        queue.addUsed(ids.get(2));
        assertThat(pop(queue, 2)).hasSize(1);
        queue.addUsed(chain.id);
        queue.publish();
        assertThat(collect(driver)).isEqualTo(3);
    }

    /** The area is only written while a queue runs. */
    @ParameterizedTest
    @EnumSource
    void whatAFrontEndWritesInTheAreaHasNoEffectWhileTheQueueRuns(RingLayout layout) {
        RingDriver driver = driver(layout);
        Virtqueue queue = open(layout, driver, true);
        Random random = new Random(31);
        byte[] noise = new byte[(int) area.byteSize()];
        for (int i = 0; i < 200; i++) {
            random.nextBytes(noise);
            offer(driver, 1 + i % 3, 1);
            MemorySegment.copy(noise, 0, area, ValueLayout.JAVA_BYTE, 0, noise.length);
            List<Integer> ids = pop(queue, 2);
            assertThat(ids).hasSize(2);
            MemorySegment.copy(noise, 0, area, ValueLayout.JAVA_BYTE, 0, noise.length);
            ids.forEach(queue::addUsed);
            queue.publish();
            assertThat(collect(driver)).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    8   | 2      | has version 2, not 1
                    10  | 7      | has entries for 7 descriptors, not 8 as announced
                    2   | 1      | has unknown features 0x10000
                    16  | 2      | has descriptor 0 whose inflight is 2, not 0 or 1
                    14  | 30000  | has used index 30000; that of the ring is 1, more than its size 8 ahead
                    96  | 1      | has 6 chains in flight, but the driver has made 5 available after used index 1
                    56  | 4      | has several chains with the counter 4
                    """)
    void whatASplitRegionMustNotSay(int at, int value, String reason) {
        RingDriver driver = driver(RingLayout.SPLIT);
        Virtqueue queue = open(RingLayout.SPLIT, driver, true);
        offer(driver, 1, 1, 1, 1, 1, 1);
        List<Integer> ids = pop(queue, 6);
        queue.addUsed(ids.getFirst());
        queue.publish();
        // The chains are those of the descriptors from 0 on.
        assertThat(ids).containsExactly(0, 1, 2, 3, 4, 5);
        put64(split(0) + 8, 0);
        if (at == 96) {
            area.set(ValueLayout.JAVA_BYTE, split(6), (byte) 1);
            put64(split(6) + 8, 77);
        } else {
            put16(at, value);
        }
        assertThatThrownBy(() -> open(RingLayout.SPLIT, driver, true))
                .isInstanceOf(RingFault.class)
                .hasMessage("queue 1: the in-flight area " + reason);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    2 | 9 | has descriptor 9 of 8 in its list of used chains
                    1 | 1 | has a list of used chains with a loop at descriptor 1
                    1 | 3 | has a list of used chains with a loop at descriptor 3
                    """)
    void aListOfUsedChainsMustEnd(int entry, int next, String reason) {
        RingDriver driver = driver(RingLayout.SPLIT);
        Virtqueue queue = open(RingLayout.SPLIT, driver, true);
        offer(driver, 1, 1, 1, 1, 1, 1);
        List<Integer> ids = pop(queue, 6);
        for (int i = 0; i < 4; i++) {
            queue.addUsed(ids.get(i));
        }
        queue.publish();
        // As if the process had died before it cleared the entries. The list of used chains is 3, 2, 1, 0.
        put16(14, 0);
        put16(split(entry) + 6, next);
        assertThatThrownBy(() -> open(RingLayout.SPLIT, driver, true))
                .isInstanceOf(RingFault.class)
                .hasMessage("queue 1: the in-flight area " + reason);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    16  | 8     | has used_idx 8 in a ring of 8
                    18  | 800   | has old_used_idx 800 in a ring of 8
                    20  | 2     | has used_wrap_counter 2, not 0 or 1
                    20  | 0x301 | has old_used_wrap_counter 3, not 0 or 1
                    14  | 2     | has a list of free entries with a loop at entry 2
                    64  | 5     | has entry 1 whose inflight is 5, not 0 or 1
                    70  | 0     | has a chain of 0 descriptors at entry 1, where 8 are left of a ring of 8
                    70  | 9     | has a chain of 9 descriptors at entry 1, where 8 are left of a ring of 8
                    66  | 60000 | has a chain at entry 1 that leads to entry 60000, which is after the last
                    66  | 1     | has a chain at entry 1 that leads to entry 1, which is free or in another chain
                    66  | 6     | has a chain at entry 1 that leads to entry 6, which is free or in another chain
                    68  | 1     | has a chain at entry 1 that ends with entry 2, not 1
                    14  | 7     | has entry 0 neither in its list of free entries nor in a chain
                    """)
    void whatAPackedRegionMustNotSay(int at, String value, String reason) {
        RingDriver driver = driver(RingLayout.PACKED);
        Virtqueue queue = open(RingLayout.PACKED, driver, true);
        offer(driver, 1, 2, 1, 1);
        List<Integer> ids = pop(queue, 4);
        queue.addUsed(ids.getFirst());
        queue.publish();
        // Entries 0, 5, 6 and 7 are free; the chains in flight are 1 with 2, 3, and 4.
        if (at == 14 && value.equals("2")) {
            put16(packed(2) + 2, 2);
        }
        put16(at, Integer.decode(value));
        assertThatThrownBy(() -> open(RingLayout.PACKED, driver, true))
                .isInstanceOf(RingFault.class)
                .hasMessage("queue 1: the in-flight area " + reason);
    }

    /** For any contents, the queue is opened and stays within its ring, or the failure is reported in one line. */
    @ParameterizedTest
    @EnumSource
    void noContentsDoMoreThanOneLine(RingLayout layout) {
        Random random = new Random(16);
        int opened = 0;
        for (int i = 0; i < 20_000; i++) {
            RingDriver driver = driver(layout);
            Virtqueue queue = open(layout, driver, true);
            offer(driver, 1, 2, 1);
            List<Integer> ids = pop(queue, random.nextInt(4));
            for (int id : ids.subList(0, ids.isEmpty() ? 0 : random.nextInt(ids.size()))) {
                queue.addUsed(id);
            }
            queue.publish();
            for (int changes = random.nextInt(4); changes >= 0; changes--) {
                int at = 8 + random.nextInt((int) layout.inflightBytes(ENTRIES) - 8);
                int value = random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(SIZE + 1);
                area.set(ValueLayout.JAVA_BYTE, at, (byte) value);
            }
            try {
                Virtqueue then = open(layout, driver, random.nextBoolean());
                List<Integer> all = pop(then, SIZE);
                all.forEach(then::addUsed);
                then.publish();
                opened++;
            } catch (RingFault e) {
                assertThat(e.reason()).startsWith("queue 1: ").doesNotContain("\n");
            }
        }
        assertThat(opened).isBetween(2_000, 18_000);
    }

    @Test
    void aChainThatIsMadeAvailableWhileItIsInFlightIsAFault() {
        RingDriver driver = driver(RingLayout.SPLIT);
        Virtqueue queue = open(RingLayout.SPLIT, driver, true);
        offer(driver, 1, 1);
        pop(queue, 2);
        // The driver makes descriptor 0 available again.
        driverMemory.put16(driver.availAddress() + 4 + 4, 0);
        driverMemory.put16(driver.availAddress() + 2, 3);
        assertThat(queue.pop(new Buffers(), 4, false)).isZero();
        assertThatThrownBy(() -> queue.pop(chain))
                .hasMessage("queue 1: descriptor 0 is made available while it is in flight");
        queue.unpop(2);
        assertThat(queue.base()).isZero();
    }

    @Test
    void aRegionForFewerDescriptorsThanTheRingIsRefused() {
        RingDriver driver = driver(RingLayout.SPLIT);
        RingParts parts = RingLayout.SPLIT.parts(
                memory, SIZE, driver.descAddress() - BASE, driver.availAddress() - BASE, driver.usedAddress() - BASE);
        InflightRegion small = new InflightRegion(area, 4);
        assertThatThrownBy(
                        () -> small.open(RingLayout.SPLIT, "queue 1", SIZE, parts, table, 0, RingFeatures.NONE, true))
                .hasMessage("queue 1: the in-flight area has entries for 4 descriptors, less than the 8 of the ring");
    }
}
