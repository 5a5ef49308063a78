// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.vhost4j.device.driver.PackedDriver.AVAIL;
import static org.vhost4j.device.driver.PackedDriver.START;
import static org.vhost4j.device.driver.PackedDriver.USED;
import static org.vhost4j.device.driver.RingDriver.INDIRECT;
import static org.vhost4j.device.driver.RingDriver.NEXT;
import static org.vhost4j.device.driver.RingDriver.WRITE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;

/** Tests single rules of the packed format, and rings that break them. {@link RingInterleavingTest} tests the rest. */
class PackedVirtqueueTest {
    private static final long BASE = 0x1_0000_0000L;
    private static final int SIZE = 7;
    /** Mask of the AVAIL and USED flags. */
    private static final int MARKS = AVAIL | USED;

    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 20, 4096);
    private final DriverMemory driverMemory = new DriverMemory(memory, BASE);
    private final GuestMemory table =
            GuestMemory.of(List.of(new GuestRegion(BASE, memory.byteSize(), 0x7000_0000L, memory)));
    private final Chain chain = new Chain();

    private PackedDriver driver(RingDriver.Features features) {
        return new PackedDriver(driverMemory, SIZE, features, 4);
    }

    private Virtqueue device(PackedDriver driver, int base, Feature... features) {
        return device(driver, base, RingFeatures.of(features));
    }

    private Virtqueue device(PackedDriver driver, int base, RingFeatures features) {
        RingParts parts = RingLayout.PACKED.parts(
                memory, SIZE, driver.descAddress() - BASE, driver.availAddress() - BASE, driver.usedAddress() - BASE);
        return RingLayout.PACKED.open("queue 0", SIZE, parts, table, base, features);
    }

    private MemorySegment at(long guestAddress, long bytes) {
        return memory.asSlice(guestAddress - BASE, bytes);
    }

    private int flags(PackedDriver driver, int index) {
        return driverMemory.get16(driver.descAddress() + 16L * index + 14);
    }

    /**
     * The flags of a burst's first used descriptor, which are written last, make the burst visible to the driver
     * (2.8.14).
     */
    @Test
    void theFirstUsedDescriptorOfABurstIsMarkedLast() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        Virtqueue device = device(driver, START);
        for (int i = 0; i < 3; i++) {
            driver.begin();
            driver.writable(BASE, 100).offer();
        }
        driver.publish();
        int[] ids = new int[3];
        for (int i = 0; i < 3; i++) {
            assertThat(device.pop(chain)).isTrue();
            ids[i] = chain.id;
        }
        for (int id : ids) {
            device.addUsed(id, 50);
        }
        assertThat(flags(driver, 0) & MARKS).isEqualTo(AVAIL);
        assertThat(flags(driver, 1) & MARKS).isEqualTo(AVAIL | USED);
        assertThat(driver.hasUsed()).isFalse();
        device.publish();
        for (int i = 0; i < 3; i++) {
            assertThat(driver.collect()).isTrue();
            assertThat(driver.usedLength()).isEqualTo(50);
        }
        assertThat(flags(driver, 0)).isEqualTo(AVAIL | USED | WRITE);
    }

    @Test
    void inOrderOneDescriptorStandsForABatchOfReadableChains() {
        PackedDriver driver = driver(new RingDriver.Features(false, true));
        Virtqueue device = device(driver, START, Feature.IN_ORDER);
        for (int i = 0; i < 3; i++) {
            driver.begin();
            driver.readable(BASE, 100);
            driver.readable(BASE, 100).offer();
        }
        driver.publish();
        for (int i = 0; i < 3; i++) {
            assertThat(device.pop(chain)).isTrue();
            device.addUsed(chain.id);
        }
        device.publish();
        assertThat(flags(driver, 0)).isEqualTo(AVAIL | USED);
        assertThat(flags(driver, 2) & MARKS).isEqualTo(AVAIL);
        assertThat(flags(driver, 4) & MARKS).isEqualTo(AVAIL);
        for (int i = 0; i < 3; i++) {
            assertThat(driver.collect()).isTrue();
        }
        assertThat(driver.collect()).isFalse();
        assertThat(device.base()).isEqualTo(0x8006_8006).isEqualTo(driver.deviceBase());
    }

    /** Tests values of the driver event suppression structure, after two descriptors were used, at index 5 and 6. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, true",
        "0, 1, false",
        "0x8004, 2, false",
        "0x8005, 2, true",
        "0x8006, 2, true",
        "0x8000, 2, false",
        "0x0000, 2, false",
        "0x0006, 2, false",
        "0xffff, 2, false",
        "0x0000, 3, true",
        "0x8005, 0xfffe, true",
        "0x8005, 0xfffd, false"
    })
    void interrupts(int offWrap, int flags, boolean wanted) {
        PackedDriver driver = driver(RingDriver.Features.EVENT_IDX);
        int base = 0x8004_8004;
        driver.reset(base);
        Virtqueue device = device(driver, base, Feature.EVENT_IDX);
        useOne(driver, device);
        assertThat(device.publish()).as("the first publication").isTrue();
        useOne(driver, device);
        useOne(driver, device);
        driver.rawDriverEvent(offWrap, flags);
        assertThat(device.publish()).isEqualTo(wanted);
    }

    @Test
    void aPositionWithoutEventIdxIsNoPosition() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        Virtqueue device = device(driver, START);
        useOne(driver, device);
        device.publish();
        useOne(driver, device);
        driver.rawDriverEvent(5, PackedDriver.DESC);
        assertThat(device.publish()).isTrue();
    }

    private void useOne(PackedDriver driver, Virtqueue device) {
        driver.begin();
        driver.readable(BASE, 10).offer();
        driver.publish();
        assertThat(device.pop(chain)).isTrue();
        device.addUsed(chain.id, 0);
    }

    @Test
    void theDeviceSaysWhenItWantsToBeNotified() {
        PackedDriver driver = driver(RingDriver.Features.EVENT_IDX);
        driver.reset(0x0006_0006);
        Virtqueue device = device(driver, 0x0006_0006, Feature.EVENT_IDX);
        device.disableNotifications();
        assertThat(driver.deviceEvent() >>> 16).isEqualTo(PackedDriver.DISABLE);
        assertThat(device.enableNotifications()).isFalse();
        assertThat(driver.deviceEvent()).isEqualTo(PackedDriver.DESC << 16 | 6);
        useOne(driver, device);
        assertThat(device.enableNotifications()).isFalse();
        assertThat(driver.deviceEvent()).isEqualTo(PackedDriver.DESC << 16 | 0x8000);
        Virtqueue plain = device(driver, 0x8000_8000);
        plain.disableNotifications();
        plain.enableNotifications();
        assertThat(driver.deviceEvent()).isZero();
    }

    /** DPDK's front-end sends only the position of the available side, not that of the used side. */
    @Test
    void aBaseWithoutAUsedHalf() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        Virtqueue device = device(driver, 0x8000);
        assertThat(device.base()).isEqualTo(START);
        useOne(driver, device);
        device.publish();
        assertThat(driver.collect()).isTrue();
        assertThat(device.base()).isEqualTo(0x8001_8001);
    }

    @Test
    void onlyWriteCountsInAnIndirectTable() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        Virtqueue device = device(driver, START, Feature.INDIRECT_DESC);
        long at = driver.tableAddress(0);
        driver.rawTableDescriptor(at, 0, BASE, 10, 99, NEXT | INDIRECT | AVAIL);
        driver.rawTableDescriptor(at, 1, BASE + 64, 20, 99, WRITE | USED);
        driver.rawDescriptor(0, at, 32, 5, INDIRECT | WRITE | AVAIL);
        assertThat(device.pop(chain)).isTrue();
        assertThat(chain.readable).isEqualTo(1);
        assertThat(chain.pieces).isEqualTo(2);
        assertThat(chain.length).startsWith(10, 20);
        assertThat(chain.id & 0xffff).isEqualTo(5);
    }

    /**
     * The descriptors that DPDK's driver writes for a frame in several pieces: WRITE remains from the initialization of
     * the table.
     */
    @Test
    void aTransmitQueueReadsWhateverIsInATable() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        Virtqueue device =
                device(driver, START, RingFeatures.of(Feature.INDIRECT_DESC).ofTransmitQueue());
        long at = driver.tableAddress(0);
        driver.rawTableDescriptor(at, 0, BASE, 12, 0, WRITE);
        driver.rawTableDescriptor(at, 1, BASE + 64, 300, 0, WRITE);
        driver.rawTableDescriptor(at, 2, BASE + 512, 300, 0, AVAIL);
        driver.rawDescriptor(1, BASE, 30, 5, WRITE | AVAIL);
        driver.rawDescriptor(0, at, 48, 5, INDIRECT | AVAIL);
        assertThat(device.pop(chain)).isTrue();
        assertThat(chain.readable).isEqualTo(3);
        assertThat(chain.writableBytes).isZero();
        assertThat(device.pop(chain)).isTrue();
        assertThat(chain.writableBytes).as("outside a table").isEqualTo(30);
    }

    /** The driver chooses the 16-bit buffer IDs, and several chains may have the same. */
    @Test
    void anyIdComesBack() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        Virtqueue device = device(driver, START);
        driver.rawDescriptor(1, BASE, 10, 0xffff, AVAIL);
        driver.rawDescriptor(0, BASE, 10, 0xffff, AVAIL);
        for (int i = 0; i < 2; i++) {
            assertThat(device.pop(chain)).isTrue();
            device.addUsed(chain.id, 0);
        }
        device.publish();
        assertThat(driverMemory.get16(driver.descAddress() + 12)).isEqualTo(0xffff);
        assertThat(device.base()).isEqualTo(0x8002_8002);
    }

    @Test
    void chainsThatNeverEnd() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        for (int i = 0; i < SIZE; i++) {
            driver.rawDescriptor(i, BASE, 10, 0, NEXT | AVAIL);
        }
        refuses(driver, "queue 0: the chain from descriptor 0 has more descriptors than the 7 of its ring");
        // Likewise with empty buffers, which do not count as pieces.
        for (int i = 0; i < SIZE; i++) {
            driver.rawDescriptor(i, BASE, 0, 0, NEXT | AVAIL);
        }
        refuses(driver, "queue 0: the chain from descriptor 0 has more descriptors than the 7 of its ring");
    }

    @Test
    void aChainThatContinuesWhereNothingIsAvailable() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        driver.rawDescriptor(0, BASE, 10, 0, NEXT | AVAIL);
        refuses(driver, "queue 0: the chain from descriptor 0 continues at 1, which is not available");
        driver.rawDescriptor(1, BASE, 10, 0, AVAIL | USED);
        refuses(driver, "queue 0: the chain from descriptor 0 continues at 1, which is not available");
    }

    @Test
    void readableAfterWritable() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        driver.rawDescriptor(1, BASE, 10, 0, AVAIL);
        driver.rawDescriptor(0, BASE, 10, 0, NEXT | WRITE | AVAIL);
        refuses(driver, "queue 0: descriptor 1 is readable but follows a writable one");
    }

    @Test
    void addressesOutsideMemory() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        driver.rawDescriptor(0, BASE - 1, 2, 0, AVAIL);
        refuses(driver, "queue 0: descriptor 0 with 0x2 bytes at guest address 0xffffffff is not in memory");
        driver.rawDescriptor(0, BASE + memory.byteSize() - 1, 2, 0, AVAIL);
        refuses(driver, "queue 0: descriptor 0 with 0x2 bytes at guest address 0x1000fffff is not in memory");
        driver.rawDescriptor(0, -8, 16, 0, AVAIL);
        refuses(driver, "queue 0: descriptor 0 with 0x10 bytes at guest address 0xfffffffffffffff8 is not in memory");
        driver.rawDescriptor(0, BASE, -1, 0, AVAIL);
        refuses(driver, "queue 0: descriptor 0 has a length of 4294967295 bytes, more than 2147483647");
    }

    @Test
    void badIndirectTables() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        long at = driver.tableAddress(0);
        driver.rawDescriptor(0, at, 32, 0, INDIRECT | AVAIL);
        Virtqueue withoutFeature = device(driver, START);
        assertThatThrownBy(() -> withoutFeature.pop(chain))
                .hasMessage("queue 0: descriptor 0 is indirect but INDIRECT_DESC was not negotiated");

        driver.rawDescriptor(0, at, 32, 0, INDIRECT | NEXT | AVAIL);
        refuses(driver, "queue 0: descriptor 0 is indirect and has NEXT set");
        driver.rawDescriptor(0, at, 0, 0, INDIRECT | AVAIL);
        refuses(driver, "queue 0: descriptor 0 has an indirect table of 0 bytes, not a multiple of 16");
        driver.rawDescriptor(0, at, 31, 0, INDIRECT | AVAIL);
        refuses(driver, "queue 0: descriptor 0 has an indirect table of 31 bytes, not a multiple of 16");
        driver.rawDescriptor(0, at, 16 * 1025, 0, INDIRECT | AVAIL);
        refuses(driver, "queue 0: descriptor 0 has an indirect table of 1025 entries, more than 1024");
        driver.rawDescriptor(0, BASE - 16, 32, 0, INDIRECT | AVAIL);
        refuses(
                driver,
                "queue 0: descriptor 0 has an indirect table at guest address 0xfffffff0 whose entry 0 is not in memory");
        driver.rawTableDescriptor(at, 0, BASE, 10, 0, WRITE);
        driver.rawTableDescriptor(at, 1, BASE, 10, 0, WRITE);
        driver.rawTableDescriptor(at, 2, BASE, 10, 0, 0);
        driver.rawDescriptor(0, at, 48, 0, INDIRECT | AVAIL);
        refuses(driver, "queue 0: indirect entry 2 is readable but follows a writable one");

        driver.rawDescriptor(1, at, 16, 0, INDIRECT | AVAIL);
        driver.rawDescriptor(0, BASE, 10, 0, NEXT | AVAIL);
        refuses(driver, "queue 0: descriptor 1 is indirect and follows another descriptor");
    }

    @Test
    void ringsThatAreTooSmallOrMisaligned() {
        PackedDriver driver = driver(RingDriver.Features.NONE);
        MemorySegment ring = at(driver.descAddress(), RingLayout.PACKED.descriptorBytes(SIZE));
        MemorySegment event = at(driver.availAddress(), 4);
        assertStart(0, ring, event, START, "q: size 0 is not from 1 to 32768");
        assertStart(32769, ring, event, START, "q: size 32769 is not from 1 to 32768");
        assertStart(8, ring, event, START, "q: the descriptor ring has 112 bytes of the 128 needed");
        assertStart(SIZE, memory.asSlice(8, 200), event, START, "q: the descriptor ring is not aligned to 16 bytes");
        assertStart(
                SIZE, ring, memory.asSlice(2, 4), START, "q: the driver event suppression is not aligned to 4 bytes");
        assertStart(SIZE, ring, event, 0x8007_8000, "q: base 0x80078000 has an index outside a ring of 7");
        assertStart(SIZE, ring, event, 7, "q: base 0x7 has an index outside a ring of 7");
    }

    private void assertStart(int size, MemorySegment ring, MemorySegment event, int base, String message) {
        RingParts parts = new RingParts(ring, event, event);
        assertThatThrownBy(() -> RingLayout.PACKED.open("q", size, parts, table, base, RingFeatures.NONE))
                .isInstanceOf(RingFault.class)
                .hasMessage(message);
    }

    private void refuses(PackedDriver driver, String message) {
        Virtqueue device = device(driver, START, Feature.INDIRECT_DESC);
        assertThatThrownBy(() -> device.pop(chain))
                .isInstanceOf(RingFault.class)
                .hasMessage(message);
    }
}
