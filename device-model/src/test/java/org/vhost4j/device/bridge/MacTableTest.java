// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MacTableTest {
    private static final long STATION = 0x0276_0000_0001L;
    private static final long GROUP = 0x0100_5e00_0001L;

    private final MacTable table = new MacTable();

    MacTableTest() {
        table.ports(3);
    }

    @Test
    void whoWasHeardIsFoundAndNobodyElse() {
        assertThat(table.find(STATION)).isEqualTo(-1);
        assertThat(table.find(0)).isEqualTo(-1);
        assertThat(table.find(0xffff_ffff_ffffL)).isEqualTo(-1);
        table.heard(0, 0);
        table.heard(STATION, 1);
        table.heard(0xfe00_0000_0001L, 2);
        assertThat(table.find(0)).isZero();
        assertThat(table.find(STATION)).isEqualTo(1);
        assertThat(table.find(0xfe00_0000_0001L))
                .as("the upper half of all addresses")
                .isEqualTo(2);
    }

    @Test
    void aGroupSendsNothing() {
        table.heard(GROUP, 1);
        assertThat(table.find(GROUP)).isEqualTo(-1);
    }

    @Test
    void aStationThatMovesAndReturnsIsFollowed() {
        for (int port : new int[] {0, 1, 0, 2, 1}) {
            table.heard(STATION, port);
            assertThat(table.find(STATION)).isEqualTo(port);
        }
    }

    @Test
    void aStationThatGaveWayToOthersIsLearnedAgain() {
        table.heard(STATION, 0);
        for (long i = 0; i < 100_000; i++) {
            table.heard(0x0aaa_0000_0000L + i, 1);
        }
        assertThat(table.find(STATION)).as("it was pushed out").isEqualTo(-1);
        table.heard(STATION, 0);
        assertThat(table.find(STATION)).isZero();
    }

    @Test
    void aPortIsForgottenWithAllItsStations() {
        table.heard(STATION, 0);
        table.heard(STATION + 1, 0);
        table.heard(STATION + 2, 1);
        table.forget(0);
        assertThat(table.find(STATION)).isEqualTo(-1);
        assertThat(table.find(STATION + 1)).isEqualTo(-1);
        assertThat(table.find(STATION + 2)).isEqualTo(1);
        table.heard(STATION + 1, 0);
        assertThat(table.find(STATION + 1)).isZero();
    }

    /** Fewer stations than a bucket has entries fall into each bucket, so none gives way to another. */
    @Test
    void severalLanesLearnAtOnceAndLoseNothing() throws InterruptedException {
        assertThat(learnAtOnce(300)).isEqualTo(3 * 300);
    }

    /**
     * Many times as many stations as there are entries: each station takes an entry for itself, perhaps of another one, and none is freed;
     * so all entries are in use at the end, whatever the order was.
     */
    @Test
    void severalLanesFillTheTableAtOnce() throws InterruptedException {
        assertThat(learnAtOnce(20_000)).isEqualTo(MacTable.CAPACITY);
    }

    /** Three lanes hear so many stations each, at the same time; how many of them are found afterwards, all on the right port. */
    private int learnAtOnce(int stations) throws InterruptedException {
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> lanes = IntStream.range(0, 3)
                .mapToObj(port -> Thread.ofPlatform().start(() -> {
                    awaitQuietly(start);
                    for (long i = 0; i < stations; i++) {
                        table.heard(STATION + 3 * i + port, port);
                    }
                }))
                .toList();
        start.countDown();
        for (Thread lane : lanes) {
            lane.join();
        }
        int found = 0;
        for (long i = 0; i < 3L * stations; i++) {
            int port = table.find(STATION + i);
            if (port >= 0) {
                found++;
                assertThat(port).isEqualTo((int) (i % 3));
            }
        }
        return found;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
