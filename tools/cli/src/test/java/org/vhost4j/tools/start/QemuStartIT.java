// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.guests.qemu.LabQemu;
import org.vhost4j.host.tap.TapDevice;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.platform.probe.PassedTap;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.SilentListener;

/**
 * {@code -platform} against QEMU's own report of its properties, with whatever is behind a card. Needs root (TAP interfaces) and the guest
 * lab's cache.
 */
@SuppressWarnings("try") // A back-end is there to be attached to.
final class QemuStartIT {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();
    private static final List<String> USO = List.of("host_uso", "guest_uso4", "guest_uso6");
    private static final List<String> PCI_CARDS =
            List.of("virtio-net-pci", "virtio-net-pci-transitional", "virtio-net-pci-non-transitional");
    private static final String GRANULE =
            "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/i\",\"property\":\"granule\"}}";
    private static final AtomicInteger COUNT = new AtomicInteger();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private static Path directory;

    @SuppressWarnings("NullAway.Init")
    private static Installation installation;

    @BeforeAll
    static void install() throws Exception {
        installation = new Installation(directory);
    }

    private static LaunchedQemu start(LabQemu which, String... arguments) throws IOException {
        Path err = directory.resolve("qemu-" + COUNT.incrementAndGet() + ".err");
        return new LaunchedQemu(installation, which.executable(), err, List.of(arguments));
    }

    static Stream<Arguments> machinesAndPlatforms() {
        return Stream.of("pc-q35-8.1", "pc-q35-9.1", "pc-i440fx-7.1", "pc-q35-10.0", "microvm")
                .flatMap(machine -> Stream.of("linux-6.9", "linux-6.1", "linux-4.14", "linux-rhel-9.4")
                        .map(platform -> Arguments.of(machine, platform)));
    }

    @ParameterizedTest
    @MethodSource("machinesAndPlatforms")
    void qemuReportsWhatThePlatformSays(String machine, String platform) throws IOException {
        reports(LabQemu.OF_DEBIAN_13, machine, platform);
    }

    @ParameterizedTest
    @MethodSource("machinesAndPlatforms")
    void soDoesANewerQemu(String machine, String platform) throws IOException {
        reports(LabQemu.NEW, machine, platform);
    }

    /** A card each of a TAP, of vhost-user and of the user network; then one of every transport, plugged in later. */
    private static void reports(LabQemu which, String machine, String platform) throws IOException {
        boolean pci = !machine.equals("microvm");
        String cold = pci ? PCI_CARDS.getFirst() : "virtio-net-device";
        Path socket = directory.resolve("guest-" + COUNT.incrementAndGet() + ".sock");
        Endpoint endpoint = Endpoint.listen(socket, Attach.NETDEV);
        List<String> command = new ArrayList<>(List.of("-machine", machine, "-platform", platform));
        command.addAll(List.of("-netdev", "tap,id=t,ifname=vh4jqs%d,script=no,downscript=no,vhost=off"));
        command.addAll(List.of("-chardev", "socket,id=c,path=" + socket, "-netdev", "vhost-user,id=v,chardev=c"));
        command.addAll(List.of("-netdev", "user,id=u", "-netdev", "user,id=w", "-netdev", "user,id=x"));
        for (String netdev : List.of("t", "v", "u")) {
            command.addAll(List.of("-device", cold + ",id=n" + netdev + ",netdev=" + netdev));
        }
        if (pci) {
            command.addAll(List.of("-device", PCI_CARDS.get(1) + ",id=nw,netdev=w"));
            command.addAll(List.of("-device", PCI_CARDS.get(2) + ",id=nx,netdev=x"));
        }
        if (machine.contains("q35")) {
            for (String port : List.of("p1", "p2", "p3")) {
                command.addAll(List.of("-device", "pcie-root-port,id=" + port + ",chassis=" + port.substring(1)));
            }
        }
        FeatureSet everything =
                FeatureSet.of(DeviceCapabilities.vhost4j(1, OptionalInt.empty()).features());
        try (Backend unused = Backend.start(
                        BackendConfig.builder(List.of(endpoint), everything).build(), new SilentListener());
                LaunchedQemu qemu = start(which, command.toArray(String[]::new))) {
            Map<String, Boolean> promised = promised(platform);
            for (String card : pci ? List.of("nt", "nv", "nu", "nw", "nx") : List.of("nt", "nv", "nu")) {
                Map<String, Boolean> expected = new TreeMap<>(promised);
                if (card.equals("nv")) {
                    // This back-end has none, and QEMU reports what is left.
                    expected.put("queue_reset", false);
                }
                assertThat(reported(qemu, card, promised)).as(card).isEqualTo(expected);
            }
            if (pci) {
                int port = 0;
                for (String driver : PCI_CARDS) {
                    String id = "hot" + ++port;
                    String bus = machine.contains("q35") ? ",\"bus\":\"p" + port + "\"" : "";
                    qemu.plug(driver, id, bus);
                    assertThat(reported(qemu, id, promised)).as(driver).isEqualTo(promised);
                }
            }
            assertThat(qemu.err()).doesNotContain("vhost4j");
        }
    }

    /** What a platform says of every property that QEMU 8.2 and newer have. */
    private static Map<String, Boolean> promised(String platform) {
        Map<String, Boolean> values = new TreeMap<>();
        PlatformDefinition definition = CATALOG.platform(platform).orElseThrow();
        definition.assignments().forEach((property, assignment) -> {
            if (property.isQemus() && !property.name().contains("tunnel")) {
                values.put(property.name(), Property.isOn(assignment.value()));
            }
        });
        assertThat(values).containsKeys("queue_reset", "host_uso", "guest_uso4", "guest_uso6", "host_tso4", "host_ufo");
        return values;
    }

    private static Map<String, Boolean> reported(LaunchedQemu qemu, String id, Map<String, Boolean> asked)
            throws IOException {
        Map<String, Boolean> values = new TreeMap<>();
        for (String property : asked.keySet()) {
            values.put(property, qemu.isOn(id, property));
        }
        return values;
    }

    private static Map<String, Boolean> uso(LaunchedQemu qemu, String id) throws IOException {
        Map<String, Boolean> values = new LinkedHashMap<>();
        for (String property : USO) {
            values.put(property, qemu.isOn(id, property));
        }
        return values;
    }

    /**
     * QEMU for ARM, whose guest sees the pages of its IOMMU as well. What KVM shows a guest on ARM is not said to one of TCG, whose processors
     * have no such property: QEMU would not start.
     */
    @Test
    void aMachineForArmIsOnAPlatform() throws IOException {
        String[] devices = {"-cpu", "cortex-a57", "-device", "virtio-net-pci,id=a", "-device", "virtio-iommu-pci,id=i"};
        List<String> command = new ArrayList<>(List.of("-machine", "virt-9.1_linux-6.1"));
        command.addAll(List.of(devices));
        try (LaunchedQemu qemu = start(LabQemu.ARM, command.toArray(String[]::new))) {
            assertThat(uso(qemu, "a").values()).containsOnly(false);
            assertThat(qemu.execute(GRANULE).asString()).isEqualTo("4k");
        }
        try (LaunchedQemu qemu =
                start(LabQemu.ARM, "-machine", "virt-9.1", "-cpu", "cortex-a57", "-device", "virtio-iommu-pci,id=i")) {
            assertThat(qemu.execute(GRANULE).asString()).isEqualTo("host");
        }
        assertThat(QemuQuestions.ask(LabQemu.ARM.executable()).properties())
                .contains("arm-cpu", "virtio-iommu-pci.granule", "vhost-vsock-device.seqpacket");
    }

    @Test
    void whatTheUserSaysOfACardWins() throws IOException {
        try (LaunchedQemu qemu = start(
                LabQemu.NEW,
                "-machine",
                "pc-q35-9.1_linux-6.1",
                "-device",
                "virtio-net-pci,id=a,host_uso=on",
                "-device",
                "virtio-net-pci,id=b",
                "-global",
                "virtio-net-device.guest_uso4=on",
                "-device",
                "{\"driver\":\"virtio-net-pci\",\"id\":\"c\",\"guest_uso6\":true}")) {
            assertThat(uso(qemu, "a")).isEqualTo(Map.of("host_uso", true, "guest_uso4", true, "guest_uso6", false));
            assertThat(uso(qemu, "b")).isEqualTo(Map.of("host_uso", false, "guest_uso4", true, "guest_uso6", false));
            assertThat(uso(qemu, "c")).isEqualTo(Map.of("host_uso", false, "guest_uso4", true, "guest_uso6", true));
        }
    }

    /** This host has USO; QEMU's own pc-q35-8.1 has none, and it was not asked for. */
    @Test
    void withoutAPlatformAnOldMachineIsAsQemuHasIt() throws IOException {
        assertThat(CATALOG.platform("linux-6.2").orElseThrow().lackedBy(HostProbe.probe(), EnumSet.of(HostUse.TAP)))
                .isEmpty();
        for (LabQemu which : List.of(LabQemu.OF_DEBIAN_13, LabQemu.NEW)) {
            try (LaunchedQemu old = start(which, "-machine", "pc-q35-8.1", "-device", "virtio-net-pci,id=a");
                    LaunchedQemu recent = start(which, "-machine", "pc-q35-8.2", "-device", "virtio-net-pci,id=a")) {
                assertThat(uso(old, "a").values()).containsOnly(false);
                assertThat(uso(recent, "a").values()).containsOnly(true);
                assertThat(old.isOn("a", "queue_reset")).isTrue();
                assertThat(old.err()).doesNotContain("vhost4j");
            }
        }
    }

    @Test
    void aFileOfOptionsNamesMachineAndPlatform() throws IOException {
        Path file = Files.writeString(directory.resolve("guest.cfg"), """
                # a guest
                [machine]
                  type = "pc-q35-9.1_linux-6.1"

                [global]
                  driver = "virtio-net-device"
                  property = "guest_uso4"
                  value = "on"

                [device "a"]
                  driver = "virtio-net-pci"
                """);
        for (LabQemu which : List.of(LabQemu.OF_DEBIAN_13, LabQemu.NEW)) {
            try (LaunchedQemu qemu = start(which, "-readconfig", file.toString())) {
                assertThat(uso(qemu, "a"))
                        .isEqualTo(Map.of("host_uso", false, "guest_uso4", true, "guest_uso6", false));
                assertThat(qemu.execute(
                                        "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine\",\"property\":\"type\"}}")
                                .asString())
                        .isEqualTo("pc-q35-9.1-machine");
            }
        }
    }

    /** The oldest has no USO property: to leave it off needs none, to turn it on cannot be had. */
    @Test
    void aQemuWithoutThePropertyKeepsOnlyWhatIsOff() throws IOException {
        try (LaunchedQemu qemu = start(
                LabQemu.STOCK,
                "-machine",
                "q35",
                "-platform",
                "linux-6.1",
                "-device",
                "virtio-net-pci,id=a,vectors=0")) {
            assertThat(qemu.isOn("a", "host_tso4")).isTrue();
        }
        try (LaunchedQemu qemu = start(LabQemu.STOCK, "-device", "virtio-net-pci,id=a,vectors=0")) {
            assertThat(qemu.isOn("a", "host_tso4")).isTrue();
        }
        assertThatThrownBy(() -> start(LabQemu.STOCK, "-M", "q35", "-platform", "linux-6.12"))
                .hasMessageContaining(
                        "vhost4j: Platform linux-6.9 needs guest_uso4 of QEMU, which version 7.2.22 does not have;"
                                + " it came with QEMU 8.2.");
    }

    @Test
    void libvirtsProbePasses() throws IOException, InterruptedException {
        for (LabQemu which : List.of(LabQemu.STOCK, LabQemu.OF_DEBIAN_13, LabQemu.NEW)) {
            Path socket = directory.resolve("probe-" + which + ".sock");
            Path pid = directory.resolve("probe-" + which + ".pid");
            Installation.Ended ended = installation.start(
                    which.executable(),
                    "-S",
                    "-no-user-config",
                    "-nodefaults",
                    "-nographic",
                    "-machine",
                    "none,accel=kvm:tcg",
                    "-qmp",
                    "unix:" + socket + ",server=on,wait=off",
                    "-pidfile",
                    pid.toString(),
                    "-daemonize");
            assertThat(ended.status()).as(ended.err()).isZero();
            ProcessHandle daemon = ProcessHandle.of(
                            Long.parseLong(Files.readString(pid).strip()))
                    .orElseThrow();
            daemon.destroyForcibly();
            daemon.onExit().join();
        }
    }

    @Test
    void machineHelpIsQemusWithOurNames() throws IOException, InterruptedException {
        String plain = QemuQuestions.output(
                LabQemu.NEW.executable(), List.of(LabQemu.NEW.executable().toString(), "-machine", "help"));
        Installation.Ended ended = installation.start(LabQemu.NEW.executable(), "-M", "help");
        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out().lines().filter(line -> !line.contains("(platform ")))
                .containsExactlyElementsOf(plain.lines().toList());
        assertThat(ended.out())
                .contains("\npc-q35-9.1_linux-6.9 Standard PC (Q35 + ICH9, 2009) (platform linux-6.9)\n")
                .contains("\npc-q35-9.1_linux-rhel-9.4 ")
                .doesNotContain("none_", "q35_linux");
    }

    /** What management software passes besides. */
    @Test
    void foreignOptionsReachQemu() throws IOException {
        for (LabQemu which : List.of(LabQemu.STOCK, LabQemu.OF_DEBIAN_13, LabQemu.NEW)) {
            try (LaunchedQemu qemu = start(
                    which,
                    "-sandbox",
                    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                    "-name",
                    "guest=a,debug-threads=on",
                    "-M",
                    "pc-q35-7.1_linux-6.1",
                    "-msg",
                    "timestamp=on",
                    "-no-user-config",
                    "-incoming",
                    "defer")) {
                assertThat(qemu.execute("{\"execute\":\"query-status\"}")
                                .path("status")
                                .asString())
                        .isEqualTo("inmigrate");
                assertThat(qemu.execute("{\"execute\":\"query-name\"}")
                                .path("name")
                                .asString())
                        .isEqualTo("a");
            }
            try (LaunchedQemu qemu = start(which, "-preconfig", "-M", "q35_linux-6.1")) {
                assertThat(qemu.execute("{\"execute\":\"query-status\"}")
                                .path("status")
                                .asString())
                        .isIn("preconfig", "prelaunch");
            }
        }
    }

    /** As libvirt's daemon passes it, to a QEMU that could not open it. */
    @Test
    void aGuestOnAPassedTapStarts() throws Exception {
        Path state = installation.state();
        List<String> command = new ArrayList<>(List.of(
                state.toString(), "tap", "vh4jqs%d", installation.program().toString()));
        command.addAll(List.of(
                "-M", "pc-q35-9.1_linux-6.9", "-netdev", "tap,id=n,fd=9", "-device", "virtio-net-pci,netdev=n"));
        command.addAll(List.of(
                "-nodefaults",
                "-display",
                "none",
                "-accel",
                "tcg",
                "-S",
                "-pidfile",
                directory.resolve("tap.pid").toString()));
        command.add("-daemonize");
        Installation.Ended ended = installation.run(installation.builder(LabQemu.NEW.executable(), command));
        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.err()).isEmpty();
        ProcessHandle guest = ProcessHandle.of(Long.parseLong(
                        Files.readString(directory.resolve("tap.pid")).strip()))
                .orElseThrow();
        guest.destroyForcibly();
        guest.onExit().join();
    }

    /** It says what a temporary one of this host's says. */
    @Test
    void aPassedTapIsAsked() {
        try (TapDevice tap = TapDevice.open("vh4jqs%d", false)) {
            Map<HostCapability, Answer> answers = PassedTap.probe(tap.fd().number());
            HostCapabilities host = HostProbe.probe();
            assertThat(answers).hasSize(10);
            answers.forEach((capability, answer) -> assertThat(answer.verdict())
                    .as("%s", capability)
                    .isEqualTo(host.answer(capability).verdict()));
        }
    }
}
