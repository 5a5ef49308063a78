// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.IperfResult;
import org.vhost4j.guests.lab.Traffic;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.tools.run.AttachHelp;
import org.vhost4j.tools.run.TapUplink;
import org.vhost4j.vhostuser.server.Attach;

/**
 * Tests the host's stock QEMU with {@code -netdev vhost-user}, and a TAP of the kernel. QEMU 7.2 under TCG crashes when
 * a vhost-user netdev starts with MSI-X, so its device has no vectors.
 */
class GuestToHostIT {
    private static final String[] DEVICE = {"mac=02:00:00:00:00:01", "vectors=0"};

    @TempDir
    Path directory;

    private final List<String> tapTroubles = new CopyOnWriteArrayList<>();

    @Test
    void superFramesReachTheKernelAndComeBack() throws IOException {
        try (LabFixture lab = start(TapNetwork.name(0), Map.of());
                TapNetwork host = new TapNetwork(TapNetwork.name(0))) {
            host.take();
            Guest guest = lab.startNetdevGuest(0, "stock", "", DEVICE);
            guest.waitUntilUp();
            Traffic.configure(guest, 1);
            assertThat(lab.negotiated(0).names())
                    .contains("HOST_TSO4", "HOST_TSO6", "GUEST_TSO4", "GUEST_TSO6", "CSUM", "GUEST_CSUM", "MRG_RXBUF");
            exchange(lab, host, guest);
            Counters counters = lab.backend().counters(0);
            assertThat(counters.get(Counter.TX_TCPV4)).isPositive();
            assertThat(counters.get(Counter.TX_TCPV6)).isPositive();
            assertThat(counters.get(Counter.RX_TCPV4)).isPositive();
            assertThat(counters.get(Counter.RX_TCPV6)).isPositive();
        }
    }

    @Test
    void aGuestWithoutOffloads() throws IOException {
        Map<String, String> none = new java.util.LinkedHashMap<>();
        for (String property : List.of(
                "csum",
                "guest_csum",
                "host_tso4",
                "host_tso6",
                "host_ecn",
                "host_ufo",
                "host_uso",
                "guest_tso4",
                "guest_tso6",
                "guest_ecn",
                "guest_ufo",
                "guest_uso4",
                "guest_uso6")) {
            none.put(property, "off");
        }
        try (LabFixture lab = start(TapNetwork.name(1), none);
                TapNetwork host = new TapNetwork(TapNetwork.name(1))) {
            host.take();
            Guest guest = lab.startNetdevGuest(0, "stock", "", DEVICE);
            guest.waitUntilUp();
            Traffic.configure(guest, 1);
            assertThat(lab.negotiated(0).names()).doesNotContain("CSUM", "GUEST_CSUM", "HOST_TSO4", "GUEST_TSO4");
            exchange(lab, host, guest);
            Counters counters = lab.backend().counters(0);
            assertThat(counters.get(Counter.TX_TCPV4) + counters.get(Counter.RX_TCPV4))
                    .isZero();
        }
    }

    /** The back-end is restarted under a running guest, whose QEMU attaches again by itself. */
    @Test
    void backendRestarts() throws IOException {
        try (LabFixture lab = start(TapNetwork.name(2), Map.of());
                TapNetwork host = new TapNetwork(TapNetwork.name(2))) {
            host.take();
            Guest guest = lab.startNetdevGuest(0, "11", ",reconnect-ms=200", DEVICE[0]);
            guest.waitUntilUp();
            Traffic.configure(guest, 1);
            Traffic.ping(guest, Traffic.address(TapNetwork.HOST));

            // The TAP goes with the back-end that made it, and comes with the next.
            lab.restartBackend();
            host.take();
            // QEMU tries again every 200 ms; the first answer may take a few of those.
            guest.run("ping -c 1 -w 60 " + Traffic.address(TapNetwork.HOST), Duration.ofMinutes(2))
                    .orFail();
            exchange(lab, host, guest);
            assertThat(guest.isAlive()).isTrue();
        }
    }

    /** What the kernel sends lands in buffers that have to be asked for one by one. */
    @Test
    void aGuestBehindAnIommu() throws IOException {
        try (LabFixture lab = start(TapNetwork.name(3), Map.of("iommu_platform", "on"));
                TapNetwork host = new TapNetwork(TapNetwork.name(3))) {
            host.take();
            List<String> arguments = new ArrayList<>(AttachHelp.iommu("pc-q35"));
            arguments.addAll(AttachHelp.netdev(lab.endpoint(0), 0, 1, lab.netdevProperties()));
            Guest guest = lab.start(0, List.of("--append", "intel_iommu=on iommu.strict=0"), arguments);
            guest.waitUntilUp();
            Traffic.configure(guest, 1);
            assertThat(lab.negotiated(0).has(Feature.ACCESS_PLATFORM)).isTrue();
            exchange(lab, host, guest);
            assertThat(lab.backend().counters(0).get(Counter.RX_TCPV4)).isPositive();
            assertThat(lab.backend().counters(0).get(Counter.TX_TCPV4)).isPositive();
        }
    }

    private LabFixture start(String ifname, Map<String, String> settings) {
        return LabFixture.start(
                directory,
                settings,
                "linux-6.12",
                List.of(new TapUplink(ifname, HostProbe.probe(), tapTroubles::add)),
                Attach.NETDEV);
    }

    private void exchange(LabFixture lab, TapNetwork host, Guest guest) throws IOException {
        Traffic.ping(guest, Traffic.address(TapNetwork.HOST));
        Traffic.ping(guest, Traffic.address6(TapNetwork.HOST));
        Process server = host.iperfServer();
        try {
            for (String address : List.of(Traffic.address(TapNetwork.HOST), Traffic.address6(TapNetwork.HOST))) {
                for (String direction : List.of("", "-R")) {
                    IperfResult tcp = Traffic.iperf(guest, address, direction, 1);
                    assertThat(tcp.bytes()).as("TCP %s %s", address, direction).isPositive();
                }
                IperfResult udp = Traffic.iperf(guest, address, "-u -b 10M", 1);
                assertThat(udp.bytes()).as("UDP %s", address).isPositive();
            }
        } finally {
            server.destroy();
        }
        // What is lost, if anything is, is lost in the guest or in the kernel's queues: we refused nothing.
        Counters counters = lab.backend().counters(0);
        assertThat(counters.get(Counter.TX_BAD_HEADER)).isZero();
        assertThat(counters.get(Counter.RX_TOO_LONG)).isZero();
        assertThat(tapTroubles).isEmpty();
        lab.assertNoTrouble();
    }
}
