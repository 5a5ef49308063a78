// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.probe.HostCapability;

/**
 * Determines the features that a guest is promised. The layers are the device's defaults, the machine, the platform and the operator's
 * settings; each overrides the previous one. A default platform comes before the machine. The host has no influence on the value of a bit;
 * it only determines whether the promise can be kept.
 *
 * <p>There are exactly three outcomes: the host provides the promised bits, the request is refused, or software replaces what the host
 * lacks and the guest is offered the same bits.
 */
public final class Resolver {
    private final PlatformCatalog catalog;

    /**
     * Creates a resolver.
     *
     * @param catalog the machines and platforms that requests may name
     */
    public Resolver(PlatformCatalog catalog) {
        this.catalog = catalog;
    }

    /**
     * Resolves a request.
     *
     * @param request the requested promise
     * @return a {@link Resolution} or a {@link Refusal}
     */
    public Outcome resolve(Request request) {
        Optional<MachineDefinition> machine =
                request.machine().map(catalog::machine).orElseGet(() -> Optional.of(catalog.defaultMachine()));
        if (machine.isEmpty()) {
            return Refusal.because(catalog.noSuchMachine(request.machine().orElseThrow()));
        }
        Layers layers = new Layers(request);
        if (!layers.reasons().isEmpty()) {
            return new Refusal(layers.reasons(), List.of());
        }
        Optional<PlatformDefinition> platform = choose(request, layers, machine.get());
        if (platform.isEmpty()) {
            return request.platform()
                    .<Outcome>map(name -> Refusal.because(catalog.noSuchPlatform(name)))
                    .orElseGet(() -> noPlatformWorks(request));
        }
        return promise(request, layers, machine.get(), platform.get());
    }

    private Optional<PlatformDefinition> choose(Request request, Layers layers, MachineDefinition machine) {
        if (request.platform().isEmpty()) {
            return newestKept(request, layers, machine);
        }
        String name = request.platform().get();
        return name.equals(HostPlatform.NAME) ? Optional.of(HostPlatform.of(request)) : catalog.platform(name);
    }

    private Optional<PlatformDefinition> newestKept(Request request, Layers layers, MachineDefinition machine) {
        // No supported platform promises more than all features of this host; with this limit most starts read only one
        // or two definitions.
        Set<Feature> most = offered(request.device(), layers.resolve(machine, HostPlatform.of(request)));
        return PlatformChoice.among(
                request.uses(),
                catalog.newestFirst()
                        .filter(platform -> platform.deprecated().isEmpty())
                        .filter(platform -> HostCheck.lacked(request, platform, layers.resolve(machine, platform))
                                .isEmpty())
                        .iterator(),
                platform -> offered(request.device(), layers.resolve(machine, platform)),
                most);
    }

    private Outcome promise(Request request, Layers layers, MachineDefinition machine, PlatformDefinition platform) {
        List<ResolvedProperty> properties = request.platform().isPresent()
                ? layers.resolve(machine, platform)
                : layers.resolveUnnamed(machine, platform);
        Set<Feature> offered = offered(request.device(), properties);
        List<String> reasons = new ArrayList<>(DependencyCheck.reasons(offered, properties));
        List<HostCapability> lacked = HostCheck.lacked(request, platform, properties);
        boolean emulate = request.missing() == MissingPolicy.EMULATE
                && lacked.stream()
                        .allMatch(capability -> capability.softwareFallback().isPresent());
        if (!lacked.isEmpty() && !emulate) {
            reasons.addAll(cannotBeKept(request, layers, machine, platform, properties, lacked));
        }
        if (!reasons.isEmpty()) {
            return new Refusal(reasons, lacked);
        }
        Set<HostCapability> emulated = EnumSet.noneOf(HostCapability.class);
        emulated.addAll(lacked);
        return new Resolution(
                machine.name(),
                platform.name(),
                request.platform().isPresent(),
                FeatureSet.of(offered),
                leftToFrontEnd(request.device(), properties),
                properties,
                emulated,
                notes(request, machine, platform, properties, emulated));
    }

    private static Set<Feature> offered(DeviceCapabilities device, List<ResolvedProperty> properties) {
        Set<Feature> offered = EnumSet.noneOf(Feature.class);
        for (Feature feature : device.features()) {
            if (Property.of(feature).isEmpty() && device.carries(feature)) {
                offered.add(feature);
            }
        }
        for (ResolvedProperty property : properties) {
            if (property.availability() == Availability.OFFERED) {
                property.property().feature().ifPresent(offered::add);
            }
        }
        return offered;
    }

    /** Returns the features left to the front-end: those that no layer above the device default has set. */
    private static FeatureSet leftToFrontEnd(DeviceCapabilities device, List<ResolvedProperty> properties) {
        Set<Feature> left = EnumSet.noneOf(Feature.class);
        for (ResolvedProperty property : properties) {
            if (property.decider().layer() == Layer.DEVICE) {
                property.property()
                        .feature()
                        .filter(device.leftToFrontEnd()::contains)
                        .ifPresent(left::add);
            }
        }
        return FeatureSet.of(left);
    }

    private List<String> cannotBeKept(
            Request request,
            Layers layers,
            MachineDefinition machine,
            PlatformDefinition platform,
            List<ResolvedProperty> properties,
            List<HostCapability> lacked) {
        List<String> reasons = new ArrayList<>();
        for (HostCapability capability : lacked) {
            List<ResolvedProperty> bits = HostCheck.dependentOn(capability, properties);
            boolean platformAsks = platform.requires().contains(capability);
            String who = platformAsks
                    ? "Platform " + asNamed(request, platform)
                    : Names.and(bits.stream()
                            .map(each -> each.property().name() + "=" + each.value())
                            .toList());
            reasons.add(who + " needs " + capability + " of the host, which is "
                    + request.host().answer(capability).inWords()
                    + (bits.isEmpty() ? "." : "; the guest would be promised " + Names.ofProperties(bits) + "."));
        }
        String works = newestKept(request, layers, machine)
                .map(other -> "The newest platform that works on this host is " + inFull(other) + ".")
                .orElse("No platform works on this host"
                        + (request.settings().isEmpty() ? "." : " with these settings."));
        reasons.add(works);
        List<String> hopeless = lacked.stream()
                .filter(capability -> capability.softwareFallback().isEmpty())
                .map(HostCapability::id)
                .toList();
        if (request.device().isQemus()) {
            return reasons;
        }
        if (!hopeless.isEmpty()) {
            reasons.add("Software cannot replace " + Names.and(hopeless) + ".");
        } else {
            reasons.add("With --missing=emulate the back-end does it in software, and the guest sees the same bits.");
        }
        return reasons;
    }

    private static List<String> notes(
            Request request,
            MachineDefinition machine,
            PlatformDefinition platform,
            List<ResolvedProperty> properties,
            Set<HostCapability> emulated) {
        List<String> notes = new ArrayList<>();
        machine.deprecated().ifPresent(why -> notes.add("Machine " + machine.name() + " is deprecated: " + why + "."));
        platform.deprecated()
                .ifPresent(why -> notes.add("Platform " + platform.name() + " is deprecated: " + why + "."));
        if (platform.name().equals(HostPlatform.NAME)) {
            notes.add("Platform host promises whatever this host has: nothing is faster, and the guest may be unable to"
                    + " migrate to any other host.");
        } else if (request.platform().isEmpty()) {
            notes.add("No platform was named; " + inFull(platform)
                    + " is the newest that this host supports. Name it to migrate guests to other hosts.");
            List<ResolvedProperty> kept = keptByMachine(request.device(), properties);
            if (!kept.isEmpty()) {
                notes.add("Machine " + machine.name() + " keeps " + Names.ofProperties(kept) + " "
                        + kept.getFirst().value() + ", as guests that started on it have it; naming "
                        + platform.name() + " would change that.");
            }
        }
        for (HostCapability capability : emulated) {
            notes.add("In software, as the host lacks " + capability + ": "
                    + capability.softwareFallback().orElseThrow() + ".");
        }
        if (request.machine().isEmpty()) {
            notes.add("No machine was named; " + machine.name()
                    + " is taken. Name the one that QEMU is started with: an older one promises less.");
        }
        return notes;
    }

    /** Returns the properties for which the machine's value overrides the default platform's. */
    private static List<ResolvedProperty> keptByMachine(DeviceCapabilities device, List<ResolvedProperty> properties) {
        return properties.stream()
                .filter(each -> each.decider().layer() == Layer.MACHINE
                        && each.property()
                                .feature()
                                .filter(feature -> device.has(feature) && device.carries(feature))
                                .isPresent()
                        && each.overridden().stream()
                                .anyMatch(earlier -> earlier.layer() == Layer.PLATFORM
                                        && !earlier.value().equals(each.value())))
                .toList();
    }

    private static String asNamed(Request request, PlatformDefinition platform) {
        return request.platform()
                .filter(name -> !name.equals(platform.name()))
                .map(alias -> alias + " (" + platform.name() + ")")
                .orElse(platform.name());
    }

    private static String inFull(PlatformDefinition platform) {
        return platform.aliases().isEmpty()
                ? platform.name()
                : platform.name() + " (also called " + Names.and(platform.aliases()) + ")";
    }

    private Outcome noPlatformWorks(Request request) {
        List<PlatformDefinition> platforms = catalog.platforms();
        if (platforms.isEmpty()) {
            return Refusal.because("No platform is defined.");
        }
        List<HostCapability> lacked = platforms.stream()
                .map(platform -> platform.lackedBy(request.host(), request.uses()))
                .min(Comparator.comparingInt(List::size))
                .orElseThrow();
        List<String> answers = lacked.stream()
                .map(capability ->
                        capability + " is " + request.host().answer(capability).inWords())
                .toList();
        return new Refusal(
                List.of(
                        "This host supports no platform as far as is known: " + Names.and(answers) + ".",
                        "Name one with --platform and --missing=emulate to have it emulated in software, or give another"
                                + " probe with --host-capabilities."),
                lacked);
    }
}
