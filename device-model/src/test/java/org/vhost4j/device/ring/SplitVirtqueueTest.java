// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.HostMemory;

class SplitVirtqueueTest {
    private static final long BASE = 0x1_0000_0000L;
    private static final int SIZE = 8;

    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 20, 4096);
    private final DriverMemory driverMemory = new DriverMemory(memory, BASE);
    private final GuestMemory table =
            GuestMemory.of(List.of(new GuestRegion(BASE, memory.byteSize(), 0x7000_0000L, memory)));
    private final Chain chain = new Chain();

    private Virtqueue device(SplitDriver driver, int size, int base, boolean eventIdx, boolean indirect) {
        RingFeatures features = new RingFeatures(eventIdx, indirect, false, false, false);
        return RingLayout.SPLIT.open("queue 0", size, parts(driver, size), table, base, features);
    }

    private RingParts parts(SplitDriver driver, int size) {
        return RingLayout.SPLIT.parts(
                memory, size, driver.descAddress() - BASE, driver.availAddress() - BASE, driver.usedAddress() - BASE);
    }

    @Test
    void descriptorIndexBeyondTheQueue() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        driver.rawAvailEntry(0, SIZE);
        driver.rawAvailIdx(1);
        refuses(driver, "queue 0: available ring names descriptor 8 of 8");
    }

    @Test
    void availableIndexJumps() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        driver.rawAvailIdx(SIZE + 1);
        refuses(driver, "queue 0: available index jumped from 0 to 9, more than the queue size 8");
    }

    @Test
    void availableIndexGoesBack() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        driver.rawAvailIdx(65535);
        refuses(driver, "queue 0: available index jumped from 0 to 65535, more than the queue size 8");
    }

    @Test
    void chainRunsInACircle() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        offerRaw(driver, BASE, 10, SplitDriver.NEXT, 1);
        driver.rawDescriptor(1, BASE, 10, SplitDriver.NEXT, 0);
        refuses(driver, "queue 0: the chain from descriptor 0 contains a loop");
    }

    @Test
    void nextBeyondTheQueue() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        offerRaw(driver, BASE, 10, SplitDriver.NEXT, 0xffff);
        refuses(driver, "queue 0: descriptor 0 continues at 65535 of 8");
    }

    @Test
    void readableAfterWritable() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        offerRaw(driver, BASE, 10, SplitDriver.NEXT | SplitDriver.WRITE, 1);
        driver.rawDescriptor(1, BASE, 10, 0, 0);
        refuses(driver, "queue 0: descriptor 1 is readable but follows a writable one");
    }

    @Test
    void addressesOutsideMemory() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        offerRaw(driver, BASE - 1, 2, 0, 0);
        refuses(driver, "queue 0: descriptor 0 with 0x2 bytes at guest address 0xffffffff is not in memory");
        driver.rawDescriptor(0, BASE + memory.byteSize() - 1, 2, 0, 0);
        refuses(driver, "queue 0: descriptor 0 with 0x2 bytes at guest address 0x1000fffff is not in memory");
        driver.rawDescriptor(0, -8, 16, 0, 0);
        refuses(driver, "queue 0: descriptor 0 with 0x10 bytes at guest address 0xfffffffffffffff8 is not in memory");
        driver.rawDescriptor(0, BASE, -1, 0, 0);
        refuses(driver, "queue 0: descriptor 0 has a length of 4294967295 bytes, more than 2147483647");
        driver.rawDescriptor(0, BASE, Integer.MAX_VALUE, 0, 0);
        refuses(driver, "queue 0: descriptor 0 with 0x7fffffff bytes at guest address 0x100000000 is not in memory");
    }

    @Test
    void badIndirectTables() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        long tableAt = driverMemory.allocate(64, 16);
        offerRaw(driver, tableAt, 32, SplitDriver.INDIRECT, 0);
        Virtqueue withoutFeature = device(driver, SIZE, 0, false, false);
        assertThatThrownBy(() -> withoutFeature.pop(chain))
                .hasMessage("queue 0: descriptor 0 is indirect but INDIRECT_DESC was not negotiated");

        driver.rawDescriptor(0, tableAt, 32, SplitDriver.INDIRECT | SplitDriver.NEXT, 1);
        refuses(driver, "queue 0: descriptor 0 is indirect and has NEXT set");
        driver.rawDescriptor(0, tableAt, 0, SplitDriver.INDIRECT, 0);
        refuses(driver, "queue 0: descriptor 0 has an indirect table of 0 bytes, not a multiple of 16");
        driver.rawDescriptor(0, tableAt, 31, SplitDriver.INDIRECT, 0);
        refuses(driver, "queue 0: descriptor 0 has an indirect table of 31 bytes, not a multiple of 16");
        driver.rawDescriptor(0, tableAt, 16 * 1025, SplitDriver.INDIRECT, 0);
        refuses(driver, "queue 0: descriptor 0 has an indirect table of 1025 entries, more than 1024");
        driver.rawDescriptor(0, BASE - 16, 32, SplitDriver.INDIRECT, 0);
        refuses(
                driver,
                "queue 0: descriptor 0 has an indirect table at guest address 0xfffffff0 whose entry 0 is not in memory");

        driver.rawDescriptor(0, tableAt, 32, SplitDriver.INDIRECT, 0);
        driver.rawTableDescriptor(tableAt, 0, tableAt, 16, SplitDriver.INDIRECT, 0);
        refuses(driver, "queue 0: entry 0 of the indirect table of descriptor 0 is indirect itself");
        driver.rawTableDescriptor(tableAt, 0, BASE, 16, SplitDriver.NEXT, 2);
        refuses(driver, "queue 0: entry 0 of the indirect table of descriptor 0 continues at 2 of 2");
        driver.rawTableDescriptor(tableAt, 0, BASE, 16, SplitDriver.NEXT, 0);
        refuses(driver, "queue 0: the indirect table of descriptor 0 contains a loop");
    }

    /** A buffer and an indirect table that cross the border between two regions are accessed in parts. */
    @Test
    void regionsThatAreNeighbours() {
        MemorySegment other = Arena.ofAuto().allocate(4096, 4096);
        GuestMemory two = GuestMemory.of(List.of(
                new GuestRegion(BASE, memory.byteSize(), 0x7000_0000L, memory),
                new GuestRegion(BASE + memory.byteSize(), other.byteSize(), 0x9000_0000L, other)));
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        long border = BASE + memory.byteSize();
        long tableAt = border - 16;
        offerRaw(driver, tableAt, 32, SplitDriver.INDIRECT, 0);
        driver.rawTableDescriptor(tableAt, 0, border - 100, 150, SplitDriver.NEXT, 1);
        HostMemory.putLongLE(other.address(), border + 200);
        HostMemory.putLongLE(other.address() + 8, 7);
        Virtqueue device = RingLayout.SPLIT.open(
                "queue 0", SIZE, parts(driver, SIZE), two, 0, RingFeatures.of(Feature.INDIRECT_DESC));
        assertThat(device.pop(chain)).isTrue();
        assertThat(chain.readableBytes).isEqualTo(157);
        assertThat(chain.pieces).isEqualTo(3);
        assertThat(chain.length).startsWith(100, 50, 7);
        assertThat(chain.address[1]).isEqualTo(other.address());
    }

    @Test
    void ringsThatAreTooSmallOrMisaligned() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, false, 0);
        RingParts parts = parts(driver, SIZE);
        assertStart(0, parts, 0, "q: size 0 is not from 1 to 32768");
        assertStart(65536, parts, 0, "q: size 65536 is not from 1 to 32768");
        assertStart(12, parts, 0, "q: size 12 is not a power of two, which a split ring needs");
        assertStart(16, parts, 0, "q: the descriptor table has 128 bytes of the 256 needed");
        assertStart(SIZE, parts, 0x10000, "q: base 0x10000 does not fit the 16 bits of a split ring's index");
        MemorySegment odd = memory.asSlice(1, RingLayout.SPLIT.usedBytes(SIZE));
        RingParts oddDescriptors = new RingParts(memory.asSlice(8, 128), parts.avail(), parts.used());
        assertStart(SIZE, oddDescriptors, 0, "q: the descriptor table is not aligned to 16 bytes");
        RingParts oddAvail = new RingParts(parts.descriptors(), odd, parts.used());
        assertStart(SIZE, oddAvail, 0, "q: the available ring is not aligned to 2 bytes");
        RingParts oddUsed = new RingParts(parts.descriptors(), parts.avail(), odd);
        assertStart(SIZE, oddUsed, 0, "q: the used ring is not aligned to 4 bytes");
    }

    private void assertStart(int size, RingParts parts, int base, String message) {
        assertThatThrownBy(() -> RingLayout.SPLIT.open("q", size, parts, table, base, RingFeatures.NONE))
                .isInstanceOf(RingFault.class)
                .hasMessage(message);
    }

    /**
     * The device requests a notification only for further buffers: buffers that are available but do not suffice must
     * not wake it.
     */
    @Test
    void notificationsOfMore() {
        SplitDriver driver = new SplitDriver(driverMemory, SIZE, true, 0);
        driver.begin();
        driver.writable(BASE, 10);
        driver.offer();
        driver.publish();
        assertThat(driver.needKick()).isTrue();
        Virtqueue device = device(driver, SIZE, 0, true, false);
        assertThat(device.pop(chain)).isTrue();
        assertThat(device.pop(chain)).isFalse();
        device.unpop(1);
        assertThat(device.enableNotificationsBeyondSeen()).isFalse();
        driver.writable(BASE, 10);
        driver.offer();
        driver.publish();
        assertThat(driver.needKick()).isTrue();
        assertThat(device.enableNotificationsBeyondSeen()).isTrue();
    }

    private static void offerRaw(SplitDriver driver, long address, int length, int flags, int next) {
        driver.rawDescriptor(0, address, length, flags, next);
        driver.rawAvailEntry(0, 0);
        driver.rawAvailIdx(1);
    }

    private void refuses(SplitDriver driver, String message) {
        Virtqueue device = device(driver, SIZE, 0, false, true);
        assertThatThrownBy(() -> device.pop(chain))
                .isInstanceOf(RingFault.class)
                .hasMessage(message);
    }
}
