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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
    private static final Endpoint ENDPOINT = Endpoint.listen(Path.of("/tmp/a.sock"), Attach.AUTO);

    private static List<String> lines(String machine, Map<String, String> settings) {
        return lines(machine, settings, ENDPOINT, false);
    }

    private static List<String> lines(
            String machine, Map<String, String> settings, Endpoint endpoint, boolean emulated) {
        PlatformCatalog catalog = PlatformCatalog.shipped();
        Request request = new Request(
                Optional.of(machine),
                Optional.of("linux-6.1"),
                new LinkedHashMap<>(settings),
                MissingPolicy.REFUSE,
                Set.of(),
                DeviceCapabilities.vhost4j(1, OptionalInt.empty()),
                HostCapabilities.NOT_PROBED);
        Resolution resolution = (Resolution) new Resolver(catalog).resolve(request);
        AttachedQemu qemu =
                new AttachedQemu(catalog.machine(machine).orElseThrow().qemu(), emulated);
        return AttachHelp.lines(List.of(endpoint), 1, resolution, qemu);
    }

    @ParameterizedTest
    @CsvSource({
        "pc-q35-7.2,reconnect=1",
        "pc-q35-9.1,reconnect=1",
        "pc-q35-rhel9.6.0,reconnect=1",
        "pc-q35-noble,reconnect=1",
        "pc-q35-9.2,reconnect-ms=1000",
        "pc-q35-10.0,reconnect-ms=1000",
        "pc-q35-resolute,reconnect-ms=1000",
        "microvm,reconnect-ms=1000"
    })
    void qemuConnectsAgainAsTheOneOfTheMachineCanBeTold(String machine, String option) {
        List<String> lines = lines(machine, Map.of());
        assertThat(lines.get(2)).contains("-chardev socket,id=char0,path=/tmp/a.sock," + option + " ");
        assertThat(lines.stream().anyMatch(line -> line.contains("QEMU 9.2 and newer require reconnect-ms=1000")))
                .isEqualTo(option.equals("reconnect=1"));
    }

    @ParameterizedTest
    @CsvSource({"pc-q35-7.2,true,true", "pc-q35-7.2,false,false", "pc-q35-8.0,true,false", "pc-q35-jammy,true,true"})
    void aQemuThatWouldCrashHasNoMsix(String machine, boolean emulated, boolean without) {
        List<String> lines = lines(machine, Map.of(), ENDPOINT, emulated);
        assertThat(lines.get(2).contains("virtio-net-pci,netdev=net0,vectors=0,"))
                .isEqualTo(without);
        assertThat(lines.stream().anyMatch(line -> line.contains("QEMU 7.2 with -accel tcg")))
                .isEqualTo(!machine.equals("pc-q35-8.0"));
    }

    @Test
    void twoLinesOfOneBackEndNeverHaveOneAddress() {
        String first = lines("pc-q35-10.0", Map.of()).get(2);
        String second = lines("pc-q35-10.0", Map.of(), Endpoint.listen(Path.of("/tmp/b.sock"), Attach.AUTO), false)
                .get(2);
        assertThat(first)
                .containsPattern(",mac=([0-9a-f]{2}:){5}[0-9a-f]{2}")
                .isNotEqualTo(second.replace("b.sock", "a.sock"))
                .isEqualTo(lines("pc-q35-10.0", Map.of()).get(2));
    }

    @Test
    void aPathIsAbsolute() {
        List<String> lines =
                lines("pc-q35-10.0", Map.of(), Endpoint.connect(Path.of("here/a.sock"), Attach.AUTO), false);
        assertThat(lines.subList(1, 3))
                .allSatisfy(line ->
                        assertThat(line).contains(",path=" + Path.of("").toAbsolutePath() + "/here/a.sock,server=on "));
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
    void anUnrequestedIommuIsNotMentioned() {
        assertThat(lines("pc-q35-10.0", Map.of())).noneMatch(line -> line.contains("iommu") || line.contains("ats="));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "/run/a b/c.sock|'socket,id=char0,path=/run/a b/c.sock,reconnect-ms=1000'",
                "/run/a,b/c.sock|socket,id=char0,path=/run/a,,b/c.sock,reconnect-ms=1000",
                "/run/it's/c.sock|'socket,id=char0,path=/run/it'\\''s/c.sock,reconnect-ms=1000'",
                "/run/$x/c.sock|'socket,id=char0,path=/run/$x/c.sock,reconnect-ms=1000'"
            })
    void pathsArePastedAsTheyAre(String path, String chardev) {
        Endpoint endpoint = Endpoint.listen(Path.of(path), Attach.NETDEV);
        assertThat(lines("pc-q35-10.0", Map.of(), endpoint, false).get(1))
                .contains(": -chardev " + chardev + " -netdev");
    }
}
