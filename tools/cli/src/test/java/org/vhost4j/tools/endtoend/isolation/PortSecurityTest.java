// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.vhostuser.server.PortSecurity;

/**
 * Tests that a guest that sends from its neighbours' addresses, or from a hundred thousand others, receives none of
 * their frames.
 */
class PortSecurityTest {
    private static final long ONE = 0x0200_0000_00a1L;
    private static final long TWO = 0x0200_0000_00a2L;
    private static final long THREE = 0x0200_0000_0003L;
    private static final Limit LIMIT = Limit.times(3, Duration.ofMillis(20));

    private static byte[] frame(int from, int to) {
        byte[] frame = PacketBuilder.udp4().macs(from, to).payload(100, 0).complete();
        station(frame, 0, to);
        station(frame, 6, from);
        return frame;
    }

    /** Writes the address of a station, 02:00:00:00:00:xx; 255 stands for all. */
    private static void station(byte[] frame, int at, int station) {
        Arrays.fill(frame, at, at + 6, (byte) (station == 255 ? 255 : 0));
        frame[at] = (byte) (station == 255 ? 255 : 2);
        frame[at + 5] = (byte) station;
    }

    /** A frame from one of many stations to itself: no other port has to take it. */
    private static byte[] invented(int number) {
        byte[] frame = frame(7, 255);
        frame[7] = 1;
        frame[9] = (byte) (number >>> 16);
        frame[10] = (byte) (number >>> 8);
        frame[11] = (byte) number;
        System.arraycopy(frame, 6, frame, 0, 6);
        return frame;
    }

    /** Takes all that a guest has received; how many frames were from one of the neighbours to the other. */
    private static int overheard(NetDriver driver) {
        int count = 0;
        for (var frame = driver.poll(0); frame.isPresent(); frame = driver.poll(0)) {
            byte[] bytes = frame.get().bytes();
            int to = bytes[5] & 0xff;
            count += bytes[0] == 2 && (to == 0xa1 || to == 0xa2) ? 1 : 0;
        }
        return count;
    }

    @Test
    void aGuestThatSendsFromANeighboursAddressGetsNoneOfItsFrames() {
        try (TestBackEnd backEnd = TestBackEnd.secured(PortSecurity.DEFAULT, THREE, ONE, TWO);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(1), backEnd.socket(2));
                NetDriver thief = backEnd.attach(0, NetSetup.full())) {
            Rounds.of("a guest sends from a neighbour's MAC address", LIMIT).run(neighbours, () -> {
                for (int i = 0; i < 500; i++) {
                    thief.send(frame(i % 2 == 0 ? 0xa1 : 0xa2, 9));
                }
                thief.awaitSent();
            });
            assertThat(overheard(thief)).isZero();
            long refused = backEnd.backend().counters(0).get(Counter.TX_BAD_SOURCE);
            assertThat(refused).isGreaterThanOrEqualTo(500).isEqualTo(500L * (refused / 500));
            // Said once a minute: many rounds take longer.
            backEnd.awaitLine("guest0", "02:00:00:00:00:a1", "was dropped");
        }
    }

    @Test
    void aNeighbourThatIsSilentIsNotOverheard() {
        try (TestBackEnd backEnd = TestBackEnd.secured(PortSecurity.DEFAULT, THREE, ONE, TWO);
                NetDriver third = backEnd.attach(0, NetSetup.full());
                NetDriver one = backEnd.attach(1, NetSetup.full());
                NetDriver two = backEnd.attach(2, NetSetup.full())) {
            for (int i = 0; i < 50; i++) {
                one.send(frame(0xa1, 0xa2));
                two.receive();
            }
            one.send(frame(0xa1, 3));
            assertThat(third.receive().bytes()).isEqualTo(frame(0xa1, 3));
            assertThat(overheard(third)).isZero();
        }
    }

    @Test
    void aGuestWithManyAddressesEvictsNoOther() {
        try (TestBackEnd backEnd = TestBackEnd.secured(
                        PortSecurity.DEFAULT, PortRules.NO_MAC, PortRules.NO_MAC, PortRules.NO_MAC);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(1), backEnd.socket(2));
                NetDriver many = backEnd.attach(0, NetSetup.full())) {
            int[] next = {0};
            Rounds.of("a guest sends from thousands of MAC addresses", LIMIT).run(neighbours, () -> {
                for (int i = 0; i < 20_000; i++) {
                    many.send(invented(next[0]++));
                }
                many.awaitSent();
            });
            assertThat(overheard(many)).isZero();
            assertThat(backEnd.backend().counters(0).get(Counter.STATIONS_FORGOTTEN))
                    .isEqualTo(next[0] - PortRules.STATIONS);
            backEnd.awaitLine("guest0", "more stations than a port may have");
        }
    }

    @Test
    void aStationThatWasHeardCannotBeTakenWhereThatIsAskedFor() {
        PortSecurity on = new PortSecurity(PortSecurity.Mode.ON, PortRules.UNLIMITED);
        try (TestBackEnd backEnd = TestBackEnd.secured(on, PortRules.NO_MAC, PortRules.NO_MAC, PortRules.NO_MAC);
                Neighbours neighbours = Neighbours.attach(backEnd.socket(1), backEnd.socket(2));
                NetDriver thief = backEnd.attach(0, NetSetup.full())) {
            Report report = neighbours.during(Duration.ofMillis(500), () -> {
                for (int i = 0; i < 500; i++) {
                    thief.send(frame(0xa1, 9));
                }
                thief.awaitSent();
            });
            assertThat(report.lost()).as("%s", report).isZero();
            assertThat(overheard(thief)).isZero();
            assertThat(backEnd.backend().counters(0).get(Counter.TX_BAD_SOURCE)).isEqualTo(500);
        }
    }

    @Test
    void aMoveIsCountedAndSaid() {
        try (TestBackEnd backEnd = TestBackEnd.secured(PortSecurity.DEFAULT, PortRules.NO_MAC, PortRules.NO_MAC);
                NetDriver here = backEnd.attach(0, NetSetup.full());
                NetDriver there = backEnd.attach(1, NetSetup.full())) {
            for (int i = 0; i < 5; i++) {
                here.send(frame(5, 255));
                there.receive();
                there.send(frame(5, 255));
                here.receive();
            }
            assertThat(backEnd.backend().counters(1).get(Counter.STATIONS_MOVED))
                    .isEqualTo(5);
            assertThat(backEnd.backend().counters(0).get(Counter.STATIONS_MOVED))
                    .isEqualTo(4);
            backEnd.assertSaidOnce("guest1", "station 02:00:00:00:00:05 has moved here from guest0");
            // From the second time on it is clear that both have it.
            assertThat(backEnd.backend().counters(0).get(Counter.STATIONS_CLAIMED))
                    .isEqualTo(4);
            assertThat(backEnd.backend().counters(1).get(Counter.STATIONS_CLAIMED))
                    .isEqualTo(4);
            backEnd.assertSaidOnce(
                    "guest0",
                    "station 02:00:00:00:00:05 is here and at guest1, which receives its frames: give every guest an"
                            + " address of its own");
        }
    }

    @Test
    void framesForAllAreLimited() {
        PortSecurity limited = new PortSecurity(PortSecurity.Mode.AUTO, 20);
        try (TestBackEnd backEnd = TestBackEnd.secured(limited, PortRules.NO_MAC, PortRules.NO_MAC, PortRules.NO_MAC);
                NetDriver storm = backEnd.attach(0, NetSetup.full());
                NetDriver other = backEnd.attach(1, NetSetup.full())) {
            other.send(frame(2, 255));
            storm.receive();
            int sent = 5_000;
            int came = 0;
            for (int i = 0; i < sent; i++) {
                storm.send(frame(1, 255));
                // A sender that takes seconds sends more than the other has buffers for.
                while (other.poll(0).isPresent()) {
                    came++;
                }
            }
            storm.send(frame(1, 2));
            while (other.receive().bytes()[5] != 2) {
                came++;
            }
            assertThat(came).isBetween(20, sent / 2);
            assertThat(backEnd.backend().counters(0).get(Counter.TX_FLOOD_LIMIT))
                    .isEqualTo(sent - came);
            backEnd.awaitLine("guest0", "more than the limit of a second");
        }
    }
}
