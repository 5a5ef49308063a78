// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class MacTableTest {
    private static final long STATION = 0x0276_0000_0001L;
    private static final long GROUP = 0x0100_5e00_0001L;

    private static final long OWN = 0x5254_0000_0001L;
    private static final int LIMITED = 3;
    private static final int HELD = 4;
    private static final int KEEPING = 5;
    private static final int UPLINK = 6;

    private final MacTable table = new MacTable();
    private final List<String> watch = new ArrayList<>();

    MacTableTest() {
        table.port(0, "zero", PortRules.NONE);
        table.port(1, "one", PortRules.NONE);
        table.port(2, "two", PortRules.NONE);
        table.port(LIMITED, "limited", rules(PortRules.NO_MAC, false, 5, false));
        table.port(HELD, "held", rules(OWN, true, 0, false));
        table.port(KEEPING, "keeping", rules(PortRules.NO_MAC, false, 0, true));
        table.port(
                UPLINK,
                "uplink",
                new PortRules(
                        PortRules.NO_MAC, false, PortRules.UNLIMITED, false, PortRules.UNLIMITED, true, watching()));
    }

    private PortRules rules(long mac, boolean onlyMac, int stations, boolean keeps) {
        return new PortRules(mac, onlyMac, stations, keeps, PortRules.UNLIMITED, false, watching());
    }

    private StationWatch watching() {
        return new StationWatch() {
            @Override
            public void refused(long source, int frames) {
                watch.add("refused " + source + " " + frames);
            }

            @Override
            public void moved(long station, String from) {
                watch.add("moved " + station + " from " + from);
            }

            @Override
            public void lost(long station) {
                watch.add("lost " + station);
            }

            @Override
            public void taken(long station, String by) {
                watch.add("taken " + station + " by " + by);
            }

            @Override
            public void forgotten(long station) {
                watch.add("forgotten " + station);
            }
        };
    }

    @Test
    void theAddressOfAGuestThatRunsIsItsOwnAlone() {
        assertThat(table.heard(OWN, UPLINK, 1)).isFalse();
        assertThat(table.heard(OWN, 0, 1)).isFalse();
        assertThat(table.find(OWN)).isEqualTo(HELD);
    }

    @Test
    void anUplinkHasTheAddressOfAGuestThatDoesNotRunAndNoOtherGuestGetsIt() {
        table.running(HELD, false);
        assertThat(table.find(OWN)).as("no station was seen elsewhere").isEqualTo(HELD);
        assertThat(table.heard(OWN, 0, 1)).isFalse();
        assertThat(table.heard(OWN, UPLINK, 1)).isTrue();
        assertThat(table.find(OWN)).isEqualTo(UPLINK);
        assertThat(table.heard(OWN, 0, 1)).as("while it is lent").isFalse();
        assertThat(table.find(OWN)).isEqualTo(UPLINK);
        table.running(HELD, true);
        assertThat(table.find(OWN)).isEqualTo(HELD);
        assertThat(table.heard(OWN, UPLINK, 1)).as("the uplink's last station").isFalse();
        assertThat(table.heard(OWN, HELD, 1)).isTrue();
        assertThat(watch)
                .containsExactly(
                        "moved " + OWN + " from held", "moved " + OWN + " from uplink", "refused " + OWN + " 1");
    }

    @Test
    void whatIsLentIsNeverPushedOutAndReturnsWhenTheUplinkIsForgotten() {
        table.running(HELD, false);
        assertThat(table.heard(OWN, UPLINK, 1)).isTrue();
        for (long i = 0; i < 200_000; i++) {
            table.heard(0x0aaa_0000_0000L + i, 1, 1);
            table.heard(0x0bbb_0000_0000L + i, UPLINK, 1);
        }
        assertThat(table.find(OWN)).isEqualTo(UPLINK);
        table.forget(UPLINK);
        assertThat(table.find(OWN)).isEqualTo(HELD);
        assertThat(table.heard(OWN, 0, 1)).isFalse();
    }

    @Test
    void whatAGuestKeepsGoesToAnUplinkOnlyWhenTheGuestDoesNotRun() {
        table.heard(STATION, KEEPING, 1);
        assertThat(table.heard(STATION, UPLINK, 1)).isFalse();
        table.running(KEEPING, false);
        assertThat(table.heard(STATION, 0, 1)).as("another guest").isFalse();
        assertThat(table.heard(STATION, UPLINK, 1)).isTrue();
        assertThat(table.find(STATION)).isEqualTo(UPLINK);
    }

    @Test
    void aGuestThatRunsTakesItsAddressBackByAFrameToo() {
        table.running(HELD, false);
        assertThat(table.heard(OWN, UPLINK, 1)).isTrue();
        assertThat(table.heard(OWN, HELD, 1)).isTrue();
        assertThat(table.find(OWN)).isEqualTo(HELD);
        table.running(HELD, true);
        assertThat(table.heard(OWN, UPLINK, 1)).isFalse();
    }

    @Test
    void theStationsOfAPortAreThoseThatWereHeardThereLast() {
        table.heard(STATION, 0, 1);
        table.heard(STATION + 1, 0, 1);
        table.heard(STATION + 2, 0, 1);
        table.heard(STATION + 1, 1, 1);
        long[] all = new long[8];
        assertThat(table.stations(0, all)).isEqualTo(2);
        assertThat(LongStream.of(all).limit(2)).containsExactlyInAnyOrder(STATION, STATION + 2);
        assertThat(table.stations(0, new long[1])).isEqualTo(1);
        assertThat(table.stations(HELD, all)).as("its own, by its rules").isEqualTo(1);
        assertThat(all[0]).isEqualTo(OWN);
    }

    @Test
    void onlyLearnedStationsAreFound() {
        assertThat(table.find(STATION)).isEqualTo(-1);
        assertThat(table.find(0)).isEqualTo(-1);
        assertThat(table.find(0xffff_ffff_ffffL)).isEqualTo(-1);
        table.heard(0, 0, 1);
        table.heard(STATION, 1, 1);
        table.heard(0xfe00_0000_0001L, 2, 1);
        assertThat(table.find(0)).isZero();
        assertThat(table.find(STATION)).isEqualTo(1);
        assertThat(table.find(0xfe00_0000_0001L))
                .as("the upper half of all addresses")
                .isEqualTo(2);
    }

    @Test
    void aStationThatMovesAndReturnsIsFollowed() {
        for (int port : new int[] {0, 1, 0, 2, 1}) {
            table.heard(STATION, port, 1);
            assertThat(table.find(STATION)).isEqualTo(port);
        }
    }

    @Test
    void aPortPushesOutNoStationOfAnother() {
        table.heard(STATION, 0, 1);
        for (long i = 0; i < 100_000; i++) {
            assertThat(table.heard(0x0aaa_0000_0000L + i, 1, 1)).isTrue();
        }
        assertThat(table.find(STATION)).isZero();
    }

    @Test
    void aPortThatHasFilledTheTableMakesRoomForOthers() {
        for (long i = 0; i < 100_000; i++) {
            table.heard(0x0aaa_0000_0000L + i, 1, 1);
        }
        for (int i = 0; i < 500; i++) {
            table.heard(STATION + i, 0, 1);
            assertThat(table.find(STATION + i)).isZero();
        }
        int found = 0;
        for (int i = 0; i < 500; i++) {
            found += table.find(STATION + i) == 0 ? 1 : 0;
        }
        assertThat(found).as("few of one port meet in a bucket").isGreaterThan(490);
    }

    @Test
    void aPortBeyondItsLimitForgetsItsOldestStation() {
        for (long i = 0; i < 5; i++) {
            table.heard(STATION + i, LIMITED, 1);
        }
        assertThat(watch).isEmpty();
        table.heard(STATION, LIMITED, 1);
        table.heard(STATION + 5, LIMITED, 1);
        assertThat(watch).containsExactly("forgotten " + STATION);
        assertThat(table.find(STATION)).isEqualTo(-1);
        assertThat(table.find(STATION + 1)).isEqualTo(LIMITED);
        for (long i = 6; i < 1000; i++) {
            table.heard(STATION + i, LIMITED, 1);
        }
        for (long i = 0; i < 1000; i++) {
            assertThat(table.find(STATION + i)).isEqualTo(i < 995 ? -1 : LIMITED);
        }
        table.heard(STATION, LIMITED, 1);
        assertThat(table.find(STATION)).isEqualTo(LIMITED);
    }

    @Test
    void whatMovedAwayIsNotForgottenInItsNewPlace() {
        for (long i = 0; i < 5; i++) {
            table.heard(STATION + i, LIMITED, 1);
        }
        table.heard(STATION, 0, 1);
        for (long i = 5; i < 20; i++) {
            table.heard(STATION + i, LIMITED, 1);
        }
        assertThat(table.find(STATION)).isZero();
    }

    @Test
    void aMoveIsTold() {
        table.heard(STATION, LIMITED, 1);
        table.heard(STATION, UPLINK, 1);
        table.heard(STATION, UPLINK, 1);
        assertThat(watch).containsExactly("lost " + STATION, "moved " + STATION + " from limited");
    }

    @Test
    void aPortWhoseGuestHasStoppedHasNothingToLose() {
        table.heard(STATION, LIMITED, 1);
        table.running(LIMITED, false);
        table.heard(STATION, UPLINK, 1);
        assertThat(watch).containsExactly("moved " + STATION + " from limited");
    }

    @Test
    void theEldestStationIsTheFirstThatWasHeardAndIsStillThere() {
        assertThat(table.eldest(LIMITED)).isEqualTo(PortRules.NO_MAC);
        table.heard(STATION + 7, LIMITED, 1);
        table.heard(STATION + 3, LIMITED, 1);
        table.heard(STATION + 5, LIMITED, 1);
        assertThat(table.eldest(LIMITED)).isEqualTo(STATION + 7);
        table.heard(STATION + 7, 0, 1);
        assertThat(table.eldest(LIMITED)).isEqualTo(STATION + 3);
        assertThat(table.eldest(0)).as("of a port without a limit").isEqualTo(STATION + 7);
        table.forget(LIMITED);
        assertThat(table.eldest(LIMITED)).isEqualTo(PortRules.NO_MAC);
    }

    @Test
    void aGroupIsRefused() {
        assertThat(table.heard(GROUP, LIMITED, 7)).isFalse();
        assertThat(table.heard(0xffff_ffff_ffffL, LIMITED, 1)).isFalse();
        assertThat(watch).containsExactly("refused " + GROUP + " 7", "refused " + 0xffff_ffff_ffffL + " 1");
    }

    @Test
    void aPortWithOneAddressSendsFromNoOther() {
        assertThat(table.find(OWN)).as("before it was heard").isEqualTo(HELD);
        assertThat(table.heard(STATION, HELD, 3)).isFalse();
        assertThat(table.heard(OWN, HELD, 1)).isTrue();
        assertThat(table.heard(OWN + 1, HELD, 1)).isFalse();
        assertThat(table.heard(OWN, HELD, 1)).isTrue();
        assertThat(table.find(STATION)).isEqualTo(-1);
        assertThat(watch).containsExactly("refused " + STATION + " 3", "refused " + (OWN + 1) + " 1");
    }

    @Test
    void anAddressThatWasGivenCannotBeTaken() {
        for (int i = 0; i < 3; i++) {
            assertThat(table.heard(OWN, LIMITED, 1)).isFalse();
            assertThat(table.find(OWN)).isEqualTo(HELD);
        }
        table.forget(HELD);
        assertThat(table.find(OWN)).isEqualTo(HELD);
        for (long i = 0; i < 100_000; i++) {
            table.heard(0x0aaa_0000_0000L + i, 1, 1);
        }
        assertThat(table.find(OWN)).isEqualTo(HELD);
    }

    @Test
    void aPortThatKeepsItsStationsLosesThemOnlyWhenItIsForgotten() {
        table.heard(STATION, KEEPING, 1);
        assertThat(table.heard(STATION, LIMITED, 2)).isFalse();
        assertThat(table.heard(STATION, KEEPING, 1)).isTrue();
        assertThat(table.find(STATION)).isEqualTo(KEEPING);
        table.forget(KEEPING);
        assertThat(table.heard(STATION, LIMITED, 1)).isTrue();
        assertThat(table.find(STATION)).isEqualTo(LIMITED);
        assertThat(watch).containsExactly("refused " + STATION + " 2");
    }

    @Test
    void ofTwoPortsWithOneAddressTheOneThatRunsHasIt() {
        int other = UPLINK + 1;
        table.port(other, "six", rules(OWN, true, 4, false));
        table.running(other, false);
        assertThat(table.find(OWN)).isEqualTo(HELD);
        // The guest runs at its port; a second port with its address is refused.
        table.running(other, true);
        assertThat(table.find(OWN)).isEqualTo(HELD);
        assertThat(table.heard(OWN, other, 2)).isFalse();
        assertThat(table.heard(OWN, HELD, 1)).isTrue();
        table.running(other, false);
        assertThat(watch).containsExactly("taken " + OWN + " by held", "refused " + OWN + " 2");
        watch.clear();
        // The guest moves to the other port, and back.
        table.running(HELD, false);
        assertThat(table.find(OWN)).isEqualTo(HELD);
        table.running(other, true);
        assertThat(table.find(OWN)).isEqualTo(other);
        assertThat(table.heard(OWN, other, 1)).isTrue();
        assertThat(table.heard(OWN, 0, 1)).as("another guest").isFalse();
        assertThat(table.heard(OWN, UPLINK, 1)).isFalse();
        table.running(other, false);
        table.running(HELD, true);
        assertThat(table.find(OWN)).isEqualTo(HELD);
        assertThat(table.heard(OWN, other, 1)).isFalse();
        // The second port, whose guest began to run too early, gets the address with its first frame after the guest of
        // the first port has stopped.
        table.running(other, true);
        table.running(HELD, false);
        assertThat(table.heard(OWN, other, 1)).isTrue();
        assertThat(table.find(OWN)).isEqualTo(other);
    }

    @Test
    void anAddressOfTwoPortsReturnsFromAnUplinkToTheOneThatRuns() {
        int other = UPLINK + 1;
        table.port(other, "six", rules(OWN, true, 4, false));
        table.running(HELD, false);
        table.running(other, false);
        assertThat(table.heard(OWN, UPLINK, 1)).isTrue();
        table.running(other, true);
        assertThat(table.find(OWN)).isEqualTo(other);
        table.running(other, false);
        assertThat(table.heard(OWN, UPLINK, 1)).isTrue();
        table.forget(UPLINK);
        assertThat(table.find(OWN)).isIn(HELD, other);
        assertThat(table.heard(OWN, 0, 1)).as("another guest").isFalse();
    }

    @Test
    void thereIsRoomForTheStationsOfManyPorts() {
        int ports = 300;
        for (int i = 6; i < ports; i++) {
            table.port(i, "port" + i, PortRules.NONE);
        }
        assertThat(table.find(OWN)).isEqualTo(HELD);
        int found = 0;
        for (int station = 0; station < PortRules.STATIONS; station++) {
            for (int i = 6; i < ports; i++) {
                table.heard(0x0a00_0000_0000L + station * 1000L + i, i, 1);
            }
        }
        for (int station = 0; station < PortRules.STATIONS; station++) {
            for (int i = 6; i < ports; i++) {
                found += table.find(0x0a00_0000_0000L + station * 1000L + i) == i ? 1 : 0;
            }
        }
        assertThat(found).isGreaterThan((ports - 6) * PortRules.STATIONS * 9 / 10);
    }

    @Test
    void aPortIsForgottenWithAllItsStations() {
        table.heard(STATION, 0, 1);
        table.heard(STATION + 1, 0, 1);
        table.heard(STATION + 2, 1, 1);
        table.forget(0);
        assertThat(table.find(STATION)).isEqualTo(-1);
        assertThat(table.find(STATION + 1)).isEqualTo(-1);
        assertThat(table.find(STATION + 2)).isEqualTo(1);
        table.heard(STATION + 1, 0, 1);
        assertThat(table.find(STATION + 1)).isZero();
    }

    /** Each bucket gets fewer stations than it has entries, so no station replaces another. */
    @Test
    void severalLanesLearnAtOnceAndLoseNothing() throws InterruptedException {
        // So few stations that no bucket is full, for any secret of the table.
        assertThat(learnAtOnce(100)).isEqualTo(3 * 100);
    }

    /**
     * There are many more stations than entries: each station takes an entry, possibly that of another station, and no
     * entry is freed. So all entries are in use at the end, in any order of the threads.
     */
    @Test
    void severalLanesFillTheTableAtOnce() throws InterruptedException {
        // One entry is the configured address of a port.
        assertThat(learnAtOnce(20_000)).isEqualTo(table.capacity() - 1);
    }

    /**
     * Lets three lanes learn the given number of stations each, at the same time. Checks the port of each station that
     * is found afterwards, and returns the number of these stations.
     */
    private int learnAtOnce(int stations) throws InterruptedException {
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> lanes = IntStream.range(0, 3)
                .mapToObj(port -> Thread.ofPlatform().start(() -> {
                    awaitQuietly(start);
                    for (long i = 0; i < stations; i++) {
                        table.heard(STATION + 3 * i + port, port, 1);
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

    /** Several lanes learn stations of one port, the port of a guest whose queue pairs are on several lanes. */
    @Test
    void lanesThatHearOnePortKeepItsLimitAndHaveEachStationOnce() throws InterruptedException {
        int most = 4;
        PortRules rules =
                new PortRules(PortRules.NO_MAC, false, most, false, PortRules.UNLIMITED, false, PortRules.NONE.watch());
        for (int round = 0; round < 50; round++) {
            MacTable shared = new MacTable();
            shared.port(0, "guest", rules);
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> lanes = IntStream.range(0, 3)
                    .mapToObj(lane -> Thread.ofPlatform().start(() -> {
                        awaitQuietly(start);
                        for (long i = 0; i < 200; i++) {
                            // Some stations are learned by two lanes.
                            shared.heard(STATION + 2 * i + lane, 0, 1);
                        }
                    }))
                    .toList();
            start.countDown();
            for (Thread lane : lanes) {
                lane.join();
            }
            long[] known = new long[shared.capacity()];
            int count = shared.stations(0, known);
            assertThat(Arrays.stream(known, 0, count).distinct().count()).isEqualTo(count);
            assertThat(count).isBetween(1, most);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aStationIsAsOldAsItsLastFrame() {
        long mine = 0x0200_0000_0001L;
        long other = 0x0200_0000_0002L;
        assertThat(table.heard(mine, 0, 1)).isTrue();
        assertThat(table.lastSeen(mine)).as("before the first time").isZero();
        table.mark(10);
        assertThat(table.heard(mine, 0, 1)).isTrue();
        assertThat(table.heard(other, 0, 1)).isTrue();
        assertThat(table.lastSeen(mine)).isEqualTo(10);
        table.mark(20);
        assertThat(table.heard(other, 0, 1)).isTrue();
        assertThat(table.heard(other, 0, 1)).isTrue();
        assertThat(table.lastSeen(mine)).isEqualTo(10);
        assertThat(table.lastSeen(other)).isEqualTo(20);
        table.mark(30);
        assertThat(table.heard(mine, 1, 1)).as("it has moved").isTrue();
        assertThat(table.lastSeen(mine)).isEqualTo(30);
        table.forget(0);
        assertThat(table.lastSeen(other)).isZero();
        assertThat(table.lastSeen(0x0200_0000_0003L)).isZero();
    }
}
