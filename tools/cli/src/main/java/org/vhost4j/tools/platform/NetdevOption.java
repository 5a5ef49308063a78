// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.definition.QemuArguments.Netdev;
import org.vhost4j.platform.probe.HostUse;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * The options for host-dependent parts of guests: the back-ends of their network cards, each of which is checked by its
 * own requirements, and other devices.
 */
final class NetdevOption {
    @Option(
            names = "--netdev",
            paramLabel = "tap|vhost-net|vhost-user",
            converter = Converter.class,
            description = "What the network cards of a plain QEMU are attached to: a TAP, a TAP with vhost=on, or a"
                    + " vhost-user back-end.")
    private @Nullable Netdev netdev;

    @Option(
            names = "--with",
            paramLabel = "kvm|kvm-arm|vhost-vsock|vhost-scsi|virtio-iommu",
            split = ",",
            converter = UseConverter.class,
            description = "Other host-dependent parts of a plain QEMU's guests.")
    private List<HostUse> more = new ArrayList<>();

    /** Converts the names of uses other than for network cards. */
    static final class UseConverter implements ITypeConverter<HostUse> {
        private static final Set<HostUse> KNOWN =
                EnumSet.of(HostUse.KVM, HostUse.KVM_ARM, HostUse.VHOST_VSOCK, HostUse.VHOST_SCSI, HostUse.VIRTIO_IOMMU);

        @Override
        public HostUse convert(String value) {
            for (HostUse each : KNOWN) {
                if (each.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(value)) {
                    return each;
                }
            }
            throw new TypeConversionException(
                    "accepts kvm, kvm-arm, vhost-vsock, vhost-scsi and virtio-iommu, not '" + value + "'");
        }
    }

    /** Converts the names of netdevs. */
    static final class Converter implements ITypeConverter<Netdev> {
        @Override
        public Netdev convert(String value) {
            for (Netdev each : Netdev.values()) {
                if (each.id().equals(value)) {
                    return each;
                }
            }
            throw new TypeConversionException("accepts tap, vhost-net or vhost-user, not '" + value + "'");
        }
    }

    /**
     * Returns the netdev if the option was given.
     *
     * @return the netdev; empty without the option
     */
    Optional<Netdev> given() {
        return Optional.ofNullable(netdev);
    }

    /**
     * Returns the netdev to use.
     *
     * @return the netdev; a TAP when none was given
     */
    Netdev netdev() {
        return given().orElse(Netdev.TAP);
    }

    /**
     * Returns the uses of the host's kernel by the netdev.
     *
     * @return the ways in which the kernel is used
     */
    Set<HostUse> uses() {
        Set<HostUse> uses = EnumSet.noneOf(HostUse.class);
        uses.addAll(netdev().uses());
        uses.addAll(more);
        return uses;
    }
}
