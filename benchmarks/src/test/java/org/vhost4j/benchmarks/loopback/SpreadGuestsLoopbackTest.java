// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks.loopback;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that the benchmark of lanes measures what it claims: every sent frame is received, on the lane that the case
 * requires.
 */
class SpreadGuestsLoopbackTest {
    private static final int BURST = 32;
    private static final int RING = 64;
    private static final int MEMORY = 1 << 20;
    private static final int MOST_BURSTS = 1000;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void framesStayOnTheirLane(boolean packed) {
        try (Arena arena = Arena.ofConfined()) {
            SpreadGuests guests = new SpreadGuests(arena, packed, 2, false, 100, RING, MEMORY);
            for (int round = 0; round < 10; round++) {
                for (int lane = 0; lane < 2; lane++) {
                    assertThat(guests.lane(lane).exchange(BURST)).isEqualTo(BURST);
                    assertThat(guests.lane(1 - lane).turn()).isZero();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void framesCrossToTheOtherLane(boolean packed) {
        try (Arena arena = Arena.ofConfined()) {
            SpreadGuests guests = new SpreadGuests(arena, packed, 2, true, 100, RING, MEMORY);
            for (int round = 0; round < 10; round++) {
                for (int lane = 0; lane < 2; lane++) {
                    assertThat(guests.lane(lane).exchange(BURST)).isZero();
                    assertThat(guests.lane(1 - lane).turn()).isEqualTo(BURST);
                }
            }
        }
    }

    /** A lane that has stopped takes no frames; the other one can be stopped while it waits, and loses nothing. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWaitForAStoppedLaneCanBeStopped(boolean packed) {
        try (Arena arena = Arena.ofConfined()) {
            SpreadGuests guests = new SpreadGuests(arena, packed, 2, true, 100, RING, MEMORY);
            AtomicInteger polls = new AtomicInteger();
            int bursts = 0;
            do {
                polls.set(0);
                guests.lane(0).exchange(BURST, () -> polls.getAndIncrement() == MOST_BURSTS);
                bursts++;
            } while (polls.get() <= MOST_BURSTS && bursts < MOST_BURSTS);
            assertThat(bursts).isBetween(2, MOST_BURSTS - 1);
            int received = 0;
            for (int came = guests.lane(1).turn();
                    came > 0;
                    came = guests.lane(1).turn()) {
                received += came;
                // Room again: nothing new is offered while this many are left.
                guests.lane(0).exchange(0);
            }
            assertThat(received).isEqualTo(bursts * BURST);
        }
    }
}
