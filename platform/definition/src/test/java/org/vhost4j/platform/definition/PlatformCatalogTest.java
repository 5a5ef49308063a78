// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.platform.probe.HostCapability;

final class PlatformCatalogTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private PlatformCatalog load() {
        return PlatformCatalog.load(List.of(directory), List.of());
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(directory.resolve(name), text);
    }

    private static String child(String name, String parent, String rest) {
        return """
                {
                  "name": "%s",
                  "title": "A platform of our own",
                  "line": "acme",
                  "released": "2026-01-01",
                  "parent": "%s",
                  "evidence": [{"of": ["*"], "source": "probed"}]%s
                }
                """.formatted(name, parent, rest);
    }

    private List<String> problems() {
        String prefix = directory.toString() + "/";
        return load().problems().stream()
                .map(problem -> problem.toString().replace(prefix, ""))
                .toList();
    }

    @Test
    void shippedDefinitionsAreSound() {
        PlatformCatalog catalog = PlatformCatalog.shipped();
        assertThat(catalog.problems()).isEmpty();
        assertThat(catalog.platforms()).extracting(PlatformDefinition::name).startsWith("linux-6.17", "linux-6.9");
        assertThat(catalog.machines())
                .extracting(MachineDefinition::name)
                .contains("pc-q35-2.10", "pc-q35-8.1", "pc-q35-8.2", "pc-q35-10.0", "pc-i440fx-11.1", "virt-8.1");
        assertThat(catalog.defaultMachine().aliases()).contains("q35");
    }

    @Test
    void everyShippedFileFitsItsSchema() {
        for (String kind : List.of("platform", "machine")) {
            List<DefinitionProblem> problems = new ArrayList<>();
            DefinitionReader reader = new DefinitionReader("schema/" + kind + ".schema.json");
            List<DefinitionSource> sources = DefinitionFiles.find(kind + "s/", List.of(), problems::add);
            assertThat(sources).isNotEmpty();
            sources.forEach(source -> reader.validate(source, problems::add));
            assertThat(problems).isEmpty();
        }
    }

    @Test
    void everyShippedFileIsInTheIndex() throws IOException {
        for (String kind : List.of("platforms", "machines")) {
            Path folder = Path.of("src/main/resources/org/vhost4j/platform/definition", kind);
            try (var files = Files.list(folder)) {
                assertThat(ShippedFiles.read(kind + "/index.txt").lines())
                        .containsExactlyInAnyOrderElementsOf(
                                files.map(file -> file.getFileName().toString())
                                        .filter(name -> name.endsWith(".json"))
                                        .toList());
            }
        }
    }

    @Test
    void aDefinitionReadByItselfIsTheSame() {
        PlatformCatalog all = PlatformCatalog.shipped();
        assertThat(all.platforms()).isNotEmpty();
        for (PlatformDefinition platform : all.platforms()) {
            assertThat(new ShippedDefinitions().platform(platform.name())).contains(platform);
        }
        assertThat(new ShippedDefinitions().newestFirst()).containsExactlyElementsOf(all.platforms());
        for (MachineDefinition machine : all.machines()) {
            assertThat(new ShippedDefinitions().machine(machine.name())).contains(machine);
        }
        assertThat(new ShippedDefinitions().defaultMachine()).contains(all.defaultMachine());
    }

    @Test
    void whatNoFileIsNamedAfterIsSoughtEverywhere() {
        for (String name : List.of(
                "linux-6.12", "", "-", "q35", "../platforms/50-linux-6.9", "pc-q35-", "pc-q35-99.9", "pc-q36-10.0")) {
            assertThat(new ShippedDefinitions().platform(name)).as(name).isEmpty();
            assertThat(new ShippedDefinitions().machine(name)).as(name).isEmpty();
        }
        PlatformCatalog catalog = PlatformCatalog.shipped();
        assertThat(catalog.platform("linux-6.9").orElseThrow())
                .isEqualTo(catalog.platform("linux-6.12").orElseThrow());
        assertThat(catalog.machine("q35")).contains(catalog.defaultMachine());
        assertThat(catalog.platform("linux-6.8")).isEmpty();
    }

    @Test
    void namesPeopleSayAreKnown() {
        PlatformCatalog catalog = PlatformCatalog.shipped();
        for (String name : List.of("5.4", "5.10", "5.15", "6.1", "6.2", "6.6", "6.12", "6.17", "6.18")) {
            assertThat(catalog.platform("linux-" + name)).as(name).isPresent();
        }
    }

    @Test
    void requirementsAndStatementsAreInherited() {
        PlatformDefinition platform =
                PlatformCatalog.shipped().platform("linux-6.12").orElseThrow();
        assertThat(platform.requires())
                .contains(HostCapability.TAP_UDP_L4_128, HostCapability.TAP_USO, HostCapability.TAP_CSUM)
                .doesNotContain(HostCapability.TAP_TUNNEL);
        Property uso = Property.named("virtio-net.host_uso").orElseThrow();
        assertThat(platform.assignments().get(uso)).isEqualTo(new Assignment(Layer.PLATFORM, "linux-6.2", "on"));
        Property csum = Property.named("csum").orElseThrow();
        assertThat(platform.assignments().get(csum)).isEqualTo(new Assignment(Layer.PLATFORM, "linux-3.18", "on"));
    }

    @Test
    void machinesKeepWhatQemuKept() {
        PlatformCatalog catalog = PlatformCatalog.shipped();
        Property uso = Property.named("guest_uso4").orElseThrow();
        Property tunnel = Property.named("host_tunnel").orElseThrow();
        Property reset = Property.named("queue_reset").orElseThrow();
        assertThat(catalog.machine("pc-q35-8.1").orElseThrow().assignments()).containsKeys(uso, tunnel);
        assertThat(catalog.machine("pc-q35-8.2").orElseThrow().assignments())
                .doesNotContainKey(uso)
                .containsKey(tunnel);
        assertThat(catalog.machine("pc-q35-10.2").orElseThrow().assignments()).doesNotContainKey(tunnel);
        assertThat(catalog.machine("pc-i440fx-7.1").orElseThrow().assignments().get(reset))
                .isEqualTo(new Assignment(Layer.MACHINE, "pc-i440fx-7.1", "off"));
        assertThat(catalog.machine("virt-7.2").orElseThrow().assignments()).doesNotContainKey(reset);
    }

    @Test
    void othersMayAddPlatforms() throws IOException {
        write("60-acme.json", child("linux-acme-1", "linux-6.12", ""));
        PlatformCatalog catalog = load();
        assertThat(catalog.problems()).isEmpty();
        PlatformDefinition acme = catalog.platform("linux-acme-1").orElseThrow();
        assertThat(acme.requires())
                .isEqualTo(catalog.platform("linux-6.9").orElseThrow().requires());
        assertThat(catalog.platforms())
                .as("mainline comes first")
                .startsWith(catalog.platform("linux-6.17").orElseThrow());
        assertThat(acme.origin()).isEqualTo(directory.resolve("60-acme.json").toString());
    }

    @Test
    void moreSpecificDirectoryWinsAndAnEmptyFileHides(@TempDir Path specific) throws IOException {
        write("60-acme.json", child("linux-acme-1", "linux-6.12", ""));
        write("61-acme.json", child("linux-acme-2", "linux-6.12", ""));
        Files.writeString(specific.resolve("60-acme.json"), child("linux-acme-1", "linux-6.2", ""));
        Files.writeString(specific.resolve("61-acme.json"), "");
        Files.writeString(specific.resolve("README"), "not a definition");
        PlatformCatalog catalog = PlatformCatalog.load(List.of(directory, specific), List.of());
        assertThat(catalog.problems()).isEmpty();
        assertThat(catalog.platform("linux-acme-1").orElseThrow().parent()).hasValue("linux-6.2");
        assertThat(catalog.platform("linux-acme-2")).isEmpty();
    }

    @Test
    void shippedDefinitionsCanBeHidden() throws IOException {
        write("50-linux-ubuntu-26.04.json", "");
        assertThat(load().platform("linux-ubuntu-26.04")).isEmpty();
        assertThat(load().problems()).isEmpty();
    }

    @Test
    void brokenFileIsNamedAndTheOthersStand() throws IOException {
        write("10-broken.json", "{\n  \"name\": \"x\",\n  \"title\" \"y\"\n}");
        write("11-twice.json", "{\n  \"name\": \"x\",\n  \"name\": \"y\"\n}");
        write(
                "12-schema.json",
                "{\n  \"name\": \"bad name\",\n  \"title\": \"t\",\n  \"line\": \"acme\",\n"
                        + "  \"released\": \"2026-01-01\",\n  \"evidense\": []\n}");
        write("60-good.json", child("linux-acme-1", "linux-6.12", ""));
        assertThat(problems())
                .hasSize(5)
                .anyMatch(problem -> problem.startsWith("10-broken.json:3: "))
                .anyMatch(problem -> problem.startsWith("11-twice.json:3: ") && problem.contains("name"))
                .anyMatch(problem -> problem.startsWith("12-schema.json:2: name: "))
                .contains("12-schema.json:1: evidence: is missing", "12-schema.json:1: evidense: is not known here");
        assertThat(load().platform("linux-acme-1")).isPresent();
        assertThat(load().platform("linux-6.12")).isPresent();
    }

    @Test
    void whatASchemaCannotSayIsCaught() throws IOException {
        write("10-unknown.json", child("a-1", "linux-6.12", ",\n\"properties\": {\n\"virtio-net.host_usso\": \"on\"}"));
        write("11-kind.json", child("a-2", "linux-6.12", ",\n\"properties\": {\n\"virtio-net.host_uso\": 1}"));
        write("12-capability.json", child("a-3", "linux-6.12", ",\n\"requires\": [\"tap-warp\"]"));
        write("13-date.json", child("a-4", "linux-6.12", "").replace("2026-01-01", "2026-02-31"));
        write("14-parent.json", child("a-5", "linux-9.9", ""));
        write("15-grandchild.json", child("a-6", "a-5", ""));
        write("16-name.json", child("host", "linux-6.12", ""));
        write(
                "17-evidence.json",
                child("a-7", "linux-6.12", ",\n\"requires\": [\"tap-tunnel\"]").replace("*", "tap"));
        assertThat(problems())
                .containsExactly(
                        "10-unknown.json:9: properties.virtio-net.host_usso: there is no property 'virtio-net.host_usso'",
                        "11-kind.json:9: properties.virtio-net.host_uso: must be on or off, not '1'",
                        "12-capability.json:8: requires: there is no host capability 'tap-warp'",
                        "13-date.json:5: released: is not a date such as 2022-12-11",
                        "14-parent.json:6: parent: there is no definition 'linux-9.9' to build on",
                        "15-grandchild.json:6: parent: it is based on 'a-5', which was refused",
                        "16-name.json:2: name: 'host' has a meaning of its own on the command line",
                        "17-evidence.json:8: requires: no evidence is given for 'tap-tunnel'");
    }

    @Test
    void promisesMustHaveGroundAndMustNotContradictThemselves() throws IOException {
        write("10-ground.json", child("a-1", "linux-6.1", ",\n\"properties\": {\n\"virtio-net.host_uso\": \"on\"}"));
        write("11-dependency.json", child("a-2", "linux-6.12", ",\n\"properties\": {\"virtio-net.csum\": \"off\"}"));
        write(
                "12-root.json",
                child("a-3", "", ",\n\"properties\": {\"virtio-net.csum\": \"off\"}")
                        .replace("\"parent\": \"\",", ""));
        assertThat(problems())
                .contains(
                        "10-ground.json:9: properties.virtio-net.host_uso: is on, which needs 'tap-write-udp-l4' among"
                                + " 'requires'",
                        "11-dependency.json:8: properties: HOST_TSO4 needs CSUM",
                        "11-dependency.json:8: properties: HOST_USO needs CSUM",
                        "12-root.json:8: properties.virtio-net.guest_uso4: is missing: what depends on the host must be"
                                + " stated here or by a parent");
        assertThat(load().platform("a-3")).isEmpty();
    }

    @Test
    void circlesAreCaught() throws IOException {
        write("10-a.json", child("a", "b", ""));
        write("11-b.json", child("b", "c", ""));
        write("12-c.json", child("c", "b", ""));
        assertThat(problems())
                .containsExactly(
                        "10-a.json:6: parent: it is based on 'b', whose parents form a cycle",
                        "11-b.json:6: parent: its parents form a cycle: b, c, b",
                        "12-c.json:6: parent: its parents form a cycle: c, b, c");
    }

    @Test
    void secondDefinitionOfANameIsRefused() throws IOException {
        write("60-acme.json", child("linux-6.2", "linux-6.0", ""));
        assertThat(problems())
                .containsExactly(
                        "60-acme.json:2: name: 'linux-6.2' is already defined by 50-linux-6.2.json, which comes first");
    }

    @Test
    void fileWithoutTwoDigitsIsSaidAndLeftOut() throws IOException {
        for (String name :
                List.of("acme.json", "6-acme.json", "60acme.json", "60-acme.JSON", "60-acme.json~", "60-.json")) {
            write(name, child("linux-acme-1", "linux-6.12", ""));
        }
        write("60-good.json", child("linux-acme-2", "linux-6.12", ""));
        String why = ": is ignored: definitions are named NN-name.json, with two digits first";
        assertThat(problems())
                .containsExactly("6-acme.json" + why, "60-.json" + why, "60acme.json" + why, "acme.json" + why);
        assertThat(load().platform("linux-acme-1")).isEmpty();
        assertThat(load().platform("linux-acme-2")).isPresent();
    }

    @Test
    void controlCharactersAreRefusedInEveryText() throws IOException {
        String good = child("linux-acme-1", "linux-6.12", "");
        write("10-colour.json", good.replace("our own", "our \\u001b[31mown"));
        write("11-lines.json", good.replace("our own", "our own\\n"));
        write("12-turned.json", good.replace("probed", "\\u202eprobed"));
        write("13-member.json", child("linux-acme-2", "linux-6.12", ",\n\"x\\u0007\": {\"y\\u0000\": 1}"));
        write("60-good.json", good);
        assertThat(problems())
                .containsExactly(
                        "10-colour.json:3: title: has the control character U+001B",
                        "11-lines.json:3: title: has the control character U+000A",
                        "12-turned.json:7: evidence[0].source: has the control character U+202E",
                        "13-member.json:8: has the control character U+0007",
                        "13-member.json:8: ?: has the control character U+0000");
        assertThat(load().platform("linux-acme-1")).isPresent();
    }

    @Test
    void anAliasThatMeansSomethingElseIsSaidAndLeftOut() throws IOException {
        write("60-a.json", child("linux-acme-1", "linux-6.12", ",\n\"aliases\": [\"linux-6.2\", \"acme\"]"));
        write("61-b.json", child("linux-acme-2", "linux-6.12", ",\n\"aliases\": [\"acme\", \"linux-6.18\", \"help\"]"));
        write("62-c.json", child("linux-acme-3", "acme", ""));
        assertThat(problems())
                .containsExactly(
                        "60-a.json:8: aliases: 'linux-6.2' is the name of 50-linux-6.2.json; the alias is ignored",
                        "61-b.json:8: aliases: 'acme' is already an alias of 60-a.json, which comes first; the alias is"
                                + " ignored",
                        "61-b.json:8: aliases: 'linux-6.18' is already an alias of 50-linux-6.17.json, which comes first; the"
                                + " alias is ignored",
                        "61-b.json:8: aliases: 'help' has a meaning of its own on the command line; the alias is"
                                + " ignored");
        PlatformCatalog catalog = load();
        assertThat(catalog.platform("linux-6.2").orElseThrow().name()).isEqualTo("linux-6.2");
        assertThat(catalog.platform("acme").orElseThrow().name()).isEqualTo("linux-acme-1");
        assertThat(catalog.platform("linux-acme-1").orElseThrow().aliases()).containsExactly("acme");
        assertThat(catalog.platform("linux-acme-2").orElseThrow().aliases()).isEmpty();
        assertThat(catalog.platform("linux-acme-3").orElseThrow().parent()).hasValue("acme");
    }

    @Test
    void aNameThatIsNoLabelIsRefused() throws IOException {
        String longest = "linux-" + "x".repeat(40);
        write("10-long.json", child(longest + "x", "linux-6.12", ""));
        write("11-end.json", child("linux-acme-", "linux-6.12", ""));
        write("12-space.json", child("linux acme", "linux-6.12", ""));
        write("13-alias.json", child("linux-acme-1", "linux-6.12", ",\n\"aliases\": [\"acme.\"]"));
        write("60-good.json", child(longest, "linux-6.12", ""));
        String why =
                ": is not a name: 1 to 46 letters, digits, '.', '_' and '-', a letter or digit first and last, so that"
                        + " schedulers accept it as a label";
        assertThat(problems())
                .containsExactly(
                        "10-long.json:2: name" + why,
                        "11-end.json:2: name" + why,
                        "12-space.json:2: name" + why,
                        "13-alias.json:8: aliases[0]" + why);
        assertThat(load().platform(longest)).isPresent();
    }

    /** The bits of the kernel's vhost-net are the host's as well: what QEMU turns on by itself must be stated, the rest may be. */
    @Test
    void whatVhostNetDecidesMustHaveGround() throws IOException {
        write("10-reset.json", child("a-1", "linux-6.1", ",\n\"properties\": {\"virtio-device.queue_reset\": \"on\"}"));
        write("11-order.json", child("a-2", "linux-6.12", ",\n\"properties\": {\"virtio-device.in_order\": \"on\"}"));
        assertThat(problems())
                .containsExactly(
                        "10-reset.json:8: properties.virtio-device.queue_reset: is on, which needs 'vhost-net-ring-reset'"
                                + " among 'requires'",
                        "11-order.json:8: properties.virtio-device.in_order: is on, which needs 'vhost-net-in-order' among"
                                + " 'requires'");
    }

    @Test
    void unreadableTextIsRefused() throws IOException {
        Files.write(directory.resolve("10-binary.json"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThat(problems()).containsExactly("10-binary.json: is not UTF-8");
    }

    @Test
    void whatHasNoEndOrIsTooLargeIsNamedAndTheOthersStand() throws Exception {
        assertThat(new ProcessBuilder(
                                "mkfifo", directory.resolve("10-fifo.json").toString())
                        .start()
                        .waitFor())
                .isZero();
        Files.createSymbolicLink(directory.resolve("11-zero.json"), Path.of("/dev/zero"));
        try (RandomAccessFile sparse =
                new RandomAccessFile(directory.resolve("12-large.json").toFile(), "rw")) {
            sparse.setLength(1L << 30);
        }
        write("13-deep.json", "[".repeat(100_000));
        write("14-many.json", "[" + "[],".repeat(40_000) + "[]]");
        write("15-string.json", "\"" + "x".repeat(65_537) + "\"");
        write("60-good.json", child("linux-acme-1", "linux-6.12", ""));
        assertThat(problems())
                .containsExactly(
                        "10-fifo.json: is a device, FIFO or socket, not a regular file",
                        "11-zero.json: is a device, FIFO or socket, not a regular file",
                        "12-large.json: has 1073741824 bytes; at most 262144 are read",
                        "13-deep.json: Document nesting depth (33) exceeds the maximum allowed (32)",
                        "14-many.json: Token count (10001) exceeds the maximum allowed (10000)",
                        "15-string.json: String value length (65537) exceeds the maximum allowed (65536)");
        assertThat(load().platform("linux-acme-1")).isPresent();
    }

    @Test
    void definitionsHaveALimitTogether() throws IOException {
        for (int i = 10; i < 16; i++) {
            write(i + "-blank.json", " ".repeat(200_000));
        }
        write("60-good.json", child("linux-acme-1", "linux-6.12", ""));
        assertThat(problems())
                .contains("15-blank.json: is ignored with all following files: the definitions have more than 1048576"
                        + " bytes together");
        assertThat(load().platform("linux-6.12")).isPresent();
        assertThat(load().platform("linux-acme-1")).isEmpty();
    }

    @Test
    void aDirectoryOfTooManyDefinitionsIsNotRead() throws IOException {
        for (int i = 0; i <= 1000; i++) {
            write("10-" + i + ".json", "");
        }
        assertThat(load().problems())
                .extracting(DefinitionProblem::toString)
                .containsExactly(directory + ": has more than 1000 definitions: none is read");
    }

    @Test
    void ofAThousandProblemsTheFirstAreTold() throws IOException {
        StringBuilder members = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            members.append(", \"m").append(i).append("\": 1");
        }
        write("60-acme.json", child("linux-acme-1", "linux-6.12", members.toString()));
        assertThat(problems()).hasSize(21).endsWith("60-acme.json: has 980 more problems");
    }

    @Test
    void machinesOfOthersAreRead() throws IOException {
        write("60-acme.json", """
                {"version": "acme3", "newer": "8.2",
                 "machines": [{"name": "pc-q35-acme3", "title": "Acme 3"}],
                 "properties": {"virtio-net.host_uso": "off"}}
                """);
        PlatformCatalog catalog = PlatformCatalog.load(List.of(), List.of(directory));
        assertThat(catalog.problems()).isEmpty();
        assertThat(catalog.machine("pc-q35-acme3").orElseThrow().assignments())
                .containsKey(Property.named("host_uso").orElseThrow());
        assertThat(Set.copyOf(catalog.machines())).hasSizeGreaterThan(80);
    }

    @Test
    void machinesOfDistributionsKeepWhatTheirTablesSay() {
        PlatformCatalog catalog = PlatformCatalog.shipped();
        Property uso = Property.named("host_uso").orElseThrow();
        for (String name : List.of("pc-q35-rhel9.8.0", "pc-q35-rhel9.6.0", "pc-q35-rhel9.4.0", "pc-q35-jammy")) {
            MachineDefinition machine = catalog.machine(name).orElseThrow();
            assertThat(machine.assignments())
                    .as(name)
                    .containsEntry(uso, new Assignment(Layer.MACHINE, name, Property.OFF));
        }
        for (String name : List.of("pc-q35-rhel10.0.0", "pc-q35-noble", "pc-i440fx-resolute", "microvm", "isapc")) {
            assertThat(catalog.machine(name).orElseThrow().assignments())
                    .as(name)
                    .doesNotContainKey(uso);
        }
        // What upstream keeps for the version that a machine was forked from is kept as well.
        assertThat(catalog.machine("pc-q35-rhel9.2.0").orElseThrow().assignments())
                .containsKey(Property.named("pci-device.x-pcie-err-unc-mask").orElseThrow());
        assertThat(catalog.machine("ubuntu-q35").orElseThrow().name()).isEqualTo("pc-q35-resolute");
        // Ubuntu 20.04 has one of its machines from QEMU 4.2, and the other from 4.0.
        Property reset = Property.named("x-pcie-flr-init").orElseThrow();
        assertThat(catalog.machine("pc-i440fx-focal-hpb").orElseThrow().assignments())
                .containsKey(reset);
        assertThat(catalog.machine("pc-q35-focal-hpb").orElseThrow().assignments())
                .doesNotContainKey(reset);
    }

    @Test
    void aDirectoryOfPlatformsMayHaveOneOfMachines() throws IOException {
        Files.writeString(Files.createDirectory(directory.resolve("machines")).resolve("60-acme.json"), """
                {"version": "acme3", "newer": "8.2", "machines": [{"name": "pc-q35-acme3", "title": "Acme 3"}]}
                """);
        PlatformCatalog catalog = SearchPath.of(Map.of(), List.of(directory)).load();
        assertThat(catalog.problems()).isEmpty();
        assertThat(catalog.machine("pc-q35-acme3")).isPresent();
    }
}
