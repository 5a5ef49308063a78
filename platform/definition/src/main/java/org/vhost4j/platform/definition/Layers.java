// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;

/** Combines the four layers to a value for each property, and checks the operator's settings. */
final class Layers {
    private final DeviceCapabilities device;
    private final Map<Property, String> explicit = new LinkedHashMap<>();
    private final Map<Property, String> spellings = new LinkedHashMap<>();
    private final List<String> reasons = new ArrayList<>();

    /**
     * Reads the operator's settings.
     *
     * @param request the request; the value {@code auto} is valid only if the request names a platform
     */
    Layers(Request request) {
        this.device = request.device();
        request.settings().forEach((name, value) -> setting(name, value, request.platform()));
    }

    private void setting(String name, String value, Optional<String> platform) {
        Optional<Property> found = Property.named(name);
        if (found.isEmpty()) {
            Set<String> known = new TreeSet<>();
            Property.all().forEach(each -> known.add(each.name()));
            reasons.add("There is no property '" + name + "'"
                    + Names.didYouMean(name.replaceFirst("^virtio-net(-pci)?\\.", ""), known));
            return;
        }
        Property property = found.get();
        String before = spellings.putIfAbsent(property, name);
        if (before != null) {
            reasons.add(property.name() + " is set twice, as " + before + " and as " + name + ".");
        } else if (property.feature().isEmpty()) {
            reasons.add(property.name() + " is a property of QEMU's side of the device, not of this back-end: "
                    + "give it to QEMU's -device.");
        } else if (value.equals("auto") && property.kind() == Property.Kind.SWITCH) {
            if (platform.isEmpty()) {
                reasons.add("--set " + name + "=auto leaves " + property.name()
                        + " to the platform, and none is named: give --platform as well.");
            }
        } else if (!property.allows(value)) {
            reasons.add(property.name() + " must be " + property.kind().range() + ", not '" + value + "'.");
        } else if (Property.isOn(value) && !device.has(property.feature().get())) {
            String why = device.whyNot().get(property.feature().get());
            reasons.add("--set " + name + "=" + value + " is not possible on any host: "
                    + (why != null ? why : device.name() + " has no such feature") + ".");
        } else if (Property.isOn(value) && !device.carries(property.feature().get())) {
            reasons.add("--set " + name + "=" + value
                    + " is not possible on any host: vhost-user has no message for feature bit "
                    + property.feature().get().bit() + ", only for 0 to 63.");
        } else {
            explicit.put(property, value);
        }
    }

    /**
     * Returns the problems of the operator's settings.
     *
     * @return one sentence each
     */
    List<String> reasons() {
        return reasons;
    }

    /**
     * Combines the layers for a platform that the operator has named.
     *
     * @param machine the machine
     * @param platform the platform
     * @return every property to which a layer assigns a value, in the order of {@link Property#all()}
     */
    List<ResolvedProperty> resolve(MachineDefinition machine, PlatformDefinition platform) {
        return resolve(machine, platform, true);
    }

    /**
     * Combines the layers for a default platform, because the operator has named none. Then the machine's assignments override the
     * platform's: an old machine type is meant for guests that were started with it.
     *
     * @param machine the machine
     * @param platform the platform
     * @return every property to which a layer assigns a value, in the order of {@link Property#all()}
     */
    List<ResolvedProperty> resolveUnnamed(MachineDefinition machine, PlatformDefinition platform) {
        return resolve(machine, platform, false);
    }

    private List<ResolvedProperty> resolve(MachineDefinition machine, PlatformDefinition platform, boolean named) {
        List<ResolvedProperty> resolved = new ArrayList<>();
        for (Property property : Property.all()) {
            List<Assignment> said = new ArrayList<>();
            if (property.feature().isPresent()) {
                said.add(new Assignment(Layer.DEVICE, "the device's default", device.defaultOf(property)));
            } else if (property.capability().isPresent() && isStated(property, machine, platform)) {
                said.add(new Assignment(
                        Layer.DEVICE, "QEMU's default", property.qemuDefault().orElseThrow()));
            }
            if (named) {
                addIfAssigned(said, machine.assignments().get(property));
            }
            addIfAssigned(said, ofPlatform(platform, property));
            if (!named) {
                addIfAssigned(said, machine.assignments().get(property));
            }
            String value = explicit.get(property);
            if (value != null) {
                said.add(new Assignment(Layer.EXPLICIT, "--set", value));
            }
            if (!said.isEmpty()) {
                resolved.add(new ResolvedProperty(
                        property, said, availability(property, said.getLast().value())));
            }
        }
        return resolved;
    }

    /**
     * Returns whether the machine or the platform assigns a property. Properties that neither assigns keep QEMU's value and are not listed.
     */
    private static boolean isStated(Property property, MachineDefinition machine, PlatformDefinition platform) {
        return machine.assignments().containsKey(property)
                || platform.assignments().containsKey(property);
    }

    private static void addIfAssigned(List<Assignment> said, @Nullable Assignment assignment) {
        if (assignment != null) {
            said.add(assignment);
        }
    }

    private static @Nullable Assignment ofPlatform(PlatformDefinition platform, Property property) {
        Assignment assignment = platform.assignments().get(property);
        return assignment == null || assignment.source().equals(platform.name())
                ? assignment
                : new Assignment(
                        Layer.PLATFORM, platform.name() + " (from " + assignment.source() + ")", assignment.value());
    }

    private Availability availability(Property property, String value) {
        if (property.feature().isEmpty()) {
            return Availability.FRONT_END;
        }
        Feature feature = property.feature().get();
        if (!Property.isOn(value)) {
            return Availability.OFF;
        } else if (!device.carries(feature)) {
            return Availability.NOT_CARRIED;
        }
        return device.has(feature) ? Availability.OFFERED : Availability.NOT_IN_DEVICE;
    }
}
