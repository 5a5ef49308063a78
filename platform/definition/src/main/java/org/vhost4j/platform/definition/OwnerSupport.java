// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/**
 * A host's support for the part of a platform that concerns one owner of properties. Parts are separate, because a host without
 * vhost-vsock, for example, affects only guests that use it.
 *
 * @param owner owner of the properties, as spelt in definitions: {@code virtio-net}, {@code cpu}, {@code machine} and so on
 * @param support the host's support, with the capabilities that it lacks for this owner
 */
public record OwnerSupport(String owner, PlatformSupport support) {
    private static final String CARDS = "virtio-net";

    /** The capability that shows whether the host has the device, for each use that is a device of the host. */
    private static final Map<HostUse, HostCapability> DEVICES = Map.of(
            HostUse.KVM, HostCapability.KVM,
            HostUse.VHOST_VSOCK, HostCapability.VHOST_VSOCK,
            HostUse.VHOST_SCSI, HostCapability.VHOST_SCSI);

    /**
     * Determines a host's support for every owner for which a platform has requirements. Of the processor owners, only that of the host's
     * architecture is included.
     *
     * @param platform the platform
     * @param host the host
     * @param cards the kernel interfaces that network cards use
     * @return the support for each owner, network cards first
     */
    public static List<OwnerSupport> of(PlatformDefinition platform, HostCapabilities host, Set<HostUse> cards) {
        Map<String, List<HostCapability>> lacked = new LinkedHashMap<>();
        lacked.put(CARDS, platform.lackedBy(host, cards));
        for (HostCapability capability : platform.requires()) {
            ownersOf(capability, host).forEach(owner -> lacked.computeIfAbsent(owner, _ -> new ArrayList<>()));
        }
        for (HostCapability capability : platform.lackedBy(host, beyondCards())) {
            for (String owner : ownersOf(capability, host)) {
                List<HostCapability> of = lacked.computeIfAbsent(owner, _ -> new ArrayList<>());
                HostCapability device = DEVICES.get(capability.use());
                // Without the device, all of its feature bits are missing, too.
                HostCapability reason = device != null && !host.has(device) ? device : capability;
                if (!of.contains(reason)) {
                    of.add(reason);
                }
            }
        }
        List<OwnerSupport> all = new ArrayList<>();
        lacked.forEach((owner, of) -> all.add(new OwnerSupport(owner, new PlatformSupport(platform, host, of))));
        return all;
    }

    private static Set<HostUse> beyondCards() {
        return EnumSet.of(HostUse.KVM, HostUse.KVM_ARM, HostUse.VHOST_VSOCK, HostUse.VHOST_SCSI, HostUse.VIRTIO_IOMMU);
    }

    /** Returns the owners to which a capability belongs; empty for network cards and for processors of another architecture. */
    private static List<String> ownersOf(HostCapability capability, HostCapabilities host) {
        boolean arm = host.answer(HostCapability.KVM_ARM_STEAL_TIME).verdict() != Answer.Verdict.UNKNOWN;
        return switch (capability.use()) {
            case KVM ->
                arm
                        ? List.of()
                        : List.of(Property.of(capability).map(Property::owner).orElse(Property.CPU));
            case KVM_ARM -> arm ? List.of(Property.ARM_CPU) : List.of();
            case VHOST_VSOCK -> List.of(Property.VHOST_VSOCK);
            case VHOST_SCSI -> List.of(Property.VHOST_SCSI);
            case VIRTIO_IOMMU -> List.of(Property.VIRTIO_IOMMU);
            default -> List.of();
        };
    }
}
