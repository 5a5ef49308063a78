// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/** Tests a host's support of a platform for each owner of properties. */
final class OwnerSupportTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();

    /** An x86 host that has all but these. */
    private static HostCapabilities without(Set<HostCapability> missing) {
        Set<HostCapability> present = EnumSet.allOf(HostCapability.class);
        present.removeAll(missing);
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        answers.putAll(HostCapabilities.imagined("alpha", present).answers());
        answers.put(
                HostCapability.KVM_ARM_STEAL_TIME,
                Answer.unknown(HostCapability.KVM_ARM_STEAL_TIME.question(), "not asked: the processor is no ARM"));
        return new HostCapabilities("alpha", "", answers);
    }

    private static Map<String, List<String>> lacking(HostCapabilities host) {
        Map<String, List<String>> lacking = new LinkedHashMap<>();
        OwnerSupport.of(CATALOG.platform("linux-6.1").orElseThrow(), host, EnumSet.of(HostUse.TAP, HostUse.VHOST_NET))
                .forEach(owner -> lacking.put(
                        owner.owner(),
                        owner.support().lacked().stream()
                                .map(HostCapability::id)
                                .toList()));
        return lacking;
    }

    @Test
    void aHostThatHasAllKeepsThePlatformForEveryOwner() {
        assertThat(lacking(without(Set.of())))
                .containsOnlyKeys("virtio-net", "cpu", "machine", "vhost-vsock", "vhost-scsi", "virtio-iommu")
                .allSatisfy((owner, lacked) -> assertThat(lacked).as(owner).isEmpty());
    }

    @Test
    void whatIsMissingIsSaidOfItsOwnerAlone() {
        Map<String, List<String>> lacking = lacking(without(EnumSet.of(
                HostCapability.TAP_TSO,
                HostCapability.KVM_STEAL_TIME,
                HostCapability.KVM_SMM,
                HostCapability.VHOST_VSOCK_SEQPACKET,
                HostCapability.VHOST_SCSI_HOTPLUG,
                // Off unless asked for.
                HostCapability.KVM_PV_IPI,
                HostCapability.PAGE_4K)));
        assertThat(lacking)
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "virtio-net", List.of("tap-tso"),
                        "cpu", List.of("kvm-steal-time"),
                        "machine", List.of("kvm-smm"),
                        "vhost-vsock", List.of("vhost-vsock-seqpacket"),
                        "vhost-scsi", List.of("vhost-scsi-hotplug"),
                        "virtio-iommu", List.of("page-4k")));
    }

    /** One reason is enough where there is no such device. */
    @Test
    void aHostWithoutTheDeviceLacksTheDevice() {
        Set<HostCapability> missing = EnumSet.of(HostCapability.VHOST_VSOCK, HostCapability.VHOST_VSOCK_SEQPACKET);
        for (HostCapability capability : HostCapability.values()) {
            if (capability.use() == HostUse.KVM) {
                missing.add(capability);
            }
        }
        assertThat(lacking(without(missing)))
                .containsEntry("cpu", List.of("kvm"))
                .containsEntry("machine", List.of("kvm"))
                .containsEntry("vhost-vsock", List.of("vhost-vsock"))
                .containsEntry("virtio-net", List.of());
    }

    /** On ARM there is one processor property, and no system management mode. */
    @Test
    void anArmHostHasAnArmProcessor() {
        Set<HostCapability> present = EnumSet.allOf(HostCapability.class);
        present.removeIf(capability -> capability.use() == HostUse.KVM);
        Map<String, List<String>> lacking = lacking(HostCapabilities.imagined("arm", present));
        assertThat(lacking).containsEntry("arm-cpu", List.of()).doesNotContainKeys("cpu", "machine");
        present.remove(HostCapability.KVM_ARM_STEAL_TIME);
        assertThat(lacking(HostCapabilities.imagined("arm", present)))
                .containsEntry("arm-cpu", List.of("kvm-arm-steal-time"));
    }
}
