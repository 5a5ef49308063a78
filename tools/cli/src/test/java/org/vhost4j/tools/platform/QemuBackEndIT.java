// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.guests.qemu.LabQemu;
import org.vhost4j.guests.qemu.QtestQemu;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.platform.definition.DeviceCapabilities;
import org.vhost4j.platform.definition.MissingPolicy;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.QemuArguments;
import org.vhost4j.platform.definition.Request;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.Resolver;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.tools.run.AttachHelp;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.GuestAddress;
import org.vhost4j.vhostuser.server.SilentListener;

/** What a guest is offered by real QEMUs with this back-end behind them. Needs the guest lab's cache. */
@SuppressWarnings("try") // A back-end is there to be attached to.
final class QemuBackEndIT {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();
    /** QEMU hides these from modern drivers. */
    private static final FeatureSet LEGACY = FeatureSet.of(Feature.ANY_LAYOUT, Feature.NOTIFY_ON_EMPTY);

    private static final FeatureSet USO = FeatureSet.of(Feature.GUEST_USO4, Feature.GUEST_USO6, Feature.HOST_USO);
    private static final String ARCHIVE =
            Path.of("target", "vhost4j.jar").toAbsolutePath().toString();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    static Stream<Arguments> machinesAndPlatforms() {
        return Stream.of("pc-q35-8.1", "pc-q35-8.2", "pc-q35-10.0", "pc-q35-10.1", "pc-q35-11.1")
                .flatMap(machine -> Stream.of("linux-6.1", "linux-6.12", "linux-6.18")
                        .map(platform -> Arguments.of(machine, platform)));
    }

    private static Resolution resolve(DeviceCapabilities device, String machine, String platform) {
        Request request = new Request(
                Optional.of(machine),
                Optional.of(platform),
                Map.of(),
                MissingPolicy.REFUSE,
                Set.of(),
                device,
                HostCapabilities.NOT_PROBED);
        return (Resolution) new Resolver(CATALOG).resolve(request);
    }

    private static Resolution ours(String machine, String platform) {
        return resolve(DeviceCapabilities.vhost4j(1, OptionalInt.empty()), machine, platform);
    }

    private Endpoint endpoint(Attach attach) {
        return Endpoint.listen(directory.resolve("guest.sock"), attach);
    }

    private static Backend backEnd(Endpoint endpoint, Resolution resolution) {
        return Backend.start(
                BackendConfig.builder(List.of(endpoint), resolution.offered())
                        .leftToFrontEnd(resolution.leftToFrontEnd())
                        .idle(IdlePolicy.EVENT_DRIVEN)
                        .build(),
                new SilentListener());
    }

    /** The command line, with the machine where the test's QEMU wants it. */
    private FeatureSet seen(LabQemu which, List<String> machine, List<String> guest) throws IOException {
        List<String> arguments = new ArrayList<>(machine.subList(0, 2));
        arguments.addAll(guest);
        Path own = Files.createTempDirectory(directory, "qemu");
        try (QtestQemu qemu = new QtestQemu(which.executable(), own, machine.getLast(), arguments)) {
            return qemu.device().offered();
        }
    }

    @ParameterizedTest
    @MethodSource("machinesAndPlatforms")
    void theGenericDevicePassesEveryBit(String machine, String platform) throws IOException {
        Resolution resolution = ours(machine, platform);
        Endpoint endpoint = endpoint(Attach.DEVICE);
        try (Backend unused = backEnd(endpoint, resolution)) {
            FeatureSet seen = seen(LabQemu.NEW, AttachHelp.machine(machine), AttachHelp.device(endpoint, 0, 1));
            assertThat(seen.names())
                    .isEqualTo(resolution.offered().minus(LEGACY).names());
        }
    }

    @ParameterizedTest
    @MethodSource("machinesAndPlatforms")
    void qemusOwnDevicePromisesTheSameExceptUso(String machine, String platform) throws IOException {
        netdevPromises(LabQemu.NEW, machine, platform);
    }

    @ParameterizedTest
    @CsvSource({"pc-q35-8.1, linux-6.12", "pc-q35-8.2, linux-6.1", "pc-q35-8.2, linux-6.12", "pc-q35-10.0, linux-6.18"})
    void anOlderQemuDoesSoToo(String machine, String platform) throws IOException {
        netdevPromises(LabQemu.OF_DEBIAN_13, machine, platform);
    }

    private void netdevPromises(LabQemu which, String machine, String platform) throws IOException {
        Resolution resolution = ours(machine, platform);
        QemuArguments arguments = QemuArguments.inFrontOf(resolution);
        assertThat(arguments.offered().minus(LEGACY))
                .isEqualTo(resolution.offered().minus(USO).minus(LEGACY));
        Endpoint endpoint = endpoint(Attach.NETDEV);
        try (Backend unused = backEnd(endpoint, resolution)) {
            FeatureSet seen =
                    seen(which, AttachHelp.machine(machine), AttachHelp.netdev(endpoint, 0, 1, arguments.settings()));
            assertThat(seen.names()).isEqualTo(arguments.offered().minus(LEGACY).names());
        }
    }

    @ParameterizedTest
    @MethodSource("machinesAndPlatforms")
    void qemuArgsPredictAnyBackEnd(String machine, String platform) throws IOException {
        QemuArguments arguments = QemuArguments.of(
                resolve(DeviceCapabilities.qemu(), machine, platform), QemuArguments.Netdev.VHOST_USER);
        Resolution resolution = ours(machine, platform);
        Endpoint endpoint = endpoint(Attach.NETDEV);
        try (Backend unused = backEnd(endpoint, resolution)) {
            FeatureSet seen = seen(
                    LabQemu.NEW, AttachHelp.machine(machine), AttachHelp.netdev(endpoint, 0, 1, arguments.settings()));
            assertThat(seen.names())
                    .isEqualTo(arguments
                            .offered()
                            .and(resolution.offered().plus(resolution.leftToFrontEnd()))
                            .minus(LEGACY)
                            .names());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--machine pc-q35-8.2 --platform linux-6.1|",
                "--machine pc-q35-8.1 --platform linux-6.12 --set"
                        + " ctrl_vlan=off,ctrl_rx_extra=off|ctrl_vlan=off,ctrl_rx_extra=off",
                "--machine pc-q35-11.1 --platform linux-6.18 --queues 4 --mtu 1400|host_mtu=1400,mq=on",
                "--machine pc-q35-10.1 --platform linux-4.14 --set host_tso4=off,status=off,guest_ecn=off"
                        + "|guest_ecn=off,guest_ufo=off,host_tso4=off,host_ufo=off,status=off",
                "--machine pc-i440fx-10.0 --platform linux-rhel-9.4 --set guest_announce=off,ctrl_guest_offloads=off"
                        + "|ctrl_guest_offloads=off,guest_announce=off",
                "--machine pc-q35-8.2 --platform linux-6.12 --set packed=on,in_order=on,queue_reset=off"
                        + "|packed=on,in_order=on,queue_reset=off",
                "--machine pc-q35-10.0 --platform linux-6.12 --set guest_rsc_ext=on|guest_rsc_ext=on",
            })
    void whatRunPrintsCanBePasted(String options, @Nullable String properties)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Djna.nosys=true",
                "-jar",
                ARCHIVE,
                "run",
                "--verbose",
                "--socket-path=" + directory.resolve("a.sock") + ",attach=device",
                "--socket-path=" + directory.resolve("b.sock") + ",attach=netdev"));
        command.addAll(List.of(options.split(" ", -1)));
        Process process = new ProcessBuilder(command)
                .redirectError(directory.resolve("err").toFile())
                .start();
        try {
            List<String> lines = said(process);
            List<String> machine = words(lines, "vhost4j: attach a guest with these arguments of qemu-system-x86_64");
            List<String> device = words(lines, "vhost4j: guest0, every offload");
            List<String> netdev = words(lines, "vhost4j: guest1, QEMU's own virtio-net");
            String promise = line(lines, "vhost4j: offered 0x");
            FeatureSet offered =
                    FeatureSet.ofWord(Long.parseUnsignedLong(promise.substring(0, promise.indexOf(' ')), 16));
            assertThat(machine.getLast()).startsWith(command.get(command.indexOf("--machine") + 1) + ",");
            assertThat(netdev.getLast()).isEqualTo(netdevWith(netdev, properties));
            assertThat(seen(LabQemu.NEW, machine, device).names())
                    .isEqualTo(offered.minus(LEGACY).names());
            // As the note says that is printed for machines of QEMUs that know only the older option.
            List<String> forNewQemu = netdev.stream()
                    .map(word -> word.replace(",reconnect=1", ",reconnect-ms=1000"))
                    .toList();
            assertThat(seen(LabQemu.NEW, machine, forNewQemu).names())
                    .isEqualTo(offered.minus(LEGACY).minus(USO).names());
        } finally {
            process.destroy();
            process.waitFor();
        }
    }

    private String netdevWith(List<String> netdev, @Nullable String properties) {
        boolean several = String.join(" ", netdev).contains(",queues=4");
        Endpoint endpoint = Endpoint.listen(directory.resolve("b.sock"), Attach.NETDEV);
        return "virtio-net-pci,netdev=net1" + (several ? ",vectors=10" : "") + ",mac="
                + MacAddress.text(GuestAddress.of(endpoint, 1))
                + (properties == null ? "" : "," + properties);
    }

    /** What it prints until its sockets are there. */
    private List<String> said(Process process) throws IOException {
        BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
        List<String> lines = new ArrayList<>();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            lines.add(line);
            if (line.startsWith("guest1: waiting for a front-end")) {
                return lines;
            }
        }
        throw new AssertionError("it ended: " + Files.readString(directory.resolve("err")));
    }

    private static String line(List<String> lines, String start) {
        return lines.stream()
                .filter(line -> line.startsWith(start))
                .map(line -> line.substring(start.length()))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no line '" + start + "' in " + lines));
    }

    /** The arguments on a line: all from the first that begins with a hyphen. */
    private static List<String> words(List<String> lines, String start) {
        List<String> words = List.of(line(lines, start).split(" ", -1));
        int first = 0;
        while (!words.get(first).startsWith("-")) {
            first++;
        }
        return words.subList(first, words.size());
    }
}
