// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.vhost4j.device.driver.PackedDriver.AVAIL;
import static org.vhost4j.device.driver.PackedDriver.USED;
import static org.vhost4j.device.driver.RingDriver.NEXT;
import static org.vhost4j.device.driver.RingDriver.WRITE;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/** Tests the rings that the packed driver writes, and its errors when a device breaks a rule. */
class PackedDriverTest {
    private static final long BASE = 0x1_0000_0000L;

    private final DriverMemory memory = new DriverMemory(Arena.ofAuto().allocate(1 << 16, 4096), BASE);

    private final PackedDriver driver = new PackedDriver(memory, 5, RingDriver.Features.NONE, 2);

    private int flags(int index) {
        return memory.get16(driver.descAddress() + 16L * index + 14);
    }

    private int id(int index) {
        return memory.get16(driver.descAddress() + 16L * index + 12);
    }

    /** Writes a used descriptor, as a device does. */
    private void use(int index, int id, int length, int flags) {
        memory.put16(driver.descAddress() + 16L * index + 12, id);
        memory.put32(driver.descAddress() + 16L * index + 8, length);
        memory.put16(driver.descAddress() + 16L * index + 14, flags);
    }

    @Test
    void theHeadOfWhatIsPublishedIsMarkedLast() {
        driver.begin();
        int first = driver.readable(BASE, 10).writable(BASE, 20).offer();
        driver.begin();
        int second = driver.readable(BASE, 30).offer();
        assertThat(flags(0)).isZero();
        assertThat(flags(1)).isEqualTo(WRITE | AVAIL);
        assertThat(id(1)).isEqualTo(first);
        assertThat(id(0)).as("only the last one's counts").isNotEqualTo(first);
        assertThat(flags(2)).isEqualTo(AVAIL);
        driver.publish();
        assertThat(flags(0)).isEqualTo(NEXT | AVAIL);
        assertThat(id(2)).isEqualTo(second);
        assertThat(driver.freeDescriptors()).isEqualTo(2);
    }

    @Test
    void theMarksChangeBehindTheEnd() {
        driver.reset(0x8004_8004);
        driver.begin();
        int id = driver.readable(BASE, 10).readable(BASE, 10).offer();
        driver.publish();
        assertThat(flags(4)).isEqualTo(NEXT | AVAIL);
        assertThat(flags(0)).isEqualTo(USED);
        use(4, id, 0, AVAIL | USED);
        assertThat(driver.collect()).isTrue();
        assertThat(driver.deviceBase()).isEqualTo(0x0001_0001);
        driver.begin();
        driver.readable(BASE, 10).offer();
        driver.publish();
        assertThat(flags(1)).isEqualTo(USED);
        assertThat(driver.hasUsed()).isFalse();
        use(1, id, 0, 0);
        assertThat(driver.hasUsed()).isTrue();
    }

    @Test
    void chainsThatAreUsedOutOfOrder() {
        int[] ids = new int[3];
        for (int i = 0; i < 3; i++) {
            driver.begin();
            ids[i] = driver.writable(BASE, 100 + i).offer();
        }
        driver.publish();
        use(0, ids[2], 102, WRITE | AVAIL | USED);
        use(1, ids[0], 1, WRITE | AVAIL | USED);
        use(2, ids[1], 99, AVAIL | USED);
        assertThat(driver.deviceBase()).isEqualTo(0x8003_8003);
        int[][] expected = {{ids[2], 102}, {ids[0], 1}, {ids[1], 0}};
        for (int[] each : expected) {
            assertThat(driver.collect()).isTrue();
            assertThat(new int[] {driver.usedId(), driver.usedLength()}).isEqualTo(each);
        }
        assertThat(driver.inFlight()).isZero();
        assertThat(driver.freeDescriptors()).isEqualTo(5);
    }

    @Test
    void idsThatAreNotInFlightAndLengthsBeyondTheChain() {
        driver.begin();
        int id = driver.writable(BASE, 100).offer();
        driver.publish();
        use(0, id + 5, 1, WRITE | AVAIL | USED);
        assertThatThrownBy(driver::collect)
                .isInstanceOf(DeviceViolationException.class)
                .hasMessageContaining("id " + (id + 5) + ", which is not a chain in flight");
        use(0, id, 101, WRITE | AVAIL | USED);
        assertThatThrownBy(driver::collect)
                .isInstanceOf(DeviceViolationException.class)
                .hasMessageContaining("length 101, but the chain has 100 writable bytes");
    }

    @Test
    void aChainThatNeverFitsIsForgotten() {
        driver.begin();
        for (int i = 0; i < 6; i++) {
            driver.readable(BASE, 10);
        }
        assertThat(driver.offer()).isEqualTo(RingDriver.NO_ROOM);
        driver.beginIndirect();
        for (int i = 0; i < 3; i++) {
            driver.readable(BASE, 10);
        }
        assertThat(driver.offer()).isEqualTo(RingDriver.NO_ROOM);
        driver.publish();
        assertThat(flags(0)).isZero();
        assertThat(driver.needKick()).isFalse();
    }
}
