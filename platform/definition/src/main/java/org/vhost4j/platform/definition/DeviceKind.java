// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;

/**
 * The kinds of virtio devices, with the names that QEMU's messages use for them and for their feature bits. Bits 24 to 49 have the same
 * meaning for every kind (virtio 1.4 section 6). The other bits depend on the kind ("Feature bits" of each device in section 5): the same
 * number means one feature for a disk and another for a network card.
 */
public enum DeviceKind {
    /** Network card (section 5.1). The names of its bits are those of {@link Feature}. */
    NET("virtio-net", "net", Map.of()),
    /** Disk (section 5.2). Bit 9 was called WCACHE in legacy devices. */
    BLOCK(
            "virtio-blk",
            "blk",
            Map.ofEntries(
                    bit(0, "BARRIER", null),
                    bit(1, "SIZE_MAX", null),
                    bit(2, "SEG_MAX", null),
                    bit(4, "GEOMETRY", null),
                    bit(5, "RO", null),
                    bit(6, "BLK_SIZE", null),
                    bit(7, "SCSI", "scsi"),
                    bit(9, "FLUSH (WCACHE)", "write-cache"),
                    bit(10, "TOPOLOGY", null),
                    bit(11, "CONFIG_WCE", "config-wce"),
                    bit(12, "MQ", null),
                    bit(13, "DISCARD", "discard"),
                    bit(14, "WRITE_ZEROES", "write-zeroes"),
                    bit(15, "LIFETIME", null),
                    bit(16, "SECURE_ERASE", null),
                    bit(17, "ZONED", null))),
    /** Console (section 5.3). */
    CONSOLE(
            "virtio-console",
            "console",
            Map.ofEntries(bit(0, "SIZE", null), bit(1, "MULTIPORT", null), bit(2, "EMERG_WRITE", "emergency-write"))),
    /** Entropy source (section 5.4). It has no device-specific bits. */
    ENTROPY("virtio-rng", "rng", Map.of()),
    /** Memory balloon (section 5.5). */
    BALLOON(
            "virtio-balloon",
            "balloon",
            Map.ofEntries(
                    bit(0, "MUST_TELL_HOST", null),
                    bit(1, "STATS_VQ", null),
                    bit(2, "DEFLATE_ON_OOM", "deflate-on-oom"),
                    bit(3, "FREE_PAGE_HINT", "free-page-hint"),
                    bit(4, "PAGE_POISON", "page-poison"),
                    bit(5, "PAGE_REPORTING", "free-page-reporting"))),
    /** SCSI host (section 5.6). */
    SCSI(
            "virtio-scsi",
            "scsi",
            Map.ofEntries(
                    bit(0, "INOUT", null),
                    bit(1, "HOTPLUG", "hotplug"),
                    bit(2, "CHANGE", "param_change"),
                    bit(3, "T10_PI", "t10_pi"))),
    /** Graphics adapter (section 5.7). */
    GPU(
            "virtio-gpu",
            "gpu",
            Map.ofEntries(
                    bit(0, "VIRGL", null),
                    bit(1, "EDID", "edid"),
                    bit(2, "RESOURCE_UUID", null),
                    bit(3, "RESOURCE_BLOB", "blob"),
                    bit(4, "CONTEXT_INIT", "context_init"))),
    /** Input (section 5.8). It has no device-specific bits. */
    INPUT("virtio-input", "input", Map.of()),
    /** Crypto device (section 5.9). */
    CRYPTO(
            "virtio-crypto",
            "crypto",
            Map.ofEntries(
                    bit(0, "REVISION_1", null),
                    bit(1, "CIPHER_STATELESS_MODE", null),
                    bit(2, "HASH_STATELESS_MODE", null),
                    bit(3, "MAC_STATELESS_MODE", null),
                    bit(4, "AEAD_STATELESS_MODE", null),
                    bit(5, "AKCIPHER_STATELESS_MODE", null))),
    /** Socket (section 5.10). The kernel's vhost-vsock supports SEQPACKET only since a later version. */
    VSOCK(
            "vhost-vsock",
            "vsock",
            Map.ofEntries(bit(0, "STREAM", null), bit(1, "SEQPACKET", "seqpacket"), bit(2, "NO_IMPLIED_STREAM", null))),
    /** File system (section 5.11). */
    FS("vhost-user-fs", "fs", Map.ofEntries(bit(0, "NOTIFICATION", null))),
    /** IOMMU (section 5.13). */
    IOMMU(
            "virtio-iommu",
            "iommu",
            Map.ofEntries(
                    bit(0, "INPUT_RANGE", null),
                    bit(1, "DOMAIN_RANGE", null),
                    bit(2, "MAP_UNMAP", null),
                    bit(3, "BYPASS", null),
                    bit(4, "PROBE", null),
                    bit(5, "MMIO", null),
                    bit(6, "BYPASS_CONFIG", "boot-bypass"))),
    /** Memory device (section 5.15). */
    MEM(
            "virtio-mem",
            "mem",
            Map.ofEntries(
                    bit(0, "ACPI_PXM", null),
                    bit(1, "UNPLUGGED_INACCESSIBLE", "unplugged-inaccessible"),
                    bit(2, "PERSISTENT_SUSPEND", null))),
    /** Persistent memory (section 5.19). */
    PMEM("virtio-pmem", "pmem", Map.ofEntries(bit(0, "SHMEM_REGION", null))),
    /** Shared directory of the 9P protocol, which the specification does not describe. */
    NINEP("virtio-9p", "9p", Map.ofEntries(bit(0, "MOUNT_TAG", null)));

    private static final int FIRST_SHARED = 24;
    private static final int LAST_SHARED = 49;

    private final String device;
    private final String suffix;

    @SuppressWarnings("ImmutableEnumChecker") // The map is immutable: Map.of or Map.ofEntries has created it.
    private final Map<Integer, Bit> bits;

    /**
     * A feature bit of one kind of device.
     *
     * @param name the specification's name without its prefix
     * @param property QEMU's property for the bit, if there is one
     */
    private record Bit(String name, Optional<String> property) {}

    DeviceKind(String device, String suffix, Map<Integer, Bit> bits) {
        this.device = device;
        this.suffix = suffix;
        this.bits = bits;
    }

    private static Map.Entry<Integer, Bit> bit(int number, String name, @Nullable String property) {
        return Map.entry(number, new Bit(name, Optional.ofNullable(property)));
    }

    /**
     * Returns the kind of the device that a section of QEMU's migration stream belongs to.
     *
     * @param section name of the section, such as {@code virtio-blk}, {@code virtio-vhost_vsock}, {@code vhost-user-fs}
     * @return the kind; empty when the section belongs to no known virtio device
     */
    public static Optional<DeviceKind> ofSection(String section) {
        String name = section.toLowerCase(Locale.ROOT).replace('_', '-');
        for (DeviceKind kind : values()) {
            if (name.matches("(virtio|vhost)(-vhost)?(-user)?-" + kind.suffix + "(-base)?")) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the name of QEMU's device, without the transport.
     *
     * @return name such as {@code virtio-blk}
     */
    public String device() {
        return device;
    }

    /**
     * Returns the name of a bit.
     *
     * @param number 0 to 127
     * @return the specification's name without its prefix; empty when the bit is not defined for this kind
     */
    public Optional<String> featureName(int number) {
        return this == NET || isShared(number)
                ? Feature.ofBit(number).map(Feature::name)
                : Optional.ofNullable(bits.get(number)).map(Bit::name);
    }

    /**
     * Returns the name of a bit of a device of unknown kind.
     *
     * @param number 0 to 127
     * @return the name if the bit has the same meaning for every kind; otherwise empty
     */
    public static Optional<String> sharedName(int number) {
        return isShared(number) ? Feature.ofBit(number).map(Feature::name) : Optional.empty();
    }

    /**
     * Returns QEMU's property for a bit.
     *
     * @param number 0 to 127
     * @return name such as {@code seqpacket}; empty when QEMU has no property for the bit
     */
    public Optional<String> property(int number) {
        return this == NET || isShared(number)
                ? Feature.ofBit(number).flatMap(Feature::property)
                : Optional.ofNullable(bits.get(number)).flatMap(Bit::property);
    }

    private static boolean isShared(int number) {
        return number >= FIRST_SHARED && number <= LAST_SHARED;
    }
}
