// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.platform.definition.Assignment;
import org.vhost4j.platform.definition.Layer;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.platform.definition.QemuArguments;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.definition.ResolvedProperty;
import org.vhost4j.tools.common.UnsupportedOption;

/**
 * Creates the {@code -global} options that make a platform's values the defaults of every virtio network card, on any transport,
 * cold-plugged and hot-plugged. QEMU uses the last of several such options, so these come before the user's; {@code -device} overrides all
 * of them. A property that this QEMU lacks would be a fatal error, so it is omitted. A machine's compatibility value for a transport, such
 * as {@code virtio-net-pci}, would override that of the network device, so the option is given for that transport as well.
 */
final class GlobalProperties {
    private static final String DEVICE = "virtio-net-device";

    private GlobalProperties() {}

    /**
     * Returns the options.
     *
     * @param resolution a platform, resolved for QEMU's own device
     * @param binary the QEMU
     * @param machine the machine type, if this QEMU has it
     *
     * @return words for the command line; empty when none is needed
     * @throws UnsupportedOption when a platform was named, and this QEMU has no such property to turn on
     */
    static List<String> of(Resolution resolution, QemuBinary binary, Optional<QemuMachine> machine) {
        List<String> words = new ArrayList<>();
        if (!binary.hasNetworkCard()) {
            return words;
        }
        platformsValues(resolution, machine).forEach((property, value) -> {
            if (binary.properties().contains(property.name())) {
                add(words, DEVICE, property, value);
                machine.ifPresent(type -> type.compatibility().stream()
                        .filter(kept -> kept.property().equals(property.name()) && isTransport(kept.type()))
                        .forEach(kept -> add(words, kept.type(), property, value)));
            } else if (Property.isOn(value)) {
                throw lacking(resolution, binary, property);
            }
        });
        return words;
    }

    /**
     * Returns the platform's values. A named platform overrides the machine. The default platform only turns off
     * features that this host lacks, and never turns on features that the machine turns off.
     */
    private static Map<Property, String> platformsValues(Resolution resolution, Optional<QemuMachine> machine) {
        Map<Property, String> values = new LinkedHashMap<>();
        for (ResolvedProperty property : resolution.properties()) {
            Optional<String> value = property.assignments().stream()
                    .filter(assignment -> assignment.layer() == Layer.PLATFORM)
                    .map(Assignment::value)
                    .findFirst();
            boolean machineKeeps = machine.filter(
                            type -> type.keeps(property.property().name()))
                    .isPresent();
            if (value.isPresent()
                    && property.property().isQemus()
                    && (resolution.platformNamed() || (!Property.isOn(value.get()) && !machineKeeps))) {
                values.put(property.property(), value.get());
            }
        }
        return values;
    }

    private static void add(List<String> words, String type, Property property, String value) {
        words.add("-global");
        words.add(type + "." + property.name() + "=" + value);
    }

    /**
     * Returns whether a QOM type is the transport of a network card, whose values QEMU sets after those of the network
     * device.
     */
    private static boolean isTransport(String type) {
        return type.startsWith("virtio-net-") && !type.equals(DEVICE);
    }

    private static UnsupportedOption lacking(Resolution resolution, QemuBinary binary, Property property) {
        String since = QemuArguments.firstQemu(property.name())
                .map(version -> "; it came with QEMU " + version)
                .orElse("");
        return new UnsupportedOption("Platform " + resolution.platform() + " needs " + property.name()
                + " of QEMU, which version " + binary.version() + " does not have" + since + ".");
    }
}
