// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.tools.common.UnsupportedOption;

/** Tests the arguments that are added to a command line and those that are refused, with invented hosts. */
final class QemuStartTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();
    private static final List<QemuMachine.Compatibility> OF_8_1 = List.of(
            new QemuMachine.Compatibility("virtio-net-device", "host_uso", "off"),
            new QemuMachine.Compatibility("virtio-net-device", "guest_uso4", "off"),
            new QemuMachine.Compatibility("virtio-net-device", "guest_uso6", "off"));

    private final StringWriter err = new StringWriter();

    private static QemuMachine machine(String name, List<QemuMachine.Compatibility> kept) {
        return new QemuMachine(
                name,
                name.equals("pc-q35-9.1") ? Optional.of("q35") : Optional.empty(),
                name.equals("pc-q35-9.1"),
                kept);
    }

    private static QemuBinary binary() {
        Set<String> properties = new TreeSet<>();
        Property.all().stream().filter(Property::isQemus).forEach(property -> properties.add(property.name()));
        properties.removeIf(name -> name.contains("tunnel"));
        return new QemuBinary(
                "9.1.0",
                List.of(
                        machine("pc-q35-9.1", List.of()),
                        machine("pc-q35-8.1", OF_8_1),
                        machine(
                                "pc-q35-downstream",
                                List.of(new QemuMachine.Compatibility("virtio-net-pci", "host_uso", "off"))),
                        machine("sifive_u", List.of()),
                        machine("none", List.of())),
                properties);
    }

    private static HostCapabilities hostThatKeeps(String platform) {
        Set<HostCapability> present =
                EnumSet.copyOf(CATALOG.platform(platform).orElseThrow().requires());
        present.add(HostCapability.TAP_MULTI_QUEUE);
        return HostCapabilities.imagined("alpha", present);
    }

    private List<String> added(HostCapabilities host, String... words) {
        QemuStart start =
                new QemuStart(Map.of(), new PrintWriter(err, true), new Notes(Map.of()), new HostAnswers(host));
        GivenOptions options = new GivenOptions(List.of(words));
        MachineChoice choice = MachineChoice.of(options, binary(), CATALOG);
        List<String> globals = start.globals(options, binary(), choice);
        List<String> values = new ArrayList<>();
        for (int i = 0; i < globals.size(); i += 2) {
            assertThat(globals.get(i)).isEqualTo("-global");
            values.add(globals.get(i + 1));
        }
        return values;
    }

    @Test
    void oneSetOfPropertiesWhateverIsBehindACard() {
        List<String> without = added(hostThatKeeps("linux-6.9"), "-platform", "linux-6.1");
        assertThat(without)
                .contains("virtio-net-device.host_uso=off", "virtio-net-device.host_tso4=on")
                .allMatch(value -> value.startsWith("virtio-net-device."));
        for (String netdev : List.of("tap,id=n", "tap,id=n,vhost=on", "user,id=n", "vhost-user,id=n,chardev=c")) {
            assertThat(added(
                            hostThatKeeps("linux-6.18"),
                            "-M",
                            "q35_linux-6.1",
                            "-netdev",
                            netdev,
                            "-device",
                            "virtio-net-pci,netdev=n"))
                    .as(netdev)
                    .isEqualTo(without);
        }
    }

    /** Proxmox' QEMU takes a version behind a machine's name. */
    @Test
    void aMachineOfProxmoxIsTheOneThatItIsMadeOf() {
        HostCapabilities host = hostThatKeeps("linux-6.9");
        assertThat(added(host, "-machine", "pc-q35-9.1+pve0", "-platform", "linux-6.1"))
                .isNotEmpty()
                .isEqualTo(added(host, "-machine", "pc-q35-9.1", "-platform", "linux-6.1"))
                .isEqualTo(added(host, "-machine", "type=q35+pve1_linux-6.1"));
        assertThat(added(host, "-machine", "pc-q35-9.1+acme", "-platform", "linux-6.1"))
                .isEmpty();
    }

    @Test
    void theHostIsAskedCardByCard() {
        HostCapabilities old = hostThatKeeps("linux-6.1");
        String[] user = {"-platform", "linux-6.2", "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n"};
        assertThat(added(old, user)).contains("virtio-net-device.host_uso=on");
        assertThatThrownBy(() -> added(
                        old,
                        "-platform",
                        "linux-6.2",
                        "-netdev",
                        "user,id=n",
                        "-device",
                        "virtio-net-pci,netdev=n",
                        "-netdev",
                        "tap,id=hostnet1",
                        "-device",
                        "virtio-net-pci,netdev=hostnet1"))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageStartingWith("hostnet1: ")
                .hasMessageContaining("Platform linux-6.2 needs tap-uso of the host, which is missing")
                .hasMessageContaining("The newest platform that works on this host is linux-6.0")
                .hasMessageNotContaining("emulate");
        // Without the bits that need it, the same card asks for nothing that this host lacks.
        assertThat(added(
                        old,
                        "-platform",
                        "linux-6.2",
                        "-netdev",
                        "tap,id=n",
                        "-device",
                        "{\"driver\":\"virtio-net-pci\",\"netdev\":\"n\",\"host_uso\":false,\"guest_uso4\":false,"
                                + "\"guest_uso6\":false,\"mq\":true}"))
                .contains("virtio-net-device.host_uso=on");
    }

    /** Of vhost-net only a card needs something that has it: with {@code vhost=on}, or passed as a descriptor. */
    @Test
    void vhostNetIsAskedForWhereACardHasIt() {
        Set<HostCapability> present =
                EnumSet.copyOf(CATALOG.platform("linux-6.9").orElseThrow().requires());
        present.add(HostCapability.VHOST_NET);
        present.remove(HostCapability.VHOST_NET_RING_RESET);
        HostCapabilities host = HostCapabilities.imagined("without ring reset", present);
        for (String netdev : List.of("tap,id=n", "tap,id=n,vhost=off", "user,id=n")) {
            assertThat(added(host, "-platform", "linux-6.9", "-netdev", netdev, "-device", "virtio-net-pci,netdev=n"))
                    .as(netdev)
                    .contains("virtio-net-device.queue_reset=on");
        }
        String[] card = {"-platform", "linux-6.9", "-netdev", "tap,id=n,vhost=on", "-device", "virtio-net-pci,netdev=n"
        };
        assertThatThrownBy(() -> added(host, card))
                .hasMessageStartingWith("n: Platform linux-6.9 needs vhost-net-ring-reset of the host")
                .hasMessageContaining("The newest platform that works on this host is linux-6.2");
        // Without a platform it is off for every card, also for one that is plugged in later.
        assertThat(added(host, "-M", "q35")).contains("virtio-net-device.queue_reset=off");
        assertThat(added(host, "-M", "q35", "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n"))
                .contains("virtio-net-device.queue_reset=off");
    }

    @Test
    void withoutAPlatformOnlyWhatTheHostLacksIsTurnedOff() {
        assertThat(added(hostThatKeeps("linux-6.1"), "-M", "q35"))
                .contains("virtio-net-device.host_uso=off")
                .allMatch(value -> value.endsWith("=off"));
        assertThat(err.toString())
                .startsWith("vhost4j: No platform was named; linux-6.0")
                .hasLineCount(1);
        assertThat(added(hostThatKeeps("linux-6.1"), "-M", "pc-q35-8.1")).noneMatch(value -> value.contains("uso"));
        assertThat(added(hostThatKeeps("linux-6.18"), "-M", "pc-q35-8.1")).isEmpty();
        assertThat(added(hostThatKeeps("linux-6.18"), "-M", "pc-q35-8.1", "-platform", "linux-6.9"))
                .contains("virtio-net-device.host_uso=on");
        assertThat(added(HostCapabilities.imagined("none", Set.of()))).isEmpty();
    }

    /** QEMU would clear it silently. */
    @Test
    void whatTheUserTurnsOnAndTheHostLacksIsRefusedEvenSo() {
        String[] card = {"-netdev", "tap,id=n", "-device", "virtio-net-pci,netdev=n,host_uso=on"};
        assertThatThrownBy(() -> added(hostThatKeeps("linux-6.1"), card))
                .hasMessageStartingWith("n: host_uso=on needs tap-write-udp-l4 of the host");
        assertThat(added(hostThatKeeps("linux-6.2"), card)).noneMatch(value -> value.contains("uso"));
    }

    @Test
    void aTransportThatAMachineNamesIsNamedAsWell() {
        assertThat(added(hostThatKeeps("linux-6.9"), "-M", "pc-q35-downstream_linux-6.9"))
                .containsSubsequence("virtio-net-device.host_uso=on", "virtio-net-pci.host_uso=on")
                .doesNotContain("virtio-net-pci.guest_uso4=on");
    }

    @Test
    void machinesWithoutCardsAndUnknownOnesPass() {
        HostCapabilities host = hostThatKeeps("linux-6.1");
        assertThat(added(host, "-M", "none", "-platform", "linux-6.9")).isEmpty();
        assertThat(added(host, "-M", "no-such-machine_x", "-platform", "linux-6.9"))
                .isEmpty();
        assertThat(added(host, "-M", "sifive_u", "-platform", "linux-6.9")).isNotEmpty();
    }

    /** What the back-end of this project would do in software, QEMU does not. */
    @Test
    void helpSaysWhatThisHostKeepsWithoutSoftware() throws IOException {
        QemuStart start = new QemuStart(
                Map.of(), new PrintWriter(err, true), new Notes(Map.of()), new HostAnswers(hostThatKeeps("linux-6.1")));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        start.answer(new Question(Optional.empty(), "qemu", List.of("-S", "-platform", "help")))
                .write(out);
        String[] words = out.toString(StandardCharsets.UTF_8).split("\0", -1);
        assertThat(words).containsSequence("exit", "0", "end", "");
        assertThat(words[2])
                .contains("\nlinux-6.0            ", "(default) (supported)\n")
                .containsPattern(
                        "\nlinux-6.9 .*\\(not supported: lacks tap-uso, tap-write-udp-l4, tap-udp-l4-128.*\\)\n")
                .doesNotContain("software");
    }

    /** A guest without the part that this host lacks may have the platform. */
    @Test
    void helpNamesThePartsOfAGuestThatThisHostLacks() throws IOException {
        Set<HostCapability> present =
                EnumSet.copyOf(CATALOG.platform("linux-6.1").orElseThrow().requires());
        present.remove(HostCapability.VHOST_VSOCK_SEQPACKET);
        present.remove(HostCapability.VHOST_SCSI_HOTPLUG);
        HostAnswers host = new HostAnswers(HostCapabilities.imagined("alpha", present));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new QemuStart(Map.of(), new PrintWriter(err, true), new Notes(Map.of()), host)
                .answer(new Question(Optional.empty(), "qemu", List.of("-platform", "help")))
                .write(out);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(
                        " (default) (supported; not for vhost-vsock: lacks vhost-vsock; not for vhost-scsi: lacks vhost-scsi)\n");
    }

    @Test
    void twoPlatformsAreOneTooMany() {
        HostCapabilities host = hostThatKeeps("linux-6.9");
        assertThat(added(host, "-M", "q35_linux-6.9", "-platform", "linux-6.12"))
                .isNotEmpty();
        assertThatThrownBy(() -> added(host, "-M", "q35_linux-6.9", "-platform", "linux-6.2"))
                .hasMessage("Two platforms are named, by -platform linux-6.2 and by machine q35_linux-6.9.");
        assertThatThrownBy(() -> added(host, "-platform")).hasMessage("-platform requires a name; see -platform help.");
    }

    @Test
    void whatAQemuHasIsRememberedWhole() {
        QemuBinary binary = binary();
        assertThat(QemuBinary.ofText(binary.toText())).hasValue(binary);
        assertThat(QemuBinary.ofText(binary.toText().replace("end\n", ""))).isEmpty();
        assertThat(QemuBinary.ofText("")).isEmpty();
    }

    /** Two hub ports have no offloads on any host; a card of another model is not served here. */
    @Test
    void cardsAreFoundWithWhatIsBehindThem() {
        GivenOptions options = new GivenOptions(List.of(
                "-netdev",
                "tap,id=a,vhost=on",
                "-netdev",
                "user,id=b",
                "-netdev",
                "{\"type\":\"tap\",\"id\":\"c\",\"fds\":\"9:11\",\"vhostfds\":\"10:12\"}",
                "-netdev",
                "tap,id=d,vnet_hdr=off",
                "-device",
                "virtio-net-pci,netdev=a",
                "-device",
                "virtio-net-pci,netdev=b,host_uso=off",
                "-device",
                "{\"driver\":\"virtio-net-pci\",\"netdev\":\"c\"}",
                "-device",
                "virtio-net-pci-transitional,netdev=d",
                "-device",
                "e1000,netdev=e",
                "-nic",
                "tap,model=virtio",
                "-nic",
                "tap",
                "-net",
                "nic,model=virtio",
                "-net",
                "tap",
                "-net",
                "nic,model=virtio,netdev=a"));
        List<NetworkCard> cards = NetworkCards.find(options, "pc-q35-9.1");
        assertThat(cards).extracting(NetworkCard::name).containsExactly("a", "b", "c", "d", "-nic tap", "a");
        assertThat(cards).extracting(card -> card.uses().size()).containsExactly(2, 0, 2, 0, 1, 2);
        assertThat(cards.get(2).taps()).containsExactly(9, 11);
        assertThat(cards.get(2).vhosts()).containsExactly(10, 12);
        assertThat(cards.get(1).settings()).containsEntry("host_uso", "off");
        assertThat(NetworkCards.find(options, "virt-9.1")).hasSize(7);
    }
}
