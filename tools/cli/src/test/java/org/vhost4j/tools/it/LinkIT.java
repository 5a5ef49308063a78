// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.Traffic;
import org.vhost4j.vhostuser.server.Attach;

/** Tests the link state that guests see: one with the back-end's config space, and one with QEMU's. */
class LinkIT {
    private static final String ONE_PING = "ping -c 1 -W 2 ";

    @TempDir
    Path directory;

    @Test
    void theLinkGoesDownAndUpAgain() throws IOException {
        try (LabFixture lab =
                LabFixture.start(directory, Map.of(), "linux-6.17", List.of(), Attach.DEVICE, Attach.NETDEV)) {
            Guest ours = lab.startDeviceGuest(0);
            Guest theirs = lab.startNetdevGuest(1, "11", "", "mac=02:00:00:00:00:02");
            ours.waitUntilUp();
            theirs.waitUntilUp();
            Traffic.configure(ours, 1);
            Traffic.configure(theirs, 2);
            Traffic.ping(ours, Traffic.address(2));

            link(lab, "guest0", false);
            awaitCarrier(ours, 0);
            assertThat(theirs.must(ONE_PING + Traffic.address(1) + " || true")).contains("100% packet loss");
            link(lab, "guest0", true);
            awaitCarrier(ours, 1);
            Traffic.ping(ours, Traffic.address(2));

            link(lab, "guest1", false);
            assertThat(theirs.must(ONE_PING + Traffic.address(1) + " || true")).contains("100% packet loss");
            assertThat(theirs.must("cat /sys/class/net/eth0/carrier")).isEqualTo("1\n");
            link(lab, "guest1", true);
            Traffic.ping(theirs, Traffic.address(1));
            lab.assertNoTrouble();
        }
    }

    private static void link(LabFixture lab, String guest, boolean up) {
        assertThat(lab.backend().link(guest, up).join()).isTrue();
    }

    private static void awaitCarrier(Guest guest, int carrier) {
        guest.must(
                "for i in $(seq 600); do [ $(cat /sys/class/net/eth0/carrier) = %d ] && exit 0; sleep 0.1; done; exit 1"
                        .formatted(carrier));
    }
}
