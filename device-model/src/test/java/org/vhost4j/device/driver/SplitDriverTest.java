// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.driver.NaiveDevice.Buffer;
import org.vhost4j.device.driver.NaiveDevice.Chain;

class SplitDriverTest {
    private final DriverMemory memory = new DriverMemory(Arena.ofAuto().allocate(1 << 20, 4096), 0x4000_0000L);

    private SplitDriver driver(int size, boolean eventIdx) {
        return new SplitDriver(memory, size, eventIdx, 8);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theDeviceReadsTheChainThatWasOffered(boolean indirect) {
        SplitDriver driver = driver(8, false);
        NaiveDevice device = new NaiveDevice(driver, 0);
        begin(driver, indirect);
        int id = driver.readable(0x4000_1000L, 12)
                .readable(0x4000_2000L, 1500)
                .writable(0x4000_3000L, 1)
                .offer();
        assertThat(device.available()).as("before publish").isZero();
        driver.publish();

        assertThat(device.available()).isEqualTo(1);
        Chain chain = device.take();
        assertThat(chain.id()).isEqualTo(id);
        assertThat(chain.buffers())
                .containsExactly(
                        new Buffer(0x4000_1000L, 12, false),
                        new Buffer(0x4000_2000L, 1500, false),
                        new Buffer(0x4000_3000L, 1, true));
        assertThat(driver.freeDescriptors()).isEqualTo(indirect ? 7 : 5);

        device.use(id, 1);
        assertThat(driver.collect()).isTrue();
        assertThat(driver.usedId()).isEqualTo(id);
        assertThat(driver.usedLength()).isEqualTo(1);
        assertThat(driver.freeDescriptors()).isEqualTo(8);
        assertThat(driver.collect()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1,0", "4,0", "4,65530", "256,65400"})
    void indicesWrapAndNoDescriptorIsLost(int size, int start) {
        SplitDriver driver = driver(size, false);
        driver.reset(start);
        NaiveDevice device = new NaiveDevice(driver, start);
        SplittableRandom random = new SplittableRandom(size);
        ArrayDeque<Chain> taken = new ArrayDeque<>();
        for (int round = 0; round < 2000; round++) {
            int length = 1 + random.nextInt(3);
            begin(driver, random.nextBoolean());
            for (int i = 0; i < length; i++) {
                driver.writable(memory.guestBase() + round * 16L + i, 16);
            }
            if (driver.offer() == SplitDriver.NO_ROOM) {
                drain(driver, device, taken, random);
            } else {
                driver.publish();
                taken.add(device.take());
                assertThat(taken.getLast().buffers()).hasSize(length);
                assertThat(taken.getLast().buffers().getFirst().address()).isEqualTo(memory.guestBase() + round * 16L);
            }
        }
        drain(driver, device, taken, random);
        assertThat(driver.freeDescriptors()).isEqualTo(size);
        assertThat(driver.inFlight()).isZero();
        assertThat(driver.collectedIdx()).isEqualTo(driver.publishedIdx());
    }

    private static void drain(
            SplitDriver driver, NaiveDevice device, ArrayDeque<Chain> taken, SplittableRandom random) {
        while (!taken.isEmpty()) {
            Chain chain = random.nextBoolean() ? taken.removeFirst() : taken.removeLast();
            device.use(chain.id(), 16);
            assertThat(driver.collect()).isTrue();
            assertThat(driver.usedId()).isEqualTo(chain.id());
        }
    }

    @Test
    void aChainThatDoesNotFitIsNotOfferedAndTakesNothing() {
        SplitDriver driver = driver(4, false);
        driver.begin();
        for (int i = 0; i < 5; i++) {
            driver.readable(memory.guestBase(), 1);
        }
        assertThat(driver.offer()).isEqualTo(SplitDriver.NO_ROOM);
        driver.beginIndirect();
        for (int i = 0; i < 9; i++) {
            driver.readable(memory.guestBase(), 1);
        }
        assertThat(driver.offer()).isEqualTo(SplitDriver.NO_ROOM);
        driver.begin();
        assertThat(driver.offer()).as("no buffers").isEqualTo(SplitDriver.NO_ROOM);
        assertThat(driver.freeDescriptors()).isEqualTo(4);
        for (int i = 0; i < 4; i++) {
            driver.beginIndirect();
            assertThat(driver.readable(memory.guestBase(), 1).offer()).isNotEqualTo(SplitDriver.NO_ROOM);
        }
        driver.beginIndirect();
        assertThat(driver.readable(memory.guestBase(), 1).offer()).isEqualTo(SplitDriver.NO_ROOM);
    }

    @Test
    void kicksFollowTheFlagWithoutEventIdx() {
        SplitDriver driver = driver(8, false);
        NaiveDevice device = new NaiveDevice(driver, 0);
        offerOne(driver);
        assertThat(driver.needKick()).isTrue();
        assertThat(driver.needKick()).as("nothing new").isFalse();
        device.setFlags(1);
        offerOne(driver);
        assertThat(driver.needKick()).isFalse();
        device.setFlags(0);
        offerOne(driver);
        assertThat(driver.needKick()).isTrue();
    }

    @Test
    void kicksFollowAvailEventWithEventIdx() {
        SplitDriver driver = driver(8, true);
        driver.reset(65533);
        NaiveDevice device = new NaiveDevice(driver, 65533);
        device.setAvailEvent(65533);
        offerOne(driver);
        assertThat(driver.needKick()).as("first").isTrue();
        offerOne(driver);
        assertThat(driver.needKick()).as("the event is behind").isFalse();
        device.setAvailEvent(1);
        offerOne(driver);
        offerOne(driver);
        assertThat(driver.needKick()).as("65535 and 0 come before 1").isFalse();
        offerOne(driver);
        offerOne(driver);
        assertThat(driver.needKick()).as("1 and 2 reach it").isTrue();
    }

    @Test
    void interruptsAreSuppressedByFlagOrByEvent() {
        SplitDriver flags = driver(8, false);
        NaiveDevice device = new NaiveDevice(flags, 0);
        assertThat(device.availFlags()).isZero();
        flags.disableInterrupts();
        assertThat(device.availFlags()).isEqualTo(1);
        int id = offerOne(flags);
        device.use(id, 0);
        assertThat(flags.enableInterrupts()).as("one is there already").isTrue();
        assertThat(device.availFlags()).isZero();
        assertThat(flags.collect()).isTrue();
        assertThat(flags.enableInterrupts()).isFalse();

        SplitDriver event = driver(8, true);
        device = new NaiveDevice(event, 0);
        assertThat(device.usedEvent()).isZero();
        event.disableInterrupts();
        assertThat(device.usedEvent()).isEqualTo(65535);
        int first = offerOne(event);
        int second = offerOne(event);
        assertThat(event.enableInterruptsAfter(2)).isFalse();
        assertThat(device.usedEvent()).isEqualTo(1);
        device.use(first, 0);
        device.use(second, 0);
        assertThat(event.enableInterruptsAfter(2)).isTrue();
        assertThat(event.collect()).isTrue();
        assertThat(event.collect()).isTrue();
        assertThat(event.enableInterrupts()).isFalse();
        assertThat(device.usedEvent()).isEqualTo(2);
    }

    @Test
    void anIdThatIsNotInFlightIsReported() {
        SplitDriver driver = driver(8, false);
        NaiveDevice device = new NaiveDevice(driver, 0);
        int id = offerOne(driver);
        offerOne(driver);
        device.use(id, 0);
        assertThat(driver.collect()).isTrue();
        device.use(id, 0);
        assertThatThrownBy(driver::collect)
                .isInstanceOf(DeviceViolationException.class)
                .hasMessage("split queue of 8: used element 1 has id 0, which is not a chain in flight");
    }

    @Test
    void anIdOutsideTheQueueIsReported() {
        SplitDriver driver = driver(8, false);
        NaiveDevice device = new NaiveDevice(driver, 0);
        offerOne(driver);
        device.use(-1, 0);
        assertThatThrownBy(driver::collect)
                .isInstanceOf(DeviceViolationException.class)
                .hasMessageContaining("id 4294967295");
    }

    @Test
    void aLengthBeyondTheWritableBuffersIsReported() {
        SplitDriver driver = driver(8, false);
        NaiveDevice device = new NaiveDevice(driver, 0);
        driver.begin();
        int id = driver.readable(memory.guestBase(), 100)
                .writable(memory.guestBase(), 20)
                .offer();
        driver.publish();
        device.use(id, 21);
        assertThatThrownBy(driver::collect)
                .isInstanceOf(DeviceViolationException.class)
                .hasMessageContaining("length 21, but the chain has 20 writable bytes");
    }

    @Test
    void aUsedIndexBeyondWhatIsInFlightIsReported() {
        SplitDriver driver = driver(8, false);
        NaiveDevice device = new NaiveDevice(driver, 0);
        int id = offerOne(driver);
        device.useWithoutIdx(id, 0);
        device.setUsedIdx(2);
        assertThatThrownBy(driver::collect)
                .isInstanceOf(DeviceViolationException.class)
                .hasMessageContaining("used idx is 2, 2 past 0, but only 1 chains are in flight");
    }

    @Test
    void aRawChainIsReadAsWritten() {
        SplitDriver driver = driver(8, false);
        NaiveDevice device = new NaiveDevice(driver, 0);
        long table = memory.allocate(32, 16);
        driver.rawDescriptor(5, table, 32, SplitDriver.INDIRECT, 7);
        driver.rawTableDescriptor(table, 0, 1, 2, SplitDriver.NEXT, 1);
        driver.rawTableDescriptor(table, 1, -1, -1, SplitDriver.WRITE, 0);
        driver.rawAvailEntry(0, 5);
        driver.rawAvailIdx(1);
        driver.rawAvailFlags(1);
        driver.rawUsedEvent(77);
        assertThat(device.available()).isEqualTo(1);
        assertThat(device.take().buffers())
                .containsExactly(new Buffer(1, 2, false), new Buffer(-1, 0xffff_ffffL, true));
        assertThat(device.availFlags()).isEqualTo(1);
        assertThat(device.usedEvent()).isEqualTo(77);
    }

    @Test
    void partsAreAlignedAndDoNotOverlap() {
        memory.allocate(1, 1);
        SplitDriver driver = driver(2, true);
        assertThat(driver.descAddress() % 16).isZero();
        assertThat(driver.availAddress() % 2).isZero();
        assertThat(driver.usedAddress() % 4).isZero();
        assertThat(driver.availAddress()).isGreaterThanOrEqualTo(driver.descAddress() + 32);
        assertThat(driver.usedAddress()).isGreaterThanOrEqualTo(driver.availAddress() + 10);
        assertThat(driver.tableAddress(0)).isGreaterThanOrEqualTo(driver.usedAddress() + 22);
        assertThatThrownBy(() -> driver(3, true)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theSteadyStateAllocatesNothing(boolean indirect) {
        SplitDriver driver = driver(256, true);
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        circulate(driver, indirect, 100);
        long before = thread.getCurrentThreadAllocatedBytes();
        circulate(driver, indirect, 1000);
        long allocated = thread.getCurrentThreadAllocatedBytes() - before;
        // The management bean itself allocates some bytes; one object per chain would be ten times as many.
        assertThat(allocated).isLessThan(32_000);
    }

    /** Offers and collects 100 chains in each round; the test writes the used ring itself. */
    private void circulate(SplitDriver driver, boolean indirect, int rounds) {
        long used = driver.usedAddress();
        int first = driver.collectedIdx();
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < 100; i++) {
                begin(driver, indirect);
                int id = driver.readable(memory.guestBase(), 12)
                        .writable(memory.guestBase(), 64)
                        .offer();
                long element = used + 4 + 8L * ((first + 100 * round + i) % 256);
                memory.put32(element, id);
                memory.put32(element + 4, 64);
            }
            driver.publish();
            driver.needKick();
            memory.put16(used + 2, driver.publishedIdx());
            driver.enableInterrupts();
            while (driver.collect()) {
                driver.disableInterrupts();
            }
        }
    }

    private static void begin(SplitDriver driver, boolean indirect) {
        if (indirect) {
            driver.beginIndirect();
        } else {
            driver.begin();
        }
    }

    private int offerOne(SplitDriver driver) {
        driver.begin();
        int id = driver.readable(memory.guestBase(), 64).offer();
        driver.publish();
        return id;
    }
}
