// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;

class AttachHelpTest {
    private static List<String> lines(String machine, Map<String, String> settings) {
        Request request = new Request(
                Optional.of(machine),
                Optional.of("linux-6.1"),
                new LinkedHashMap<>(settings),
                MissingPolicy.REFUSE,
                Set.of(),
                DeviceCapabilities.vhost4j(1, OptionalInt.empty()),
                HostCapabilities.NOTHING_ASKED);
        Resolution resolution = (Resolution) new Resolver(PlatformCatalog.shipped()).resolve(request);
        return AttachHelp.lines(List.of(Endpoint.listen(Path.of("/tmp/a.sock"), Attach.AUTO)), 1, resolution);
    }

    @Test
    void behindAnIommuTheMachineAndBothDevicesAreToldOfIt() {
        List<String> lines = lines("pc-q35-10.0", Map.of("iommu_platform", "on"));
        assertThat(lines.get(0))
                .endsWith("-machine pc-q35-10.0,memory-backend=mem -device intel-iommu,device-iotlb=on");
        assertThat(lines.get(1)).endsWith(",iommu_platform=on,ats=on");
        assertThat(lines.get(2))
                .contains("virtio-net-pci,netdev=net0,")
                .contains("iommu_platform=on,disable-legacy=on,ats=on");
        assertThat(lines).anyMatch(line -> line.contains("iommu_platform needs an IOMMU in the machine"));
    }

    @Test
    void otherMachinesHaveTheParavirtualIommu() {
        assertThat(lines("virt-10.0", Map.of("iommu_platform", "on")).get(0)).endsWith(" -device virtio-iommu-pci");
    }

    @Test
    void nobodyIsToldOfAnIommuThatNobodyAskedFor() {
        assertThat(lines("pc-q35-10.0", Map.of())).noneMatch(line -> line.contains("iommu") || line.contains("ats="));
    }
}
