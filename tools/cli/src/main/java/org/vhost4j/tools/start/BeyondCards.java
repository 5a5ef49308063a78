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
 * What a kernel decides for a guest besides its network cards, on a platform that was named: what KVM shows the guest of itself,
 * whether the machine has a system management mode, what vhost-vsock and vhost-scsi offer, and the pages of a virtio-iommu. Without a platform all of it is
 * left to QEMU.
 *
 * <p>A guest of {@code -accel tcg} needs nothing of KVM. Where KVM is one of several accelerators, it is counted on.
 */
final class BeyondCards {
    /** The QOM type of every x86 processor: what {@code -global} says of it comes before what {@code -cpu} says. */
    static final String CPU = "x86_64-cpu";
    /** The QOM type of vhost-vsock, whatever it is plugged in with. */
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
     * QEMU's settings.
     *
     * @param options the command line
     * @param binary the QEMU
     * @param machine the machine's name
     * @param platform the platform, which was named
     * @param host this host, which is asked only when something depends on it
     * @return words that come before the user's
     * @throws UnsupportedOption when this host lacks what the guest would be promised, or the guest is to have all that the host has
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

    /** Whether a property of another type than a network card's is one that is set or read here. */
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

    /** {@code enforce} has QEMU itself refuse what this host's processor or KVM lacks, instead of clearing it. */
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
     * On ARM, KVM shows a guest the host's own processor: {@code -cpu host} is nearly all that QEMU takes there, so it is not refused, and
     * what is in that processor is no platform's.
     */
    private void armProcessor() {
        Property property = Property.of(HostCapability.KVM_ARM_STEAL_TIME).orElseThrow();
        Optional<String> given = Optional.ofNullable(givenToProcessor(ARM_CPU).get(property.name()));
        decide(property, given, host, "-cpu …," + property.name());
        stated(property).ifPresent(value -> global(ARM_CPU, property.name(), value));
    }

    /**
     * A guest that has a virtio-iommu sees the size of its pages. They may be smaller than the host's for devices of QEMU's, but not for the
     * host's own devices that are passed to the guest.
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

    /** What the user says of processors, by {@code -global} and then by {@code -cpu}, where words may have a sign or underscores. */
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
                // QEMU has no property for it.
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

    /** The host as a device meets it whose back-end may have been passed to it. */
    private Supplier<HostCapabilities> behind(
            GivenOption device, BiFunction<HostCapabilities, Integer, HostCapabilities> asked) {
        return device.value("vhostfd").matches("[0-9]{1,9}")
                ? () -> asked.apply(host.get(), Integer.parseInt(device.value("vhostfd")))
                : host;
    }

    private Optional<String> stated(Property property) {
        return Optional.ofNullable(platform.assignments().get(property)).map(Assignment::value);
    }

    /** Refuses what is on, by the user's word or by the platform's, and what the host lacks. */
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

    /** What the user says by {@code -global} of types whose name has a part in it. */
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
