// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.guests.lab.HostShell;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.tools.endtoend.isolation.Neighbours;
import org.vhost4j.tools.endtoend.isolation.Report;
import org.vhost4j.tools.run.PacketUplink;
import org.vhost4j.tools.run.TapUplink;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * Tests the replacement of a back-end with a guest and a TAP while numbered frames are sent: none is lost, duplicated
 * or damaged, neither by the guest's rings nor by the TAP. A second back-end, which is not replaced, has a packet
 * socket on the TAP's interface and the other guest.
 */
@Timeout(3600)
class HandOverToTapIT {
    private static final Duration LENGTH = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    static List<Arguments> setups() {
        NetSetup split = NetSetup.full();
        return List.of(
                Arguments.argumentSet("split, one lane", split, 1, "split, one lane"),
                Arguments.argumentSet("packed, two lanes", split.packed(), 2, "packed, two lanes"),
                Arguments.argumentSet("a queue for each lane", split, 2, "a queue for each of two lanes"));
    }

    private static TestBackEnd backEnd(int guests, int lanes, Uplink uplink) {
        return TestBackEnd.of(
                guests,
                config -> config.lanes(lanes)
                        .switching(new Switching.Bridged(List.of(uplink)))
                        .receiveTimeouts(new ReceiveTimeouts(PATIENCE, PATIENCE)));
    }

    private static void ignore(String line) {
        // Ports say what they cannot do; the counts of frames decide.
    }

    /** A longer queue than the TAP has by itself, for as many frames as come while back-ends change; and no frames of the host's own. */
    private static void prepare(String tap) throws IOException {
        HostShell.run("sysctl -qw net.ipv6.conf." + tap + ".disable_ipv6=1; ip link set " + tap
                + " txqueuelen 20000 && ip link set " + tap + " up");
    }

    @ParameterizedTest
    @MethodSource("setups")
    void nothingIsLostOrDoubled(NetSetup setup, int lanes, String what) throws Exception {
        boolean laneQueues = what.startsWith("a queue");
        String tap = "v4jh" + (laneQueues ? "q" : lanes) + "-"
                + ProcessHandle.current().pid();
        HostCapabilities probed = HostProbe.probe();
        Uplink uplink = laneQueues
                ? TapUplink.onEveryLane(tap, probed, HandOverToTapIT::ignore)
                : new TapUplink(tap, probed, HandOverToTapIT::ignore);
        // The other guest, without a front-end, makes a second lane; a guest of that lane has its queue of the TAP.
        try (TestBackEnd replaced = backEnd(lanes, lanes, uplink)) {
            prepare(tap);
            try (TestBackEnd host = backEnd(1, 1, new PacketUplink(tap, HandOverToTapIT::ignore));
                    Neighbours neighbours =
                            Neighbours.attach(replaced.socket(laneQueues ? 1 : 0), host.socket(0), setup)) {
                neighbours.rate(TakeOverRounds.rate(20_000) / 2);
                TakeOverRounds rounds = new TakeOverRounds("guest to TAP, " + what);
                for (int i = 0; i < TakeOverRounds.rounds(2); i++) {
                    Report quiet = neighbours.quiet(LENGTH);
                    rounds.add(quiet, neighbours.during(LENGTH, () -> replaced.replace(replaced.config())));
                }
                rounds.finish();
            }
        }
    }
}
