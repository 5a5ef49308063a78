// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.memory.DirtyPages;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;

/**
 * Tests which pages are marked when chains are used or put back into the ring, and how many pieces are stored until
 * then.
 */
class WritablePiecesTest {
    private static final long PAGE = DirtyLog.PAGE;
    private static final int PAGES = 4096;

    private final MemorySegment memory = Arena.ofAuto().allocate(PAGES * PAGE, PAGE);
    private final MemorySegment bits = Arena.ofAuto().allocate(PAGES / Byte.SIZE, Long.BYTES);
    private final DirtyPages dirty = new DirtyPages(
            new DirtyLog(bits), GuestMemory.of(List.of(new GuestRegion(0, memory.byteSize(), 0x7000_0000L, memory))));
    private final WritablePieces pieces = new WritablePieces();
    private final Buffers buffers = new Buffers();
    private int next;

    /** Pops a burst of chains, each of one page. */
    private int pop(int count) {
        int first = next;
        for (int i = 0; i < count; i++) {
            buffers.address[i] = memory.address() + next * PAGE;
            buffers.length[i] = 100;
            next = (next + 1) % PAGES;
        }
        pieces.popped(buffers, count, true);
        return first;
    }

    private SortedSet<Integer> marked() {
        dirty.mark();
        SortedSet<Integer> pages = new TreeSet<>();
        for (int page = 0; page < PAGES; page++) {
            if ((bits.get(ValueLayout.JAVA_BYTE, page / Byte.SIZE) >>> (page % Byte.SIZE) & 1) != 0) {
                pages.add(page);
            }
        }
        bits.fill((byte) 0);
        return pages;
    }

    /**
     * A coalescer keeps the newest chains unused while it pops others, so that at no time all chains are used. The
     * arrays must not grow without limit.
     */
    @Test
    void chainsThatAreNeverAllUsedDoNotAddUp() {
        Random random = new Random(1);
        Deque<Integer> popped = new ArrayDeque<>();
        for (int round = 0; round < 20_000; round++) {
            int count = 1 + random.nextInt(Buffers.CAPACITY);
            int first = pop(count);
            for (int i = 0; i < count; i++) {
                popped.add((first + i) % PAGES);
            }
            int given = random.nextInt(count);
            pieces.unpopped(given);
            next = Math.floorMod(next - given, PAGES);
            for (int i = 0; i < given; i++) {
                popped.removeLast();
            }
            SortedSet<Integer> expected = new TreeSet<>();
            while (popped.size() > 3) {
                pieces.used(1, dirty);
                expected.add(popped.remove());
            }
            assertThat(marked()).isEqualTo(expected);
        }
        assertThat(pieces.capacity()).isLessThanOrEqualTo(4 * (Buffers.CAPACITY + 3));
    }

    @Test
    void returnedChainsThatWereWrittenAreMarkedAndNoOthers() {
        int first = pop(10);
        pieces.unpoppedWritten(4, dirty);
        assertThat(marked()).containsExactly(first + 6, first + 7, first + 8, first + 9);
        for (int i = 0; i < 6; i++) {
            pieces.used(i % 2 == 0 ? 100 : 0, dirty);
        }
        assertThat(marked()).containsExactly(first, first + 2, first + 4);
    }
}
