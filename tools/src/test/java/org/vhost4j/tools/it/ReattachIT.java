// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.tools.lab.Guest;
import org.vhost4j.tools.lab.Traffic;
import org.vhost4j.vhostuser.server.Attach;

/** A front-end that dies is replaced by a new one, while the other guest runs on. */
class ReattachIT {
    @TempDir
    Path directory;

    @Test
    void frontEndIsKilledAndANewOneAttaches() throws IOException {
        try (LabFixture lab =
                LabFixture.start(directory, Map.of(), "linux-6.17", List.of(), Attach.DEVICE, Attach.DEVICE)) {
            Guest stays = lab.startDeviceGuest(0);
            Guest dies = lab.startDeviceGuest(1);
            stays.waitUntilUp();
            dies.waitUntilUp();
            Traffic.configure(stays, 1);
            Traffic.configure(dies, 2);
            Traffic.ping(stays, Traffic.address(2));

            dies.kill();
            Guest next = lab.startDeviceGuest(1);
            next.waitUntilUp();
            Traffic.configure(next, 2);
            Traffic.ping(stays, Traffic.address(2));
            Traffic.Exchange exchange = Traffic.datagrams(next, stays, Traffic.address(1), "-n 2000");
            org.assertj.core.api.Assertions.assertThat(exchange.ok()).isTrue();
            lab.assertNoTrouble();
        }
    }
}
