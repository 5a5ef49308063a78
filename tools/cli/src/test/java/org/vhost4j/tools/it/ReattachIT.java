// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.Traffic;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.Attach;

/** Tests that a front-end that dies can be replaced by a new one, while the other guest continues. */
class ReattachIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

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
            assertThat(exchange.ok()).isTrue();
            lab.assertNoTrouble();
        }
    }

    /** QEMU says "vhost lacks feature mask" when it finds out by itself, and the guest has no network from then on. */
    @Test
    void aBackEndThatOffersLessSaysSoAndTheNextThatDoesNotContinues() throws IOException {
        FeatureSet tso = FeatureSet.of(Feature.HOST_TSO4, Feature.HOST_TSO6, Feature.HOST_ECN);
        try (LabFixture lab =
                LabFixture.start(directory, Map.of(), "linux-6.17", List.of(), Attach.NETDEV, Attach.DEVICE)) {
            Guest guest = lab.startNetdevGuest(0, "11", ",reconnect-ms=200", "vectors=0");
            Guest other = lab.startDeviceGuest(1);
            guest.waitUntilUp();
            other.waitUntilUp();
            Traffic.configure(guest, 1);
            Traffic.configure(other, 2);
            Traffic.ping(guest, Traffic.address(2));
            FeatureSet before = lab.negotiated(0);
            assertThat(before.minus(tso)).isNotEqualTo(before);

            // QEMU's generic device does not attach again.
            other.kill();
            lab.restartBackendWithout(tso);
            Await.until(() -> "trouble", PATIENCE, () -> !lab.troubles().isEmpty());
            assertThat(lab.troubles())
                    .singleElement()
                    .asString()
                    .startsWith("guest0: its guest has acknowledged HOST_TSO4 HOST_TSO6")
                    .contains("offered by platform linux-6.17, and less offers less");

            lab.restartBackend();
            Await.until(
                    () -> "the same features again",
                    PATIENCE,
                    () -> lab.negotiated(0).equals(before));
            Guest next = lab.startDeviceGuest(1);
            next.waitUntilUp();
            Traffic.configure(next, 2);
            Traffic.ping(guest, Traffic.address(2));
            assertThat(guest.qemuLog()).doesNotContain("lacks feature mask");
        }
    }
}
