// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.memory.Translations;

/**
 * Tests buffers that begin in one memory region and end in the next, while writes are logged: exactly the written pages
 * are marked, on either side of the border. Behind an IOMMU, ranges that are adjacent for the device need not be
 * adjacent in guest memory.
 */
@ParameterizedClass
@CsvSource({"false, 0x200000", "false, 0x200800", "true, 0x200000", "true, 0x200800"})
class RegionBorderTest {
    private static final long PAGE = DirtyLog.PAGE;
    private static final int SIZE = 64;
    private static final int RINGS = 1 << 16;
    private static final int LOW_BYTES = 1 << 18;
    private static final int HIGH_BYTES = 1 << 16;
    private static final long USER = 0x7000_0000L;
    private static final int INDIRECT = 4;
    private static final int[] BEFORE = {1, 2, 37, 2047, 2048, 4095, 4096, 4097, 9000};
    private static final int[] BEHIND = {1, 12, 2047, 2048, 4096, 4097, 20_000};

    private final boolean packed;
    private final long border;
    private final MemorySegment rings = memory(RINGS);
    private final MemorySegment bits = Arena.ofAuto().allocate(PAGE, Long.BYTES);
    private final Chain chain = new Chain();
    private int value;

    /** The border is at the beginning of a page, or inside a page, whose bit both regions then share. */
    RegionBorderTest(boolean packed, long border) {
        this.packed = packed;
        this.border = border;
    }

    private static MemorySegment memory(long bytes) {
        return Arena.ofAuto().allocate(bytes, PAGE);
    }

    /** Returns a memory table with the rings at guest address 0 and two regions at given addresses. */
    private GuestMemory table(long first, MemorySegment low, long second, MemorySegment high) {
        return GuestMemory.of(List.of(
                new GuestRegion(second, high.byteSize(), USER + second, high),
                new GuestRegion(0, RINGS, USER, rings),
                new GuestRegion(first, low.byteSize(), USER + first, low)));
    }

    private RingDriver driver() {
        DriverMemory memory = new DriverMemory(rings, 0);
        return packed
                ? new PackedDriver(memory, SIZE, RingDriver.Features.NONE, INDIRECT)
                : new SplitDriver(memory, SIZE, RingDriver.Features.NONE, INDIRECT);
    }

    /** Creates the device's queue, which translates buffers with one memory table and logs with another. */
    private Virtqueue device(RingDriver driver, GuestMemory seen, GuestMemory table) {
        RingLayout layout = packed ? RingLayout.PACKED : RingLayout.SPLIT;
        RingParts parts = layout.parts(rings, SIZE, driver.descAddress(), driver.availAddress(), driver.usedAddress());
        RingFeatures features = new RingFeatures(false, true, false, false, false);
        return layout.open("queue 0", SIZE, parts, seen, layout.startBase(), features)
                .logged(new QueueLog(new DirtyLog(bits), table, driver.usedAddress()), reason -> {
                    throw new AssertionError(reason);
                });
    }

    /** Returns the marked pages without those of the rings. */
    private Set<Long> marked() {
        Set<Long> pages = new TreeSet<>();
        for (long page = RINGS / PAGE; page < bits.byteSize() * Byte.SIZE; page++) {
            if ((bits.get(ValueLayout.JAVA_BYTE, page / Byte.SIZE) >>> (page % Byte.SIZE) & 1) != 0) {
                pages.add(page);
            }
        }
        return pages;
    }

    private static void addPages(Set<Long> pages, long guestAddress, long bytes) {
        for (long page = guestAddress / PAGE; bytes > 0 && page <= (guestAddress + bytes - 1) / PAGE; page++) {
            pages.add(page);
        }
    }

    /** Writes a number of bytes into the chain's writable pieces, from the first on. */
    private void write(int bytes) {
        value++;
        int left = bytes;
        for (int i = chain.readable; left > 0; i++) {
            for (int j = 0; j < chain.length[i] && left > 0; j++, left--) {
                HostMemory.putByte(chain.address[i] + j, value);
            }
        }
    }

    /**
     * Returns the numbers of bytes to write into a buffer: none, all, and numbers that end just before, at and after
     * the border.
     */
    private static int[] writes(int before, int length) {
        return new int[] {0, 1, before - 1, before, before + 1, length - 1, length};
    }

    /** Offers a buffer across the border, writes a part of it, and uses the chain or puts it back into the ring. */
    private void round(
            RingDriver driver, Virtqueue device, long address, int before, int behind, int written, boolean indirect) {
        if (indirect) {
            driver.beginIndirect();
        } else {
            driver.begin();
        }
        assertThat(driver.readable(0, 8).writable(address, before + behind).offer())
                .isNotEqualTo(RingDriver.NO_ROOM);
        driver.publish();
        assertThat(device.pop(chain)).isTrue();
        assertThat(chain.writableBytes).isEqualTo(before + behind);
        bits.fill((byte) 0);
        write(written);
        device.addUsed(chain.id, written);
        assertThat(marked()).as("before it is published").isEmpty();
        boolean unused = device.publish();
        assertThat(driver.collect()).isTrue();
        assertThat(driver.usedLength()).isEqualTo(written);
    }

    @Test
    void neighboursInGuestMemory() {
        MemorySegment low = memory(LOW_BYTES).asSlice(0, LOW_BYTES - (border & (PAGE - 1)));
        MemorySegment high = memory(HIGH_BYTES);
        GuestMemory table = table(border - low.byteSize(), low, border, high);
        RingDriver driver = driver();
        Virtqueue device = device(driver, table, table);
        int rounds = 0;
        for (int before : BEFORE) {
            for (int behind : BEHIND) {
                for (int written : writes(before, before + behind)) {
                    round(driver, device, border - before, before, behind, written, rounds++ % 3 == 0);
                    assertThat(chain.pieces).isEqualTo(3);
                    Set<Long> expected = new TreeSet<>();
                    addPages(expected, border - before, written);
                    assertThat(marked())
                            .as("%d bytes, %d of them before the border, of %d", written, before, before + behind)
                            .isEqualTo(expected);
                    if (written > before) {
                        assertThat(high.get(ValueLayout.JAVA_BYTE, written - before - 1))
                                .isEqualTo((byte) value);
                    }
                }
            }
        }
    }

    @Test
    void whatIsReturnedAfterItWasWritten() {
        MemorySegment low = memory(LOW_BYTES).asSlice(0, LOW_BYTES - (border & (PAGE - 1)));
        GuestMemory table = table(border - low.byteSize(), low, border, memory(HIGH_BYTES));
        RingDriver driver = driver();
        Virtqueue device = device(driver, table, table);
        driver.begin();
        assertThat(driver.writable(border - 100, 200).offer()).isNotEqualTo(RingDriver.NO_ROOM);
        driver.publish();
        assertThat(device.pop(new Buffers(), 1, true))
                .as("together only what lies in one region")
                .isZero();
        assertThat(device.pop(chain)).isTrue();
        bits.fill((byte) 0);
        write(1);
        device.unpopWritten(1);
        Set<Long> expected = new TreeSet<>();
        addPages(expected, border - 100, 200);
        assertThat(marked()).isEqualTo(expected);
    }

    /** Adjacent for the device are the end of one region and the beginning of the other, in either order. */
    @Test
    void neighboursBehindAnIommu() {
        long seen = 0x40_0000_0000L;
        MemorySegment low = memory(LOW_BYTES).asSlice(0, LOW_BYTES - (border & (PAGE - 1)));
        MemorySegment high = memory(HIGH_BYTES);
        long first = border - low.byteSize();
        GuestMemory table = table(first, low, border, high);
        Translations translations = new Translations();
        translations.update(0, RINGS, rings.address(), true, true);
        // The end of the high region, followed by the beginning of the low region.
        translations.update(seen - HIGH_BYTES, HIGH_BYTES, high.address(), true, true);
        translations.update(seen, low.byteSize(), low.address(), true, true);
        RingDriver driver = driver();
        Virtqueue device = device(driver, translations.memory(), table);
        int rounds = 0;
        for (int before : BEFORE) {
            for (int behind : BEHIND) {
                for (int written : writes(before, before + behind)) {
                    round(driver, device, seen - before, before, behind, written, rounds++ % 3 == 0);
                    Set<Long> expected = new TreeSet<>();
                    addPages(expected, border + HIGH_BYTES - before, Math.min(written, before));
                    addPages(expected, first, written - before);
                    assertThat(marked())
                            .as("%d bytes, %d of them before the border, of %d", written, before, before + behind)
                            .isEqualTo(expected);
                }
            }
        }
    }

    /**
     * Mappings that are adjacent for the device and in this process become one range, although they may be far apart in
     * guest memory.
     */
    @Test
    void neighboursForTheDeviceAndForUsThatAreNoneForTheGuest() {
        long seen = 0x40_0000_0000L;
        long far = border + 0x40_0000;
        MemorySegment both = memory(LOW_BYTES + HIGH_BYTES);
        MemorySegment low = both.asSlice(0, LOW_BYTES);
        MemorySegment high = both.asSlice(LOW_BYTES, HIGH_BYTES);
        GuestMemory table = table(border, low, far, high);
        Translations translations = new Translations();
        translations.update(0, RINGS, rings.address(), true, true);
        translations.update(seen - LOW_BYTES, LOW_BYTES, low.address(), true, true);
        translations.update(seen, HIGH_BYTES, high.address(), true, true);
        RingDriver driver = driver();
        Virtqueue device = device(driver, translations.memory(), table);
        for (int before : BEFORE) {
            for (int behind : BEHIND) {
                for (int written : writes(before, before + behind)) {
                    round(driver, device, seen - before, before, behind, written, false);
                    assertThat(chain.pieces)
                            .as("one piece to read, one to write")
                            .isEqualTo(2);
                    Set<Long> expected = new TreeSet<>();
                    addPages(expected, border + LOW_BYTES - before, Math.min(written, before));
                    addPages(expected, far, written - before);
                    assertThat(marked())
                            .as("%d bytes, %d of them before the border, of %d", written, before, before + behind)
                            .isEqualTo(expected);
                }
            }
        }
    }
}
