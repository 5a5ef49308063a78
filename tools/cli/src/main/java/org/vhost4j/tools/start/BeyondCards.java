// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.vhost4j.platform.definition.Assignment;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.tools.common.UnsupportedOption;

/**
 * Sets the kernel-dependent properties of a guest other than those of its network cards, for a platform that was named: the KVM features
 * that the guest sees, the system management mode, the features of vhost-vsock and vhost-scsi, and the page size of a virtio-iommu. Without
 * a named platform QEMU decides them.
 *
 * <p>A guest with {@code -accel tcg} needs no KVM. If KVM is one of several accelerators, it is assumed to be used.
 */
final class BeyondCards {
    /** The QOM type of every x86 processor; {@code -cpu} overrides {@code -global} for it. */
    static final String CPU = "x86_64-cpu";
    /** The QOM type of vhost-vsock, on any transport. */
    static final String VSOCK = "vhost-vsock-device";

    /** The QOM type of every ARM processor. */
    static final String ARM_CPU = "arm-cpu";
    /** The QOM type of virtio-iommu in a guest. */
    static final String IOMMU = "virtio-iommu-pci";

    private static final String ENFORCE = "enforce";
    private static final String KVM = "kvm";
    private static final String SMM = "smm";
    private static final String SEQPACKET = "seqpacket";
    private static final String T10_PI = "t10_pi";
    private static final String GRANULE = "granule";
    private static final String DRIVER = "driver";

    private static final Set<String> ALL_OF_THE_HOST = Set.of("host", "max");

    private final GivenOptions options;
    private final QemuBinary binary;
    private final String machine;
    private final PlatformDefinition platform;
    private final Supplier<HostCapabilities> host;
    private final List<String> words = new ArrayList<>();

    private BeyondCards(
            GivenOptions options,
            QemuBinary binary,
            String machine,
            PlatformDefinition platform,
            Supplier<HostCapabilities> host) {
        this.options = options;
        this.binary = binary;
        this.machine = machine;
        this.platform = platform;
        this.host = host;
    }

    /**
     * Returns QEMU's settings.
     *
     * @param options the command line
     * @param binary the QEMU
     * @param machine the machine's name
     * @param platform the platform, which was named
     * @param host this host, which is probed only when a setting depends on it
     * @return words that precede the user's
     * @throws UnsupportedOption when this host lacks a promised capability, or the guest would get everything that the
     *     host has
     */
    static List<String> of(
            GivenOptions options,
            QemuBinary binary,
            String machine,
            PlatformDefinition platform,
            Supplier<HostCapabilities> host) {
        BeyondCards beyond = new BeyondCards(options, binary, machine, platform, host);
        if (binary.properties().contains(CPU + ".kvmclock") && beyond.usesKvm()) {
            beyond.refuseAllOfTheHost();
            beyond.processor();
            beyond.systemManagement();
        }
        if (binary.properties().contains(ARM_CPU) && beyond.usesKvm()) {
            beyond.armProcessor();
        }
        beyond.sockets();
        beyond.disks();
        beyond.iommu();
        return beyond.words;
    }

    /** Returns whether this class sets or reads a property of a type other than a network card. */
    static boolean isKnown(String name) {
        return name.equals(ENFORCE)
                || Property.named(name).filter(each -> !each.isQemus()).isPresent();
    }

    private boolean usesKvm() {
        return options.hasAny(Set.of("enable-kvm"))
                || options.named("accel").stream()
                        .anyMatch(accel -> accel.value("accel").equals(KVM))
                || options.named("machine").stream()
                        .anyMatch(
                                each -> List.of(each.value("accel").split(":")).contains(KVM));
    }

    private void refuseAllOfTheHost() {
        for (GivenOption cpu : options.named("cpu")) {
            String model = cpu.value("model");
            if (ALL_OF_THE_HOST.contains(model)) {
                throw new UnsupportedOption("-cpu " + model + " shows the guest all that this host's processor and KVM"
                        + " have, which no other host need have: with platform " + platform.name()
                        + " name a model (see -cpu help), or take platform host.");
            }
        }
    }

    /**
     * Adds settings for an x86 processor. With {@code enforce} QEMU refuses features that this host's processor or KVM
     * lacks, instead of clearing them.
     */
    private void processor() {
        Map<String, String> given = givenToProcessor(CPU);
        for (Property property : Property.all()) {
            if (property.owner().equals(Property.CPU)) {
                decide(property, Optional.ofNullable(given.get(property.name())), host, "-cpu …," + property.name());
                if (binary.properties().contains(CPU + "." + property.name())) {
                    stated(property).ifPresent(value -> global(CPU, property.name(), value));
                }
            }
        }
        if (binary.properties().contains(CPU + "." + ENFORCE)) {
            global(CPU, ENFORCE, Property.ON);
        }
    }

    /**
     * Adds settings for an ARM processor. On ARM, a KVM guest sees the host's own processor: QEMU accepts hardly
     * anything other than {@code -cpu host}, so it is not refused, and the features of that processor are not part of a
     * platform.
     */
    private void armProcessor() {
        Property property = Property.of(HostCapability.KVM_ARM_STEAL_TIME).orElseThrow();
        Optional<String> given = Optional.ofNullable(givenToProcessor(ARM_CPU).get(property.name()));
        decide(property, given, host, "-cpu …," + property.name());
        stated(property).ifPresent(value -> global(ARM_CPU, property.name(), value));
    }

    /**
     * Adds settings for a virtio-iommu, whose page size the guest sees. It may be smaller than the host's for devices
     * of QEMU, but not for devices of the host that are passed to the guest.
     */
    private void iommu() {
        Property property = Property.named(GRANULE).orElseThrow();
        Map<String, String> globals = globalsOf(IOMMU);
        List<GivenOption> devices = options.named("device");
        for (GivenOption device : devices) {
            if (device.value(DRIVER).startsWith(IOMMU)) {
                Optional<String> given = device.has(GRANULE)
                        ? Optional.of(device.value(GRANULE))
                        : Optional.ofNullable(globals.get(GRANULE));
                boolean passedOn =
                        devices.stream().anyMatch(other -> other.value(DRIVER).startsWith("vfio"));
                if (passedOn && given.isEmpty()) {
                    require(
                            HostCapability.PAGE_4K,
                            "Platform " + platform.name(),
                            host.get(),
                            "; " + IOMMU + ",granule=host is whatever this host has.");
                }
                if (binary.properties().contains(IOMMU + "." + GRANULE)) {
                    stated(property).ifPresent(value -> global(IOMMU, GRANULE, value));
                }
                return;
            }
        }
    }

    /**
     * Returns the user's settings for processors, by {@code -global} and then by {@code -cpu}, where words may have a
     * sign or underscores.
     */
    private Map<String, String> givenToProcessor(String type) {
        Map<String, String> given = new LinkedHashMap<>(globalsOf(type));
        for (GivenOption cpu : options.named("cpu")) {
            cpu.values().forEach((key, value) -> {
                boolean sign = key.startsWith("+") || key.startsWith("-");
                String name = (sign ? key.substring(1) : key).replace('_', '-');
                given.put(name, key.startsWith("-") ? Property.OFF : NetworkCards.isOn(value) ? Property.ON : value);
            });
        }
        return given;
    }

    private void systemManagement() {
        if (!machine.startsWith("pc-")) {
            return;
        }
        Property property = Property.named(SMM).orElseThrow();
        Optional<String> given = options.named("machine").stream()
                .filter(each -> each.has(SMM))
                .map(each -> each.value(SMM))
                .reduce((earlier, later) -> later);
        decide(property, given, host, "-machine smm");
        stated(property).ifPresent(value -> {
            words.add("-machine");
            words.add(SMM + "=" + value);
        });
    }

    private void sockets() {
        Property property = Property.named(SEQPACKET).orElseThrow();
        Map<String, String> globals = globalsOf("vhost-vsock");
        for (GivenOption device : options.named("device")) {
            if (device.value(DRIVER).startsWith("vhost-vsock")) {
                Optional<String> given = device.has(SEQPACKET)
                        ? Optional.of(device.value(SEQPACKET))
                        : Optional.ofNullable(globals.get(SEQPACKET));
                decide(
                        property,
                        given,
                        behind(device, HostProbe::withVhostVsock),
                        "-device " + device.value(DRIVER) + ",seqpacket");
            }
        }
        if (binary.properties().contains(VSOCK + "." + SEQPACKET)) {
            stated(property).ifPresent(value -> global(VSOCK, SEQPACKET, value));
        }
    }

    private void disks() {
        Property property = Property.named(T10_PI).orElseThrow();
        for (GivenOption device : options.named("device")) {
            if (!device.value(DRIVER).startsWith("vhost-scsi")) {
                continue;
            }
            Supplier<HostCapabilities> behind = behind(device, HostProbe::withVhostScsi);
            if (platform.requires().contains(HostCapability.VHOST_SCSI_HOTPLUG)) {
                // This QEMU has no property for it.
                require(HostCapability.VHOST_SCSI_HOTPLUG, "Platform " + platform.name(), behind.get(), ".");
            }
            if (device.has(T10_PI)) {
                decide(
                        property,
                        Optional.of(device.value(T10_PI)),
                        behind,
                        "-device " + device.value(DRIVER) + ",t10_pi");
            }
        }
    }

    /** Returns the host as seen by a device whose back-end may have been passed as a descriptor. */
    private Supplier<HostCapabilities> behind(
            GivenOption device, BiFunction<HostCapabilities, Integer, HostCapabilities> asked) {
        return device.value("vhostfd").matches("[0-9]{1,9}")
                ? () -> asked.apply(host.get(), Integer.parseInt(device.value("vhostfd")))
                : host;
    }

    private Optional<String> stated(Property property) {
        return Optional.ofNullable(platform.assignments().get(property)).map(Assignment::value);
    }

    /** Refuses a property that the user or the platform turns on, and whose capability the host lacks. */
    private void decide(Property property, Optional<String> given, Supplier<HostCapabilities> behind, String option) {
        String value = given.or(() -> stated(property)).orElse(Property.OFF);
        if (NetworkCards.isOn(value)) {
            require(
                    property.capability().orElseThrow(),
                    given.isPresent() ? option + "=" + value : "Platform " + platform.name(),
                    behind.get(),
                    given.isPresent() ? "." : "; " + option + "=off has the guest go without.");
        }
    }

    private static void require(HostCapability capability, String who, HostCapabilities asked, String instead) {
        if (!asked.has(capability)) {
            throw new UnsupportedOption(who + " needs " + capability + " of the host, which is "
                    + asked.answer(capability).inWords() + instead);
        }
    }

    private void global(String type, String property, String value) {
        words.add("-global");
        words.add(type + "." + property + "=" + value);
    }

    /** Returns the user's {@code -global} settings for types whose name contains a text. */
    private Map<String, String> globalsOf(String type) {
        Map<String, String> given = new LinkedHashMap<>();
        for (GivenOption global : options.named("global")) {
            if (global.has("property")) {
                if (global.value(DRIVER).contains(type)) {
                    given.put(global.value("property"), global.value("value"));
                }
            } else {
                global.values().forEach((key, value) -> {
                    int dot = key.indexOf('.');
                    if (dot > 0 && key.substring(0, dot).contains(type)) {
                        given.put(key.substring(dot + 1), value);
                    }
                });
            }
        }
        return given;
    }
}
