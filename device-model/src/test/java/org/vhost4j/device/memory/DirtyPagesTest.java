// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests which bits are set in the dirty log, and that no bit is lost. */
class DirtyPagesTest {
    private static final long PAGE = DirtyLog.PAGE;
    private static final VarHandle WORDS = ValueLayout.JAVA_LONG.varHandle();

    private final Arena arena = Arena.ofAuto();
    private final List<String> told = new ArrayList<>();

    private GuestMemory table(MemorySegment... regions) {
        List<GuestRegion> all = new ArrayList<>();
        long guest = 0x10_0000;
        for (MemorySegment region : regions) {
            all.add(new GuestRegion(guest, region.byteSize(), 0x7000_0000L + guest, region));
            guest += region.byteSize() + 16 * PAGE;
        }
        return GuestMemory.of(all);
    }

    private DirtyPages pages(MemorySegment bits, MemorySegment... regions) {
        DirtyPages pages = new DirtyPages(new DirtyLog(bits), table(regions));
        pages.whenBeyond(told::add);
        return pages;
    }

    private static List<Long> marked(MemorySegment bits) {
        List<Long> pages = new ArrayList<>();
        for (long page = 0; page < bits.byteSize() * Byte.SIZE; page++) {
            if ((bits.get(ValueLayout.JAVA_BYTE, page / Byte.SIZE) >>> (page % Byte.SIZE) & 1) != 0) {
                pages.add(page);
            }
        }
        return pages;
    }

    /** The log may begin at any address, aligned or not. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 7, 8})
    void aBitIsWhereTheSpecificationHasIt(int offset) {
        MemorySegment file = arena.allocate(64, 8);
        MemorySegment bits = file.asSlice(offset, 20);
        DirtyPages pages = pages(bits);
        for (long page : new long[] {0, 1, 7, 8, 62, 63, 64, 100, 159}) {
            pages.wroteGuest(page * PAGE + 17, 1);
            pages.mark();
        }
        assertThat(marked(bits)).containsExactly(0L, 1L, 7L, 8L, 62L, 63L, 64L, 100L, 159L);
        assertThat(marked(file.asSlice(0, offset))).as("before the log").isEmpty();
        assertThat(marked(file.asSlice(offset + 20))).as("behind the log").isEmpty();
        assertThat(told).isEmpty();
    }

    @Test
    void everyPageOfARangeIsMarkedAndNoOther() {
        MemorySegment bits = arena.allocate(32, 8);
        DirtyPages pages = pages(bits);
        pages.wroteGuest(3 * PAGE - 1, 2);
        pages.wroteGuest(10 * PAGE, PAGE);
        pages.wroteGuest(60 * PAGE + 5, 10 * PAGE);
        pages.wroteGuest(200 * PAGE, 0);
        assertThat(marked(bits)).as("before they are marked together").isEmpty();
        pages.mark();
        assertThat(marked(bits)).containsExactly(2L, 3L, 10L, 60L, 61L, 62L, 63L, 64L, 65L, 66L, 67L, 68L, 69L, 70L);
    }

    @Test
    void ourAddressesAreFoundInTheirRegionsAndOverTheirBorders() {
        MemorySegment both = arena.allocate(8 * PAGE, PAGE);
        MemorySegment bits = arena.allocate(64, 8);
        DirtyPages pages = pages(bits, both.asSlice(0, 3 * PAGE), both.asSlice(3 * PAGE, 5 * PAGE));
        // The regions are adjacent in this process, and 16 pages apart in the guest.
        pages.wrote(both.address() + 3 * PAGE - 10, 20);
        pages.wrote(both.address() + 7 * PAGE, 1);
        pages.mark();
        assertThat(marked(bits)).containsExactly(0x102L, 0x113L, 0x117L);
        assertThatThrownBy(() -> pages.wrote(both.address() - 1, 1)).isInstanceOf(IllegalStateException.class);
    }

    /**
     * Marks bursts of writes of 0 bytes up to many pages, anywhere in two regions, across the regions' border and
     * across borders of the log's words.
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5})
    void aBurstIsMarkedLikeItsWritesOneByOne(int offset) {
        Random random = new Random(offset);
        MemorySegment both = arena.allocate(300 * PAGE, PAGE);
        MemorySegment[] regions = {both.asSlice(0, 120 * PAGE), both.asSlice(120 * PAGE)};
        for (int round = 0; round < 400; round++) {
            // The log covers both regions, or the first and a part of the second.
            long bytes = round % 2 == 0 ? 128 : 64;
            MemorySegment burstBits = arena.allocate(160, 8).asSlice(offset, bytes);
            MemorySegment singleBits = arena.allocate(160, 8).asSlice(offset, bytes);
            DirtyPages burst = pages(burstBits, regions);
            DirtyPages single = pages(singleBits, regions);
            for (int i = 0; i < 4; i++) {
                int count = random.nextInt(33);
                long[] address = new long[32];
                int[] length = new int[32];
                long near = random.nextLong(290 * PAGE);
                for (int k = 0; k < count; k++) {
                    long at = random.nextInt(8) == 0 ? random.nextLong(290 * PAGE) : near;
                    near = Math.min(at + random.nextInt(4000), 290 * PAGE);
                    address[k] = both.address() + at;
                    length[k] = random.nextInt(random.nextInt(4) == 0 ? 40_000 : 3000);
                    single.wrote(address[k], length[k]);
                }
                burst.wrote(address, length, count);
            }
            burst.mark();
            single.mark();
            assertThat(marked(burstBits)).as("round %d", round).isEqualTo(marked(singleBits));
        }
        assertThat(told).as("the small log ends inside the second region").isNotEmpty();
    }

    @Test
    void whatIsBehindTheEndIsToldOnceAndTheRestIsMarked() {
        MemorySegment bits = arena.allocate(1, 8);
        DirtyPages pages = pages(bits);
        pages.wroteGuest(7 * PAGE, PAGE);
        pages.wroteGuest(7 * PAGE, PAGE + 1);
        pages.wroteGuest(-1, 2);
        pages.wroteGuest(Long.MIN_VALUE, 1);
        pages.wroteGuest(2 * PAGE, 1);
        pages.mark();
        assertThat(marked(bits)).containsExactly(2L, 7L);
        assertThat(told)
                .containsExactly("4097 bytes at guest address 0x7000 were written, but the log of dirty pages ends at"
                        + " 0x8000");
        assertThat(new DirtyLog(bits).covers(7 * PAGE, PAGE)).isTrue();
        assertThat(new DirtyLog(bits).covers(7 * PAGE, PAGE + 1)).isFalse();
        assertThat(new DirtyLog(bits).covers(-PAGE, PAGE + 1)).as("wraps").isFalse();
    }

    /** Marks more pages than the collection can contain. */
    @Test
    void manyPagesInAnyOrder() {
        MemorySegment bits = arena.allocate(4096, 8);
        DirtyPages pages = pages(bits);
        List<Long> expected = new ArrayList<>();
        for (long page = 0; page < 4096 * Byte.SIZE; page += 65) {
            pages.wroteGuest((4096 * Byte.SIZE - 1 - page) * PAGE, 1);
            expected.addFirst(4096 * Byte.SIZE - 1 - page);
        }
        pages.mark();
        assertThat(marked(bits)).isEqualTo(expected);
    }

    /**
     * Several lanes set bits in the same words while the front-end fetches and clears them. The front-end gets every
     * bit, in any order.
     */
    @Test
    void noMarkIsLostAmongLanesAndAFrontEndThatClears() throws InterruptedException {
        int lanes = 3;
        int words = 8;
        MemorySegment bits = arena.allocate((long) words * Long.BYTES, 8);
        DirtyLog log = new DirtyLog(bits);
        AtomicInteger running = new AtomicInteger(lanes);
        List<Thread> threads = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
            int first = lane;
            threads.add(Thread.ofPlatform().start(() -> {
                DirtyPages pages = new DirtyPages(log, GuestMemory.EMPTY);
                for (long page = first; page < (long) words * Long.SIZE; page += lanes) {
                    pages.wroteGuest(page * PAGE, 1);
                    pages.mark();
                }
                running.decrementAndGet();
            }));
        }
        long[] fetched = new long[words];
        boolean last;
        do {
            last = running.get() == 0;
            for (int i = 0; i < words; i++) {
                fetched[i] |= (long) WORDS.getAndSet(bits, (long) i * Long.BYTES, 0L);
            }
        } while (!last);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(fetched).containsOnly(-1L);
    }
}
