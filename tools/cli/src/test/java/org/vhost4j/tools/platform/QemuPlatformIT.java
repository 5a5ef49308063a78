// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.guests.qemu.LabQemu;
import org.vhost4j.guests.qemu.QtestQemu;
import org.vhost4j.guests.qemu.VirtioPci;
import org.vhost4j.platform.definition.Baseline;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.MachineDefinition;
import org.vhost4j.platform.definition.MigrationExplanation;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.definition.QemuArguments;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.sys.Await;
import tools.jackson.databind.JsonNode;

/** Compares the definitions with real QEMUs. Needs root (TAP interfaces) and the guest lab's cache. */
final class QemuPlatformIT {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();
    /** QEMU hides these from modern drivers; the property still belongs to the guest's ABI. */
    private static final FeatureSet LEGACY = FeatureSet.of(Feature.GSO, Feature.NOTIFY_ON_EMPTY, Feature.ANY_LAYOUT);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private static QemuArguments arguments(String machine, String platform) {
        Request request = Request.of(DeviceCapabilities.qemu(), HostCapabilities.NOT_PROBED)
                .withUses(Set.of())
                .withMachine(machine)
                .withPlatform(platform);
        return QemuArguments.of((Resolution) new Resolver(CATALOG).resolve(request), QemuArguments.Netdev.TAP);
    }

    private static List<String> device(String machine, List<String> settings, String tap) {
        StringBuilder device = new StringBuilder("virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01,addr=5,bus=")
                .append(machine.contains("q35") ? "pcie.0" : "pci.0");
        settings.forEach(setting -> device.append(',').append(setting));
        return List.of(
                "-netdev",
                "tap,id=net0,ifname=" + tap + ",script=no,downscript=no,vnet_hdr=on",
                "-device",
                device.toString());
    }

    private QtestQemu start(LabQemu which, String name, String machine, List<String> arguments) throws IOException {
        return new QtestQemu(which.executable(), Files.createDirectory(directory.resolve(name)), machine, arguments);
    }

    @ParameterizedTest
    @CsvSource({
        "pc-q35-8.1, linux-6.1",
        "pc-q35-8.1, linux-6.12",
        "pc-q35-8.1, linux-6.18",
        "pc-q35-8.2, linux-6.1",
        "pc-q35-8.2, linux-6.12",
        "pc-q35-8.2, linux-4.14",
        "pc-q35-10.0, linux-rhel-9.4",
        "pc-q35-10.0, linux-6.12",
        "pc-q35-10.0, linux-6.18",
        "pc-q35-10.1, linux-6.1",
        "pc-q35-10.1, linux-6.12",
        "pc-q35-10.1, linux-6.18",
        "pc-q35-11.1, linux-6.1",
        "pc-q35-11.1, linux-6.12",
        "pc-q35-11.1, linux-6.18",
        "pc-i440fx-11.1, linux-rhel-10.0",
        "pc-i440fx-7.1, linux-debian-12"
    })
    void qemuOffersWhatQemuArgsPredict(String machine, String platform) throws IOException {
        predictionHolds(LabQemu.NEW, machine, platform);
    }

    @ParameterizedTest
    @CsvSource({
        "pc-q35-8.1, linux-6.1",
        "pc-q35-8.1, linux-6.12",
        "pc-q35-8.2, linux-6.1",
        "pc-q35-8.2, linux-6.12",
        "pc-q35-10.0, linux-6.1",
        "pc-q35-10.0, linux-6.12",
    })
    void anOlderQemuOffersItToo(String machine, String platform) throws IOException {
        predictionHolds(LabQemu.OF_DEBIAN_13, machine, platform);
    }

    private void predictionHolds(LabQemu which, String machine, String platform) throws IOException {
        QemuArguments arguments = arguments(machine, platform);
        try (QtestQemu qemu = start(which, "qemu", machine, device(machine, arguments.settings(), "vh4jit%d"))) {
            assertThat(qemu.device().offered().names())
                    .isEqualTo(arguments.offered().minus(LEGACY).names());
        }
    }

    @ParameterizedTest
    @CsvSource({"NEW, pc-(q35|i440fx)-[0-9.]+, 36", "ARM, virt-[0-9.]+, 18"})
    void machineTablesAreQemusOwn(LabQemu which, String names, int least) throws IOException {
        Map<String, JsonNode> machines = machines(which, names);
        assertThat(machines).hasSizeGreaterThanOrEqualTo(least);
        machines.forEach((name, machine) -> {
            MachineDefinition ours = CATALOG.machine(name).orElseThrow();
            assertThat(values(ours)).as(name).isEqualTo(compatibility(machine));
            assertThat(ours.deprecated().isPresent())
                    .as(name)
                    .isEqualTo(machine.path("deprecated").asBoolean());
            List<String> aliases =
                    machine.has("alias") ? List.of(machine.path("alias").asString()) : List.of();
            assertThat(ours.aliases()).as(name).isEqualTo(aliases);
        });
    }

    /** QEMU 11.1 has removed the oldest machines; QEMU 10.0 knows them, and no property for tunnels. */
    @Test
    void olderMachineTablesAreAnOlderQemusOwn() throws IOException {
        Map<String, JsonNode> machines = machines(LabQemu.OF_DEBIAN_13, "pc-(q35|i440fx)-[0-9.]+");
        assertThat(machines).containsKeys("pc-q35-2.10", "pc-i440fx-2.10", "pc-q35-5.1", "pc-q35-10.0");
        machines.forEach((name, machine) -> {
            Optional<MachineDefinition> ours = CATALOG.machine(name);
            if (ours.isEmpty()) {
                assertThat(name).as("older than we go").matches("pc-(q35|i440fx)-2\\.[4-9]");
                return;
            }
            Map<String, String> values = values(ours.get());
            values.keySet().removeIf(property -> property.contains("_tunnel"));
            assertThat(values).as(name).isEqualTo(compatibility(machine));
        });
    }

    private Map<String, JsonNode> machines(LabQemu which, String names) throws IOException {
        Map<String, JsonNode> machines = new TreeMap<>();
        try (QtestQemu qemu = start(which, "qemu", "none", List.of())) {
            for (JsonNode machine : qemu.execute(
                            "{\"execute\":\"query-machines\",\"arguments\":{\"compat-props\":true}}")
                    .values()) {
                String name = machine.path("name").asString();
                if (name.matches(names)) {
                    machines.put(name, machine);
                }
            }
        }
        return machines;
    }

    private static Map<String, String> values(MachineDefinition machine) {
        Map<String, String> values = new TreeMap<>();
        machine.assignments().forEach((property, assignment) -> values.put(property.name(), assignment.value()));
        return values;
    }

    /** What QEMU keeps of the properties that we know; booleans come as on, off, true or false. */
    private static Map<String, String> compatibility(JsonNode machine) {
        Set<String> types = Set.of(
                "virtio-net-device",
                "virtio-net-pci",
                "virtio-net-pci-base",
                "virtio-device",
                "virtio-pci",
                "vhost-vsock-device");
        Set<String> others = Set.of("pci-device", "vhost-vsock-device", "virtio-iommu-pci");
        Map<String, String> values = new TreeMap<>();
        for (JsonNode each : machine.path("compat-props").values()) {
            String property = each.path("property").asString();
            String type = each.path("qom-type").asString();
            boolean ofOther = others.contains(type) && Property.named(property).isPresent();
            if (types.contains(type) || ofOther) {
                assertThat(Property.named(property)).as(property).isPresent();
                values.put(
                        property,
                        each.path("value").asString().replace("false", "off").replace("true", "on"));
            }
        }
        return values;
    }

    private String migrate(LabQemu which, String pair, List<String> sourceSettings, List<String> destinationSettings)
            throws IOException, InterruptedException {
        String machine = "pc-q35-8.2";
        List<String> incoming = new ArrayList<>(device(machine, destinationSettings, "vh4jit%d"));
        incoming.addAll(List.of("-incoming", "defer"));
        String channel = "unix:" + directory.resolve(pair + ".sock");
        try (QtestQemu source = start(which, pair + "0", machine, device(machine, sourceSettings, "vh4jit%d"));
                QtestQemu destination = start(which, pair + "1", machine, incoming)) {
            VirtioPci device = source.device();
            device.negotiate(device.offered());
            destination.execute("{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"" + channel + "\"}}");
            source.execute("{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"" + channel + "\"}}");
            Await.until(
                    "the source's migration has ended",
                    () -> Set.of("completed", "failed").contains(migrationStatus(source)));
            return outcome(destination);
        }
    }

    /** How the destination ended; a source is often done before the destination has looked at the devices' state. */
    private static String outcome(QtestQemu destination) throws IOException, InterruptedException {
        try {
            Await.until(
                    "the destination's migration has ended",
                    () -> migrationStatus(destination).equals("completed"));
            return "completed";
        } catch (IOException gone) {
            assertThat(destination.await()).as("%s", gone).isNotZero();
            return destination.log();
        }
    }

    private static String migrationStatus(QtestQemu qemu) throws IOException {
        return qemu.execute("{\"execute\":\"query-migrate\"}").path("status").asString("");
    }

    @ParameterizedTest
    @EnumSource(names = {"NEW", "OF_DEBIAN_13"})
    void theBugOfTheThreadIsReproducedExplainedAndPrevented(LabQemu which) throws IOException, InterruptedException {
        // No host without USO can be had here, so the destination's offer is reduced by its properties, as a TAP
        // without USO would.
        List<String> reduced = List.of("host_uso=off", "guest_uso4=off", "guest_uso6=off");
        String log = migrate(which, "bug", List.of(), reduced);
        assertThat(log)
                .containsPattern("Features 0x[0-9a-f]+ unsupported\\. Allowed features: 0x[0-9a-f]+")
                .containsPattern("Failed to load (virtio-net:virtio|element of type virtio)")
                .contains("/virtio-net'")
                .contains("load of migration failed");
        // The whole log is pasted, as people do.
        MigrationExplanation explanation =
                MigrationExplanation.allOf(CATALOG, log).getFirst();
        if (which == LabQemu.OF_DEBIAN_13) {
            assertThat(explanation.stopping())
                    .extracting(MigrationExplanation.Bit::name)
                    .containsExactly("GUEST_USO4", "GUEST_USO6", "HOST_USO");
        } else {
            // QEMU 11.1 clears the refused bits before it prints the guest's word, so the line alone only leaves
            // suspects.
            assertThat(explanation.stopping()).as(log).isEmpty();
            assertThat(explanation.suspects()).as(log).contains("GUEST_USO4", "GUEST_USO6", "HOST_USO");
        }

        Set<HostUse> tap = EnumSet.of(HostUse.TAP);
        HostCapabilities here = HostProbe.probe();
        HostCapabilities there = HostCapabilities.imagined(
                "there", CATALOG.platform("linux-6.1").orElseThrow().requires());
        PlatformDefinition baseline =
                Baseline.of(CATALOG, List.of(here, there), tap).newest().orElseThrow();
        assertThat(explanation.platform()).hasValue(baseline);
        List<String> settings = arguments("pc-q35-8.2", baseline.name()).settings();
        assertThat(migrate(which, "good", settings, settings)).isEqualTo("completed");
    }
}
