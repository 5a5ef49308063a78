// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests the commands that compare hosts and platforms, with hosts described by files. */
final class PlatformCommandsTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String recent = "";
    private String old = "";
    private String bare = "";

    @BeforeEach
    void hosts() throws IOException {
        recent = host("recent", CATALOG.platform("linux-6.12").orElseThrow().requires());
        old = host("old", CATALOG.platform("linux-6.1").orElseThrow().requires());
        bare = host("bare", Set.of());
    }

    private String host(String name, Set<HostCapability> present) throws IOException {
        Path file = directory.resolve(name + ".json");
        Files.writeString(file, HostCapabilitiesJson.write(HostCapabilities.imagined(name, present)));
        return file.toString();
    }

    private int run(Object command, String... arguments) {
        return new CommandLine(command)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    private int platform(String... arguments) {
        return run(new PlatformCommand(), arguments);
    }

    @Test
    void checkJudgesEveryHost() {
        assertThat(platform("check", "linux-6.2", "--host-capabilities", recent, old))
                .isEqualTo(1);
        assertThat(out.toString().lines())
                .containsExactly(
                        "recent: linux-6.2 supported",
                        "old: linux-6.2 supported in software: tap-uso is missing (TUNSETOFFLOAD CSUM|USO4|USO6: assumed);"
                                + " tap-write-udp-l4 is missing (write of a UDP_L4 super-frame: assumed)");
        assertThat(platform("check", "linux-6.1", "--host-capabilities", recent, old))
                .isZero();
        assertThat(out.toString())
                .endsWith("recent: linux-6.1 (linux-6.0) supported\nold: linux-6.1 (linux-6.0) supported\n");
    }

    @Test
    void checkAgreesWithRunAboutTheSameSettings() {
        assertThat(platform(
                        "check",
                        "linux-6.2",
                        "--set",
                        "host_uso=off,guest_uso4=off,guest_uso6=off",
                        "--host-capabilities",
                        old))
                .isZero();
        assertThat(out.toString()).isEqualTo("old: linux-6.2 supported\n");
        out.getBuffer().setLength(0);
        assertThat(platform("check", "linux-6.1", "--set", "host_uso=on", "--host-capabilities", old))
                .isEqualTo(1);
        assertThat(out.toString())
                .startsWith("old: linux-6.1 (linux-6.0) supported in software: tap-write-udp-l4 is missing");
        assertThat(platform("check", "linux-6.1", "--set", "csum=off", "--host-capabilities", old))
                .as("settings that contradict each other")
                .isEqualTo(2);
        assertThat(platform("check", "linux-6.1", "--queues", "128", "--host-capabilities", old))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .hasSize(2)
                .last()
                .isEqualTo("--queues=128: a guest has 1 to 127 queue pairs");
    }

    @Test
    void everyHostKeepsPlatformHost() {
        assertThat(platform("check", "host", "--host-capabilities", recent, old))
                .isZero();
        assertThat(out.toString().lines())
                .containsExactly(
                        "recent: host supported: it promises what this host has",
                        "old: host supported: it promises what this host has");
    }

    @Test
    void wrongNamesAndFilesAreOneLine() {
        assertThat(platform("check", "linux-6.22", "--host-capabilities", recent))
                .isEqualTo(2);
        assertThat(platform("check", "linux-6.2", "--host-capabilities", "/nonexistent"))
                .isEqualTo(2);
        assertThat(platform("baseline", "/nonexistent")).isEqualTo(2);
        assertThat(platform("labels", "--host-capabilities", "/nonexistent")).isEqualTo(2);
        assertThat(platform("diff", "linux-6.2", "linux-66")).isEqualTo(2);
        assertThat(platform("explain", "0x1")).isEqualTo(2);
        assertThat(run(new QemuArgsCommand(), "--platform", "linux-66")).isEqualTo(2);
        assertThat(err.toString().lines())
                .hasSize(7)
                .noneMatch(line -> line.contains("Exception in") || line.isBlank());
    }

    @Test
    void baselineNamesTheHostThatStandsInTheWay() {
        assertThat(platform("baseline", recent, old)).isZero();
        assertThat(out.toString().lines())
                .containsExactly(
                        "not linux-6.17: recent lacks tap-tunnel, tap-tunnel-csum (supported with --missing=emulate)",
                        "not linux-6.17: old lacks tap-uso, tap-write-udp-l4, tap-udp-l4-128, tap-tunnel, tap-tunnel-csum"
                                + " (supported with --missing=emulate)",
                        "not linux-6.9: old lacks tap-uso, tap-write-udp-l4, tap-udp-l4-128 (supported with"
                                + " --missing=emulate)",
                        "not linux-6.3: old lacks tap-uso, tap-write-udp-l4 (supported with --missing=emulate)",
                        "not linux-6.2: old lacks tap-uso, tap-write-udp-l4 (supported with --missing=emulate)",
                        "baseline: linux-6.0, linux-6.1",
                        "also supported by all: linux-4.15, linux-4.14, linux-4.0, linux-3.18, linux-rhel-9.7, linux-rhel-9.6,"
                                + " linux-rhel-9.5, linux-rhel-8.10, linux-rhel-9.4, linux-debian-12, linux-rhel-9.2,"
                                + " linux-amazon-2023, linux-uek-7, linux-ubuntu-22.04, linux-debian-11");
    }

    @Test
    void baselineOfAHostWithoutTapsIsNone() {
        assertThat(platform("baseline", recent, bare)).isEqualTo(2);
        assertThat(err.toString()).isEqualTo("There is no platform that all 2 hosts support without emulation.\n");
    }

    @Test
    void diffShowsPropertiesAndRequirements() {
        assertThat(platform("diff", "linux-6.1", "linux-6.12")).isEqualTo(1);
        assertThat(out.toString().lines().map(line -> line.replaceAll(" +", " ")))
                .containsExactly(
                        " linux-6.0 linux-6.9",
                        "virtio-device.queue_reset off on",
                        "virtio-net.guest_uso4 off on",
                        "virtio-net.guest_uso6 off on",
                        "virtio-net.host_uso off on",
                        "tap-uso - required",
                        "tap-write-udp-l4 - required",
                        "tap-udp-l4-128 - required",
                        "vhost-net-ring-reset - required");
        assertThat(platform("diff", "linux-6.12", "linux-rhel-10.0")).isZero();
        assertThat(out.toString()).endsWith("Both promise and require the same.\n");
    }

    @Test
    void validateSaysWhatIsWrong() throws IOException {
        Path good = directory.resolve("60-good.json");
        Files.writeString(good, """
                {"name": "linux-acme-1", "title": "Acme", "line": "acme", "released": "2026-01-01", "parent": "linux-6.12",
                 "evidence": [{"of": ["*"], "source": "probed"}]}
                """);
        assertThat(platform("validate", good.toString())).isZero();
        assertThat(out.toString()).isEqualTo(good + ": good\n");
        Path bad = directory.resolve("60-bad.json");
        Files.writeString(bad, Files.readString(good).replace("linux-6.12", "linux-6.21"));
        Path empty = Files.createFile(directory.resolve("60-empty.json"));
        assertThat(platform("validate", bad.toString(), empty.toString(), "/nonexistent.json"))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .containsExactly(
                        bad + ":1: parent: there is no definition 'linux-6.21' to build on",
                        empty + ": is empty, which hides less specific files of this name",
                        "/nonexistent.json: is not there");
    }

    /** A kernel 5.10, which was asked, has no SEQPACKET; for a network card it is as good as 6.1. */
    @Test
    void whatGuestsHaveBesideNetworkCardsIsJudgedWhenItIsNamed() {
        String old = "../../platform/definition/src/test/resources/org/vhost4j/platform/witness/5.10.json";
        assertThat(platform("check", "linux-6.1", "--netdev", "tap", "--host-capabilities", old))
                .isZero();
        assertThat(platform("check", "linux-6.1", "--netdev", "tap", "--with", "kvm", "--host-capabilities", old))
                .isZero();
        assertThat(platform(
                        "check",
                        "linux-6.1",
                        "--netdev",
                        "tap",
                        "--with",
                        "kvm,vhost-vsock",
                        "--host-capabilities",
                        old))
                .isEqualTo(1);
        assertThat(out.toString()).contains("vhost-vsock-seqpacket");
        assertThat(platform("baseline", "--with", "vhost-vsock", old)).isZero();
        assertThat(out.toString()).contains("baseline: linux-4.15");
        assertThat(platform("check", "linux-6.1", "--with", "vhost-blk")).isEqualTo(2);
        assertThat(err.toString())
                .contains("accepts kvm, kvm-arm, vhost-vsock, vhost-scsi and virtio-iommu, not 'vhost-blk'");
    }

    @Test
    void filesOfMachinesAreValidatedToo() throws IOException {
        Path good = directory.resolve("60-acme.json");
        Files.writeString(good, """
                {"version": "acme3", "newer": "8.2",
                 "machines": [{"name": "pc-q35-acme3", "title": "Acme 3"}],
                 "properties": {"virtio-net.host_uso": "off"}}
                """);
        assertThat(platform("validate", "--machines", good.toString())).isZero();
        Path bad = directory.resolve("61-acme.json");
        Files.writeString(
                bad, Files.readString(good).replace("host_uso", "host_usso").replace("\"8.2\"", "\"8.3\""));
        assertThat(platform("validate", "--machines", bad.toString())).isEqualTo(2);
        assertThat(err.toString()).isEqualTo(bad + ":1: newer: there is no definition '8.3' to build on\n");
        Files.writeString(bad, Files.readString(good).replace("host_uso", "host_usso"));
        assertThat(platform("validate", "--machines", bad.toString())).isEqualTo(2);
        assertThat(err.toString())
                .endsWith(bad + ":3: properties.virtio-net.host_usso: there is no property 'virtio-net.host_usso'\n");
    }

    @Test
    void directoryThatIsNamedMustBeThere() {
        assertThat(platform(
                        "show",
                        "linux-6.1",
                        "--platform-dir",
                        directory.resolve("tpyo").toString()))
                .isEqualTo(2);
        assertThat(err.toString()).contains("there is no directory '" + directory.resolve("tpyo") + "'");
    }

    @Test
    void schemasAreThoseThatTheDefinitionsName() {
        assertThat(platform("schema")).isZero();
        assertThat(out.toString()).contains("\"$id\": \"urn:vhost4j:schema:platform:1\"");
        assertThat(platform("schema", "machine")).isZero();
        assertThat(out.toString()).contains("\"$id\": \"urn:vhost4j:schema:machine:1\"");
        assertThat(platform("schema", "host")).isEqualTo(2);
    }

    @Test
    void labelsAreWhatNodeFeatureDiscoveryReads() {
        assertThat(platform("labels", "--host-capabilities", old)).isZero();
        assertThat(out.toString().lines())
                .contains("vhost4j-platform.linux-6.1=true", "vhost4j-platform.linux-debian-12=true")
                .doesNotContain("vhost4j-platform.linux-6.2=true")
                .allMatch(line -> line.matches("[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?=true"));
        out.getBuffer().setLength(0);
        assertThat(platform("labels", "--emulate", "--host-capabilities", old)).isZero();
        assertThat(out.toString().lines()).contains("vhost4j-platform.linux-6.2=true");
    }

    @Test
    void explainReadsTheLineOfTheBug() {
        assertThat(platform(
                        "explain", "qemu-kvm: Features 0x1c0010130afffa7 unsupported. Allowed features: 0x10179bfffe7"))
                .isZero();
        String whole = out.toString();
        assertThat(whole.lines().filter(line -> line.contains("STOPS")).map(line -> line.split(" +", -1)[1]))
                .containsExactly("GUEST_USO4", "GUEST_USO6", "HOST_USO");
        assertThat(whole)
                .contains("The guest uses GUEST_USO4, GUEST_USO6, HOST_USO, which the destination does not offer.\n")
                .contains("Platform linux-6.0 or older, on both sides")
                .contains("-device virtio-net-pci,guest_uso4=off,guest_uso6=off,host_uso=off on both sides");
        assertThat(whole.lines().filter(line -> line.startsWith("56 ")))
                .singleElement()
                .asString()
                .contains("pc-q35-8.2")
                .endsWith("linux-6.2");
        out.getBuffer().setLength(0);
        assertThat(platform("explain", "0x1c0010130afffa7", "0x10179bfffe7")).isZero();
        assertThat(out.toString()).isEqualTo(whole);
    }

    @Test
    void explainKnowsThatQemu11HidesTheBitsThatItRefused() {
        assertThat(platform(
                        "explain",
                        "qemu-system-x86_64: Features 0x00000000000000000000010130bfffa7 unsupported."
                                + " Allowed features: 0x00000000000000000000010179bfffe7"))
                .isZero();
        assertThat(out.toString())
                .doesNotContain("STOPS")
                .contains("It can have been GUEST_USO4, GUEST_USO6, HOST_USO, GUEST_UDP_TUNNEL_GSO, ")
                .contains("Platform linux-6.0 or older, on both sides")
                .contains(",guest_uso4=off,guest_uso6=off,host_uso=off,guest_tunnel=off,");
    }

    @Test
    void explainFindsNothingWhereNothingIs() {
        assertThat(platform("explain", "0x1", "0x1e01c0010179bfffe7")).isZero();
        assertThat(out.toString())
                .endsWith("According to these feature words the destination offers every bit that the guest uses.\n");
    }

    @Test
    void explainReadsWhatPeoplePaste() {
        String log = """
                Nov 22 10:00:00 node7 libvirtd[811]: internal error: QEMU unexpectedly closed the monitor
                2026-11-22T10:00:01.123456Z qemu-kvm: Features 0x1c0010130afffa7 unsupported.
                 Allowed features: 0x10179bfffe7
                2026-11-22T10:00:01.123457Z qemu-kvm: Failed to load virtio-net:virtio
                2026-11-22T10:00:01.123458Z qemu-kvm: error while loading state for instance 0x0 of device '0000:00:12.0/virtio-net'
                2026-11-22T10:00:01.123459Z qemu-kvm: load of migration failed: Operation not permitted
                """;
        assertThat(platform("explain", "0x1c0010130afffa7", "0x10179bfffe7")).isZero();
        String plain = out.toString();
        out.getBuffer().setLength(0);
        assertThat(platform("explain", log)).isZero();
        assertThat(out.toString()).isEqualTo(plain);
        out.getBuffer().setLength(0);
        assertThat(platform(("explain " + log).split("\\s+", -1)))
                .as("unquoted")
                .isZero();
        assertThat(out.toString()).isEqualTo(plain);
        out.getBuffer().setLength(0);
        assertThat(platform("explain", log + log + log.replace("0x1c0010130afffa7", "0x1e01c0010130afffa7")))
                .isZero();
        assertThat(out.toString()).startsWith(plain + "\nBIT ").contains("\n65   GUEST_UDP_TUNNEL_GSO ");
    }

    @Test
    void explainReadsWhichDeviceItWas() {
        assertThat(platform("explain", """
                        qemu-kvm: Features 0x20000250 unsupported. Allowed features: 0x71000454
                        qemu-kvm: Failed to load virtio-blk:virtio
                        """)).isZero();
        assertThat(out.toString())
                .contains("The guest uses FLUSH (WCACHE), which the destination does not offer.\n")
                .contains("-device virtio-blk-pci,write-cache=off on both sides.\n")
                .doesNotContain("GUEST_ECN", "virtio-net", "linux-");
        out.getBuffer().setLength(0);
        assertThat(platform("explain", """
                        qemu-kvm: Features 0x130000002 unsupported. Allowed features: 0x179000000
                        qemu-kvm: Failed to load virtio-vhost_vsock:virtio
                        qemu-kvm: Features 0x1c0010130afffa7 unsupported. Allowed features: 0x10179bfffe7
                        qemu-kvm: error while loading state for instance 0x0 of device '0000:00:12.0/virtio-net'
                        """)).isZero();
        assertThat(out.toString().lines().filter(line -> line.startsWith("The guest uses")))
                .containsExactly(
                        "The guest uses SEQPACKET, which the destination does not offer.",
                        "The guest uses GUEST_USO4, GUEST_USO6, HOST_USO, which the destination does not offer.");
        assertThat(out.toString()).contains("-device vhost-vsock-pci,seqpacket=off on both sides.\n");
    }

    @Test
    void explainSaysWhenItDoesNotKnowTheDevice() {
        assertThat(platform("explain", """
                        qemu-kvm: Features 0x10120000003 unsupported. Allowed features: 0x120000001
                        qemu-kvm: Failed to load vhost-user-rtc:virtio
                        """)).isZero();
        assertThat(out.toString())
                .contains("The device is vhost-user-rtc, whose own feature bits vhost4j does not know")
                .contains("The guest uses BIT_1, RING_RESET, which the destination does not offer.\n")
                .doesNotContain("virtio-net", "GUEST_CSUM");
    }

    @Test
    void explainReadsWhatVhostLacks() {
        // Releases before 7.2 print the mask in decimal.
        for (String mask : new String[] {"0x10000000000", "1099511627776"}) {
            out.getBuffer().setLength(0);
            assertThat(platform("explain", "qemu: vhost lacks feature mask " + mask + " for backend"))
                    .isZero();
            assertThat(out.toString())
                    .contains("does not offer RING_RESET, which QEMU was told to have")
                    .contains("-device virtio-net-pci,queue_reset=off on both sides");
        }
    }

    /** Jinpu Wang's, from a vhost-net of Linux 6.12 to one of 6.1: with USO off on both sides it was the queue's reset. */
    @Test
    void explainKnowsThatVhostNetHasBitsOfItsOwn() {
        assertThat(platform("explain", "Features 0x10130afffa7 unsupported. Allowed features: 0x179bfffe7"))
                .isZero();
        assertThat(out.toString().lines().filter(line -> line.startsWith("40 ")))
                .singleElement()
                .asString()
                .contains("STOPS THE MIGRATION", "pc-q35-7.2")
                .endsWith("linux-6.3");
        assertThat(out.toString()).endsWith("""
                        The guest uses RING_RESET, which the destination does not offer.
                        It does not offer GUEST_USO4, GUEST_USO6, HOST_USO either: guests that use them are stopped as well.
                        Platform linux-6.0 or older, on both sides from the first boot on, would have prevented what depends on the host.
                        With plain QEMU: -device virtio-net-pci,queue_reset=off,guest_uso4=off,guest_uso6=off,host_uso=off on both sides, or 'vhost4j qemu-args'.
                        """);
        out.getBuffer().setLength(0);
        assertThat(run(new QemuArgsCommand(), "--machine", "pc-q35-8.2", "--platform", "linux-6.0"))
                .isZero();
        assertThat(out.toString())
                .as("what that platform says of it")
                .contains(",queue_reset=off,guest_uso4=off,guest_uso6=off,host_uso=off");
    }

    @Test
    void explainKnowsBitsWithoutANameAndOf128() {
        assertThat(platform("explain", "0x80000000000000000000000200000000", "0x200000000"))
                .isZero();
        assertThat(out.toString())
                .contains("127  BIT_127 ")
                .contains("The guest uses BIT_127, which the destination does not offer.\n")
                .doesNotContain("would have prevented");
        assertThat(platform("explain", "0x180000000000000000000000200000000", "0x2"))
                .isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo("0x180000000000000000000000200000000 has 33 digits: a feature word has up to 32,"
                        + " which are 128 bits.\n");
    }

    @Test
    void hostIsAskedOnlyWhereItMatters() {
        assertThat(run(
                        new QemuArgsCommand(),
                        "--machine",
                        "pc-q35-8.2",
                        "--platform",
                        "host",
                        "--host-capabilities",
                        old))
                .isZero();
        assertThat(out.toString())
                .isEqualTo(
                        "-machine pc-q35-8.2 -device virtio-net-pci,netdev=net0,guest_uso4=off,guest_uso6=off,host_uso=off\n");
        assertThat(err.toString()).contains("unable to migrate");
        out.getBuffer().setLength(0);
        assertThat(platform("show", "host", "--machine", "pc-q35-8.2", "--host-capabilities", old))
                .isZero();
        assertThat(out.toString()).doesNotContain("HOST_USO").contains("unable to migrate");
        out.getBuffer().setLength(0);
        assertThat(platform("show", "host", "--machine", "pc-q35-8.2", "--host-capabilities", recent))
                .isZero();
        assertThat(out.toString()).contains("HOST_USO");
    }

    @Test
    void qemuArgsAreWhatDiffersFromTheMachine() {
        assertThat(run(new QemuArgsCommand(), "--machine", "pc-q35-8.2", "--platform", "linux-6.1"))
                .isZero();
        assertThat(out.toString())
                .isEqualTo("-machine pc-q35-8.2 -device "
                        + "virtio-net-pci,netdev=net0,queue_reset=off,guest_uso4=off,guest_uso6=off,host_uso=off\n");
        assertThat(err.toString()).contains("The guest is offered CSUM ").doesNotContain("HOST_USO");
    }

    @Test
    void qemuArgsSayWhatVhostUserDoesNotCarry() {
        assertThat(run(
                        new QemuArgsCommand(),
                        "-machine",
                        "pc-q35-10.2",
                        "-platform",
                        "linux-6.17",
                        "--netdev",
                        "vhost-user"))
                .isZero();
        assertThat(out.toString()).isEqualTo("-machine pc-q35-10.2 -device virtio-net-pci,netdev=net0\n");
        assertThat(err.toString())
                .contains(
                        "offers no USO through -netdev vhost-user: the guest does not see GUEST_USO4, GUEST_USO6 and HOST_USO.")
                .contains("vhost-user carries no feature bit above 63: the guest does not see ");
    }

    private JsonNode json(int status, Object command, String... arguments) {
        out.getBuffer().setLength(0);
        assertThat(run(command, arguments)).as(String.join(" ", arguments)).isEqualTo(status);
        return JsonMapper.shared().readTree(out.toString());
    }

    @Test
    void everyCommandHasItsJson() throws IOException {
        Object command = new PlatformCommand();
        JsonNode check = json(1, command, "check", "linux-6.2", "--json", "--host-capabilities", recent, old);
        assertThat(check.path("vhost4j-platform-check").asInt()).isEqualTo(1);
        assertThat(check.path("hosts").get(0).path("kept").asBoolean()).isTrue();
        assertThat(check.path("hosts").get(1).path("kept").asBoolean()).isFalse();
        assertThat(check.path("hosts")
                        .get(1)
                        .path("lacks")
                        .get(0)
                        .path("capability")
                        .asString())
                .isEqualTo("tap-uso");

        JsonNode baseline = json(0, command, "baseline", "--json", recent, old);
        assertThat(baseline.path("baseline").path("name").asString()).isEqualTo("linux-6.0");
        assertThat(baseline.path("obstacles")).isNotEmpty();
        assertThat(json(2, command, "baseline", "--json", recent, bare).has("baseline"))
                .isFalse();

        JsonNode diff = json(1, command, "diff", "linux-6.2", "linux-6.3", "--json");
        assertThat(diff.path("differences").get(0).path("what").asString()).isEqualTo("virtio-device.queue_reset");
        assertThat(json(0, command, "diff", "linux-6.2", "linux-6.2", "--json").path("differences"))
                .isEmpty();

        JsonNode explain = json(
                0, command, "explain", "--json", "Features 0x10130afffa7 unsupported. Allowed features: 0x179bfffe7");
        JsonNode one = explain.path("explanations").get(0);
        assertThat(one.path("device").asString()).isEqualTo("virtio-net");
        assertThat(one.path("platform").asString()).isEqualTo("linux-6.0");
        assertThat(one.path("settings").get(0).asString()).isEqualTo("queue_reset=off");

        JsonNode labels = json(0, command, "labels", "--json", "--host-capabilities", old);
        assertThat(labels.path("labels").path("vhost4j-platform.linux-6.1").asString())
                .isEqualTo("true");

        Path bad = directory.resolve("60-bad.json");
        Files.writeString(bad, "{}");
        JsonNode validate = json(2, command, "validate", "--json", bad.toString());
        assertThat(validate.path("files").get(0).path("good").asBoolean()).isFalse();
        assertThat(validate.path("files").get(0).path("problems")).isNotEmpty();

        JsonNode show = json(0, command, "show", "linux-6.12", "--json", "--set", "host_uso=off");
        assertThat(show.path("definition").path("name").asString()).isEqualTo("linux-6.9");
        assertThat(show.path("by-the-device-alone").get(0).asString()).isEqualTo("MAC");
        for (JsonNode property : show.path("properties")) {
            if (property.path("name").asString().equals("virtio-net.host_uso")) {
                assertThat(property.path("bit").asInt()).isEqualTo(56);
                assertThat(property.path("layers").get(2).path("layer").asString())
                        .isEqualTo("explicit");
            }
        }

        JsonNode arguments = json(0, new QemuArgsCommand(), "--json", "--platform", "linux-6.1");
        assertThat(arguments.path("settings").get(0).asString()).isEqualTo("queue_reset=off");
        assertThat(err.toString()).doesNotContain("The guest is offered");
    }

    @Test
    void qemuArgsSayWhatAHostLacks() {
        assertThat(run(
                        new QemuArgsCommand(),
                        "--platform",
                        "linux-6.12",
                        "--host-capabilities",
                        recent,
                        "--host-capabilities",
                        old))
                .isEqualTo(1);
        assertThat(out.toString()).startsWith("-machine pc-q35-");
        assertThat(err.toString().lines().filter(line -> line.startsWith("Host ")))
                .containsExactly(
                        "Host old does not support it: tap-uso is missing (TUNSETOFFLOAD CSUM|USO4|USO6: assumed);"
                                + " tap-write-udp-l4 is missing (write of a UDP_L4 super-frame: assumed); tap-udp-l4-128 is missing"
                                + " (write of a UDP_L4 super-frame of 128 segments: assumed).");
        assertThat(run(
                        new QemuArgsCommand(),
                        "--platform",
                        "linux-6.12",
                        "--netdev",
                        "vhost-user",
                        "--host-capabilities",
                        old))
                .as("nothing of the host's kernel is used")
                .isZero();
    }

    /** The TAP of Linux 6.2 keeps linux-6.3, and its vhost-net does not. */
    @Test
    void cardsAreJudgedByTheirBackEnds() throws IOException {
        String six2 = host(
                "six2",
                PlatformCatalog.shipped().platform("linux-6.2").orElseThrow().requires());
        assertThat(platform("check", "linux-6.3", "--netdev", "tap", "--host-capabilities", six2))
                .isZero();
        assertThat(platform("check", "linux-6.3", "--netdev", "vhost-user", "--host-capabilities", six2))
                .isZero();
        out.getBuffer().setLength(0);
        assertThat(platform("check", "linux-6.3", "--netdev", "vhost-net", "--host-capabilities", six2))
                .isEqualTo(1);
        assertThat(out.toString())
                .isEqualTo("six2: linux-6.3 not supported: vhost-net-ring-reset is missing (VHOST_GET_FEATURES of"
                        + " /dev/vhost-net, bit 40: assumed)\n");
        out.getBuffer().setLength(0);
        assertThat(platform("baseline", "--netdev", "vhost-net", six2)).isZero();
        assertThat(out.toString()).contains("baseline: linux-6.2\n");
        out.getBuffer().setLength(0);
        assertThat(platform("baseline", six2)).isZero();
        assertThat(out.toString()).contains("baseline: linux-6.3, linux-6.6\n");
        out.getBuffer().setLength(0);
        assertThat(platform("labels", "--netdev", "vhost-net", "--host-capabilities", six2))
                .isZero();
        assertThat(out.toString().lines())
                .contains("vhost4j-platform.linux-6.2=true")
                .doesNotContain("vhost4j-platform.linux-6.3=true");
        assertThat(platform("check", "linux-6.3", "--netdev", "vhost", "--host-capabilities", six2))
                .isEqualTo(2);
        assertThat(err.toString()).contains("accepts tap, vhost-net or vhost-user, not 'vhost'");
    }
}
