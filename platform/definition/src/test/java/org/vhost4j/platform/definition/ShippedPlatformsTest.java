// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.probe.HostCapability;

/** Compares the shipped platforms with the features found in the kernels' sources and on running kernels. */
final class ShippedPlatformsTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();

    @ParameterizedTest
    @CsvSource({
        // name, UFO, USO, 128 segments, tunnel, no carrier, reset of single queues in vhost-net
        "linux-3.18, n, n, n, n, n, n",
        "linux-4.0, y, n, n, n, n, n",
        "linux-4.14, n, n, n, n, n, n",
        "linux-4.15, y, n, n, n, n, n",
        "linux-5.4, y, n, n, n, n, n",
        "linux-5.10, y, n, n, n, n, n",
        "linux-5.15, y, n, n, n, n, n",
        "linux-6.0, y, n, n, n, y, n",
        "linux-6.1, y, n, n, n, y, n",
        "linux-6.2, y, y, n, n, y, n",
        "linux-6.3, y, y, n, n, y, y",
        "linux-6.6, y, y, n, n, y, y",
        "linux-6.9, y, y, y, n, y, y",
        "linux-6.12, y, y, y, n, y, y",
        "linux-6.17, y, y, y, y, y, y",
        "linux-6.18, y, y, y, y, y, y",
        "linux-rhel-8.10, y, n, n, n, n, n",
        "linux-rhel-9.2, y, n, n, n, n, n",
        "linux-rhel-9.4, y, n, n, n, n, y",
        "linux-rhel-9.5, y, n, n, n, n, y",
        "linux-rhel-9.6, y, n, n, n, n, y",
        "linux-rhel-10.0, y, y, y, n, y, y",
        "linux-rhel-9.7, y, n, n, n, n, y",
        "linux-rhel-10.1, y, y, y, n, y, y",
        "linux-ubuntu-26.04, y, y, y, y, y, y",
        "linux-sles-15-sp7, y, y, n, n, y, y",
        "linux-debian-11, y, n, n, n, n, n",
        "linux-amazon-2023, y, n, n, n, y, n",
        "linux-amazon-2023-6.12, y, y, y, n, y, y",
        "linux-uek-7, y, n, n, n, n, n",
        "linux-uek-8, y, y, y, n, y, y",
        "linux-pve-8, y, y, n, n, y, y",
        "linux-pve-9, y, y, y, n, y, y",
        "linux-debian-12, y, n, n, n, y, n",
        "linux-debian-13, y, y, y, n, y, y",
        "linux-ubuntu-22.04, y, n, n, n, n, n",
        "linux-ubuntu-22.04-hwe, y, y, n, n, y, y",
        "linux-ubuntu-24.04, y, y, n, n, y, y",
        "linux-sles-15-sp6, y, y, n, n, y, y",
        "linux-sles-16, y, y, y, n, y, y",
    })
    void sayWhatWasSeen(
            String name, String ufo, String uso, String segments, String tunnel, String noCarrier, String ringReset) {
        PlatformDefinition platform = CATALOG.platform(name).orElseThrow();
        for (Feature always : List.of(
                Feature.CSUM,
                Feature.GUEST_CSUM,
                Feature.HOST_TSO4,
                Feature.HOST_TSO6,
                Feature.HOST_ECN,
                Feature.GUEST_TSO4,
                Feature.GUEST_TSO6,
                Feature.GUEST_ECN,
                Feature.MRG_RXBUF)) {
            assertThat(platform.promises(always)).as("%s", always).isTrue();
        }
        expect(platform, ufo, Feature.HOST_UFO, Feature.GUEST_UFO);
        expect(platform, uso, Feature.HOST_USO, Feature.GUEST_USO4, Feature.GUEST_USO6);
        expect(
                platform,
                tunnel,
                Feature.HOST_UDP_TUNNEL_GSO,
                Feature.HOST_UDP_TUNNEL_GSO_CSUM,
                Feature.GUEST_UDP_TUNNEL_GSO,
                Feature.GUEST_UDP_TUNNEL_GSO_CSUM);
        expect(platform, ringReset, Feature.RING_RESET);
        assertThat(platform.requires().contains(HostCapability.VHOST_NET_RING_RESET))
                .isEqualTo(ringReset.equals("y"));
        assertThat(platform.requires().contains(HostCapability.VHOST_NET_TUNNEL))
                .isEqualTo(tunnel.equals("y"));
        assertThat(platform.requires().contains(HostCapability.VHOST_NET_IN_ORDER))
                .isEqualTo(tunnel.equals("y"));
        assertThat(platform.requires()).contains(HostCapability.VHOST_NET_MRG_RXBUF);
        assertThat(platform.requires().contains(HostCapability.TAP_UDP_L4_128)).isEqualTo(segments.equals("y"));
        assertThat(platform.requires().contains(HostCapability.TAP_NO_CARRIER)).isEqualTo(noCarrier.equals("y"));
    }

    private static void expect(PlatformDefinition platform, String yes, Feature... features) {
        for (Feature feature : features) {
            assertThat(platform.promises(feature)).as("%s", feature).isEqualTo(yes.equals("y"));
        }
    }

    @Test
    void noTwoDefinitionsShareAName() {
        List<String> names = new ArrayList<>();
        CATALOG.platforms().forEach(platform -> {
            names.add(platform.name());
            names.addAll(platform.aliases());
        });
        assertThat(names).doesNotHaveDuplicates();
    }

    @Test
    void mainlineIsInOrder() {
        assertThat(CATALOG.platforms().stream()
                        .filter(platform -> platform.line().equals(PlatformDefinition.MAINLINE))
                        .map(PlatformDefinition::name))
                .containsExactly(
                        "linux-6.17",
                        "linux-6.9",
                        "linux-6.3",
                        "linux-6.2",
                        "linux-6.0",
                        "linux-4.15",
                        "linux-4.14",
                        "linux-4.0",
                        "linux-3.18");
    }
}
