// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.IperfResult;
import org.vhost4j.guests.lab.Traffic;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.tools.run.AttachHelp;
import org.vhost4j.vhostuser.server.Attach;

/**
 * Tests a real guest behind an IOMMU of its machine, which maps and unmaps each buffer separately, and a guest without
 * one.
 */
class IommuGuestIT {
    /** The IOMMUs that QEMU emulates, and how Linux uses them. */
    enum Machine {
        /** Translations are withdrawn some time after their last use, all at once. */
        INTEL_LAZY("intel_iommu=on iommu.strict=0", "DMA-FQ"),
        /** Each translation is withdrawn before its address is used for something else. */
        INTEL_STRICT("intel_iommu=on iommu.strict=1", "DMA"),
        /** QEMU's paravirtual one. */
        VIRTIO("", "DMA-FQ");

        private final String kernel;
        private final String domain;

        Machine(String kernel, String domain) {
            this.kernel = kernel;
            this.domain = domain;
        }

        private List<String> qemu() {
            return AttachHelp.iommu(this == VIRTIO ? "virt" : "pc-q35");
        }
    }

    /**
     * With one super-datagram on its way at a time its segments fit the rings, so that no queue of the guests' own has to drop any; and a
     * guest whose clock runs too fast, as on a busy host, does not give them up.
     */
    private static final String DATAGRAMS = "-n 3000 -w 1 --loss-timeout 30";

    @TempDir(factory = InSharedMemory.class)
    Path directory;

    @ParameterizedTest
    @CsvSource({
        "INTEL_LAZY, NETDEV, off",
        "INTEL_STRICT, NETDEV, off",
        "INTEL_LAZY, NETDEV, on",
        "INTEL_LAZY, DEVICE, off",
        "VIRTIO, NETDEV, off"
    })
    void whatIsSentArrivesOnceAndWhole(Machine machine, Attach attach, String packed) throws IOException {
        Map<String, String> promise = Map.of("iommu_platform", "on", "packed", packed);
        try (LabFixture lab = LabFixture.start(directory, promise, "linux-6.17", List.of(), attach, Attach.NETDEV)) {
            List<String> arguments = new ArrayList<>(machine.qemu());
            arguments.addAll(
                    attach == Attach.DEVICE
                            ? AttachHelp.device(lab.endpoint(0), 0, 1, true)
                            : AttachHelp.netdev(lab.endpoint(0), 0, 1, lab.netdevProperties()));
            Guest one = lab.start(0, List.of("--append", machine.kernel), arguments);
            Guest two = lab.startNetdevGuest(1, "11", "", "mac=02:00:00:00:00:02");
            bringUp(machine, one, two);
            assertThat(lab.negotiated(0).has(Feature.ACCESS_PLATFORM)).isTrue();
            assertThat(lab.negotiated(0).has(Feature.RING_PACKED)).isEqualTo(packed.equals("on"));
            assertThat(lab.negotiated(1).has(Feature.ACCESS_PLATFORM)).isFalse();

            Traffic.ping(one, Traffic.address(2));
            Traffic.iperfServer(two);
            for (String direction : List.of("", "-R")) {
                IperfResult result = Traffic.iperf(one, Traffic.address(2), direction, 2);
                assertThat(result.bytes()).as("TCP %s", direction).isPositive();
            }
            Counters before = lab.backend().counters(0);
            assertThat(before.get(Counter.RX_NOT_READY)).isZero();
            List<Traffic.Exchange> exchanges = List.of(
                    Traffic.datagrams(one, two, Traffic.address(2), DATAGRAMS),
                    Traffic.datagrams(two, one, Traffic.address(1), DATAGRAMS));
            assertThat(exchanges)
                    .as("%s and %s", lab.backend().counters(0), lab.backend().counters(1))
                    .allMatch(Traffic.Exchange::ok);
            lab.assertNoTrouble();
        }
    }

    private static void bringUp(Machine machine, Guest one, Guest two) throws IOException {
        one.waitUntilUp();
        two.waitUntilUp();
        if (machine == Machine.VIRTIO) {
            // Its driver is a module, and the network device is not probed before it.
            one.must(
                    "modprobe virtio-iommu && for i in $(seq 600); do [ -e /sys/class/net/eth0 ] && exit 0; sleep 0.1; done; exit 1");
        }
        assertThat(one.must("cat /sys/class/net/eth0/device/../iommu_group/type")
                        .strip())
                .isEqualTo(machine.domain);
        Traffic.configure(one, 1);
        Traffic.configure(two, 2);
    }
}
