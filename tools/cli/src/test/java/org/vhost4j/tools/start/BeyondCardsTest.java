// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.tools.common.UnsupportedOption;

/** Tests a platform's properties of the processor, the machine, vhost-vsock and vhost-scsi, with invented hosts. */
final class BeyondCardsTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();
    private static final String MACHINE = "pc-q35-9.1";

    private static QemuBinary binary() {
        Set<String> properties = new TreeSet<>(Set.of("x86_64-cpu.enforce", "vhost-vsock-device.seqpacket"));
        Property.all().stream()
                .filter(property -> property.owner().equals(Property.CPU))
                .forEach(property -> properties.add("x86_64-cpu." + property.name()));
        return new QemuBinary(
                "9.1.0", List.of(new QemuMachine(MACHINE, Optional.of("q35"), true, List.of())), properties);
    }

    /** A QEMU for ARM, whose processors have properties of KVM only while they run on it. */
    private static QemuBinary arm() {
        return new QemuBinary(
                "9.1.0",
                List.of(new QemuMachine("virt-9.1", Optional.of("virt"), false, List.of())),
                Set.of("arm-cpu", "vhost-vsock-device.seqpacket", "virtio-iommu-pci.granule"));
    }

    private static HostCapabilities host(Set<HostCapability> without) {
        Set<HostCapability> present = EnumSet.allOf(HostCapability.class);
        present.removeAll(without);
        return HostCapabilities.imagined("alpha", present);
    }

    private static List<String> words(String platform, Set<HostCapability> without, String... given) {
        PlatformDefinition definition = CATALOG.platform(platform).orElseThrow();
        return BeyondCards.of(new GivenOptions(List.of(given)), binary(), MACHINE, definition, () -> host(without));
    }

    private static List<String> onArm(String platform, Set<HostCapability> without, String... given) {
        PlatformDefinition definition = CATALOG.platform(platform).orElseThrow();
        return BeyondCards.of(new GivenOptions(List.of(given)), arm(), "virt-9.1", definition, () -> host(without));
    }

    /** On ARM the host's own processor is nearly all that KVM has, so {@code -cpu host} is not refused there. */
    @Test
    void aGuestOnArmSeesHowLongItWaitedWhereThePlatformSaysSo() {
        String[] kvm = {"-accel", "kvm", "-cpu", "host"};
        Set<HostCapability> without = EnumSet.of(HostCapability.KVM_ARM_STEAL_TIME, HostCapability.KVM_CLOCK);
        assertThat(onArm("linux-6.1", Set.of(), kvm))
                .containsExactly("-global", "arm-cpu.kvm-steal-time=on", "-global", "vhost-vsock-device.seqpacket=on");
        assertThat(onArm("linux-5.10", without, kvm)).contains("arm-cpu.kvm-steal-time=off");
        assertThatThrownBy(() -> onArm("linux-6.1", without, kvm))
                .hasMessage("Platform linux-6.0 needs kvm-arm-steal-time of the host, which is missing"
                        + " (KVM_CHECK_EXTENSION KVM_CAP_STEAL_TIME: assumed); -cpu …,kvm-steal-time=off has the guest"
                        + " go without.");
        onArm("linux-6.1", without, "-accel", "kvm", "-cpu", "host,kvm-steal-time=off");
        onArm("linux-6.1", without, "-accel", "kvm", "-global", "arm-cpu.kvm-steal-time=off");
        assertThatThrownBy(() -> onArm("linux-5.10", without, "-accel", "kvm", "-cpu", "host,kvm-steal-time=on"))
                .hasMessageStartingWith("-cpu …,kvm-steal-time=on needs kvm-arm-steal-time of the host");
        assertThat(onArm("linux-6.1", without, "-accel", "tcg"))
                .containsExactly("-global", "vhost-vsock-device.seqpacket=on");
    }

    /** Devices of QEMU's take pages that are smaller than the host's; those of the host's that are passed to a guest do not. */
    @Test
    void thePagesOfAnIommuAreThePlatforms() {
        Set<HostCapability> largePages = EnumSet.of(HostCapability.PAGE_4K);
        String[] iommu = {"-device", "virtio-iommu-pci"};
        String[] passed = {"-device", "virtio-iommu-pci", "-device", "vfio-pci,host=01:00.0"};
        assertThat(onArm("linux-6.1", largePages)).doesNotContain("virtio-iommu-pci.granule=4k");
        assertThat(onArm("linux-6.1", largePages, iommu)).contains("virtio-iommu-pci.granule=4k");
        assertThat(onArm("linux-6.1", Set.of(), passed)).contains("virtio-iommu-pci.granule=4k");
        assertThatThrownBy(() -> onArm("linux-6.1", largePages, passed))
                .hasMessage(
                        "Platform linux-6.0 needs page-4k of the host, which is missing (sysconf(_SC_PAGESIZE): assumed);"
                                + " virtio-iommu-pci,granule=host is whatever this host has.");
        onArm("linux-6.1", largePages, "-device", "virtio-iommu-pci,granule=host", passed[2], passed[3]);
        onArm(
                "linux-6.1",
                largePages,
                "-global",
                "virtio-iommu-pci.granule=64k",
                iommu[0],
                iommu[1],
                passed[2],
                passed[3]);
        // A QEMU before 9.0 has pages of 4 KiB, and no property for it.
        assertThat(words("linux-6.1", Set.of(), iommu)).noneMatch(word -> word.contains("granule"));
    }

    @Test
    void theProcessorShowsWhatThePlatformSays() {
        List<String> words = words("linux-6.1", Set.of(), "-accel", "kvm", "-cpu", "Skylake-Server");
        assertThat(String.join(" ", words))
                .contains(
                        "-global x86_64-cpu.kvmclock=on",
                        "-global x86_64-cpu.kvm-steal-time=on",
                        "-global x86_64-cpu.enforce=on",
                        "-machine smm=on",
                        "-global vhost-vsock-device.seqpacket=on")
                // Off in QEMU, and for the user to ask for.
                .doesNotContain("kvm-pv-ipi");
        assertThat(String.join(" ", words("linux-4.0", Set.of(), "-enable-kvm")))
                .contains("-machine smm=off", "vhost-vsock-device.seqpacket=off");
    }

    @Test
    void withoutKvmNothingOfItIsSaidOrAsked() {
        Set<HostCapability> noKvm = EnumSet.of(HostCapability.KVM_CLOCK, HostCapability.KVM_SMM);
        assertThat(words("linux-6.1", noKvm, "-accel", "tcg", "-cpu", "max"))
                .containsExactly("-global", "vhost-vsock-device.seqpacket=on");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-cpu host", "-cpu max,migratable=on", "-M q35,accel=kvm:tcg -cpu host,pmu=off"})
    void allThatTheHostHasIsNoPlatform(String given) {
        String[] words = ("-enable-kvm " + given).split(" ");
        assertThatThrownBy(() -> words("linux-6.1", Set.of(), words))
                .isInstanceOf(UnsupportedOption.class)
                .hasMessageContaining("with platform linux-6.0 name a model");
    }

    @Test
    void whatTheHostLacksIsRefusedUnlessTheGuestGoesWithout() {
        Set<HostCapability> without = EnumSet.of(HostCapability.KVM_SMM, HostCapability.VHOST_VSOCK_SEQPACKET);
        assertThatThrownBy(() -> words("linux-6.1", without, "-accel", "kvm"))
                .hasMessage(
                        "Platform linux-6.0 needs kvm-smm of the host, which is missing"
                                + " (KVM_CHECK_EXTENSION KVM_CAP_X86_SMM: assumed); -machine smm=off has the guest go without.");
        assertThat(words("linux-6.1", without, "-accel", "kvm", "-machine", "q35,smm=off"))
                .contains("smm=on");
        String[] socket = {"-device", "vhost-vsock-pci,guest-cid=3"};
        assertThatThrownBy(() -> words("linux-6.1", without, socket))
                .hasMessageContaining("Platform linux-6.0 needs vhost-vsock-seqpacket of the host, which is missing")
                .hasMessageEndingWith("-device vhost-vsock-pci,seqpacket=off has the guest go without.");
        words("linux-6.1", without, "-device", "vhost-vsock-pci,guest-cid=3,seqpacket=off");
        words("linux-6.1", without, "-global", "vhost-vsock-device.seqpacket=off", socket[0], socket[1]);
        words("linux-5.10", without, socket);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-cpu qemu64,+kvm_pv_ipi", "-cpu qemu64,kvm-pv-ipi=on", "-global x86_64-cpu.kvm-pv-ipi=on"})
    void whatTheUserTurnsOnIsAskedOfTheHost(String given) {
        String[] words = ("-accel kvm " + given).split(" ");
        assertThatThrownBy(() -> words("linux-6.1", EnumSet.of(HostCapability.KVM_PV_IPI), words))
                .hasMessageStartingWith("-cpu …,kvm-pv-ipi=on needs kvm-pv-ipi of the host, which is missing");
        assertThat(words("linux-6.1", EnumSet.of(HostCapability.KVM_PV_UNHALT), words))
                .isNotEmpty();
    }

    @Test
    void aDiskThatIsToBeProtectedNeedsAHostThatDoes() {
        Set<HostCapability> without = EnumSet.of(HostCapability.VHOST_SCSI_T10_PI);
        assertThatThrownBy(() -> words("linux-6.1", without, "-device", "vhost-scsi-pci,wwpn=naa.5,t10_pi=on"))
                .hasMessageContaining("needs vhost-scsi-t10-pi of the host");
        words("linux-6.1", without, "-device", "vhost-scsi-pci,wwpn=naa.5");
    }

    /** It is always on in QEMU, and cleared silently where the kernel lacks it. */
    @Test
    void disksArePluggedInOnEveryHost() {
        Set<HostCapability> without = EnumSet.of(HostCapability.VHOST_SCSI_HOTPLUG);
        assertThatThrownBy(() -> words("linux-6.1", without, "-device", "vhost-scsi-pci,wwpn=naa.5"))
                .hasMessage("Platform linux-6.0 needs vhost-scsi-hotplug of the host, which is missing"
                        + " (VHOST_GET_FEATURES of /dev/vhost-scsi, bit 1: assumed).");
    }
}
