// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.offload.OffloadCounter;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.Traffic;
import org.vhost4j.vhostuser.server.Attach;

/**
 * Tests features that are off by default with Linux's driver: receive-side scaling, hash reports, notification
 * coalescing, statistics.
 */
class DriverFeaturesIT {
    private static final FeatureSet ASKED = FeatureSet.of(
            Feature.RSS,
            Feature.HASH_REPORT,
            Feature.NOTF_COAL,
            Feature.VQ_NOTF_COAL,
            Feature.DEVICE_STATS,
            Feature.SPEED_DUPLEX);

    @TempDir
    Path directory;

    @Test
    void linuxConfiguresAndReadsThem() throws IOException {
        Map<String, String> settings = Map.of(
                "rss",
                "on",
                "hash",
                "on",
                "notf_coal",
                "on",
                "vq_notf_coal",
                "on",
                "device_stats",
                "on",
                "speed",
                "25000");
        try (LabFixture lab =
                LabFixture.start(directory, settings, "linux-6.17", List.of(), Attach.DEVICE, Attach.DEVICE)) {
            Guest one = lab.startDeviceGuest(0);
            Guest two = lab.startDeviceGuest(1);
            one.waitUntilUp();
            two.waitUntilUp();
            Traffic.configure(one, 1);
            Traffic.configure(two, 2);
            assertThat(lab.negotiated(0).and(ASKED)).isEqualTo(ASKED);
            assertThat(Traffic.datagrams(one, two, Traffic.address(2), "-n 2000")
                            .ok())
                    .isTrue();

            String statistics = one.must("ethtool -S eth0");
            assertThat(statistics).containsPattern("(?m)^ *tx0?_?.*packets: [1-9]");
            assertThat(statistics).contains("interrupts");
            // udpcheck's datagrams travel in super-frames, which pass whole until their receiver takes none. Linux
            // shows what came through whole here, and the other values of segmentation by netlink.
            long whole = counted(statistics, "tx0_hw_gso_packets_noseg:");
            assertThat(counted(statistics, "tx0_hw_gso_bytes_noseg:"))
                    .isGreaterThan(1500 * whole)
                    .isPositive();
            assertThat(counted(one.must("qstats eth0"), "tx0 tx-hw-gso-packets"))
                    .isGreaterThanOrEqualTo(whole)
                    .isPositive();
            String received = two.must("qstats eth0");
            assertThat(counted(received, "rx0 rx-hw-gro-packets")).isPositive();
            assertThat(counted(received, "rx0 rx-hw-gro-bytes"))
                    .isGreaterThan(1500 * counted(received, "rx0 rx-hw-gro-packets"));
            assertThat(counted(received, "rx0 rx-hw-gro-wire-packets"))
                    .as("coalesced by the device")
                    .isZero();

            two.must("ethtool -K eth0 rx-gro-hw off");
            assertThat(Traffic.datagrams(one, two, Traffic.address(2), "-n 2000")
                            .ok())
                    .isTrue();
            long cut = lab.backend().offloads().get(OffloadCounter.CUT_UDP_L4);
            assertThat(cut).isPositive();
            statistics = one.must("ethtool -S eth0");
            assertThat(counted(statistics, "tx0_hw_gso_packets_noseg:")).isEqualTo(whole);
            assertThat(counted(one.must("qstats eth0"), "tx0 tx-hw-gso-packets"))
                    .isEqualTo(whole + cut);
            one.must("ethtool -C eth0 rx-usecs 100 rx-frames 8");
            assertThat(one.must("ethtool -c eth0"))
                    .containsPattern("rx-usecs:\\s+100")
                    .containsPattern("rx-frames:\\s+8");
            assertThat(one.must("ethtool -x eth0")).contains("RSS hash key");
            assertThat(one.must("ethtool eth0")).contains("25000Mb/s");
            assertThat(Traffic.datagrams(one, two, Traffic.address(2), "-n 2000")
                            .ok())
                    .isTrue();
            lab.assertNoTrouble();
        }
    }

    private static long counted(String statistics, String name) {
        Matcher line = Pattern.compile("(?m)^ *" + name + " ([0-9]+)$").matcher(statistics);
        assertThat(line.find()).as("%s in %s", name, statistics).isTrue();
        return Long.parseLong(line.group(1));
    }
}
