// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/**
 * Checks with random hosts, machines and settings that on every host the guest is offered the same bits, or the
 * back-end does not start.
 */
final class InvarianceTest {
    private static final int CASES = 2000;
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();
    private static final Resolver RESOLVER = new Resolver(CATALOG);

    private final SplittableRandom random = new SplittableRandom(20240801);

    private HostCapabilities anyHost() {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        int generosity = random.nextInt(2, 20);
        for (HostCapability capability : HostCapability.values()) {
            int luck = random.nextInt(generosity);
            if (luck > 1) {
                answers.put(capability, Answer.yes("asked", "ok"));
            } else if (luck == 1) {
                answers.put(capability, Answer.no("asked", "EINVAL"));
            }
        }
        return new HostCapabilities("host " + random.nextInt(), "", answers);
    }

    private HostCapabilities hostWithEverything() {
        return HostCapabilities.imagined("everything", EnumSet.allOf(HostCapability.class));
    }

    private Request anyRequest() {
        Map<String, String> settings = new LinkedHashMap<>();
        List<Property> switches = Property.all().stream()
                .filter(property -> property.feature().isPresent() && property.kind() == Property.Kind.SWITCH)
                .toList();
        for (int i = random.nextInt(4); i > 0; i--) {
            String value = pick(List.of(Property.ON, Property.OFF, Property.OFF, Property.OFF, "auto"));
            Property property = pick(switches);
            settings.put(random.nextInt(8) == 0 ? property.qualifiedName() : property.name(), value);
        }
        if (random.nextInt(8) == 0) {
            settings.put("host_mtu", pick(List.of("0", "68", "1400", "9000", "67")));
        }
        int queuePairs = random.nextInt(1, 4);
        OptionalInt mtu = random.nextBoolean() ? OptionalInt.of(1500) : OptionalInt.empty();
        return Request.of(DeviceCapabilities.vhost4j(queuePairs, mtu), anyHost())
                .withMachine(pick(CATALOG.machines()).name())
                .withPlatform(pick(CATALOG.platforms()).name())
                .withSettings(settings)
                .withMissing(pick(List.of(MissingPolicy.values())))
                .withUses(random.nextInt(4) == 0 ? Set.of() : EnumSet.of(HostUse.TAP));
    }

    private <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    @Test
    void theHostNeverChangesABit() {
        int kept = 0;
        int refusedByHost = 0;
        int inSoftware = 0;
        for (int i = 0; i < CASES; i++) {
            Request request = anyRequest();
            Outcome ideal = RESOLVER.resolve(request.withHost(hostWithEverything()));
            Outcome actual = RESOLVER.resolve(request);
            if (ideal instanceof Refusal refusal) {
                assertThat(actual).as("%s", request).isInstanceOf(Refusal.class);
                assertThat(refusal.missing()).isEmpty();
            } else if (ideal instanceof Resolution promise) {
                if (actual instanceof Resolution resolution) {
                    assertThat(resolution.offered()).as("%s", request).isEqualTo(promise.offered());
                    assertThat(resolution.properties()).isEqualTo(promise.properties());
                    assertThat(resolution.withheld()).isEqualTo(promise.withheld());
                    assertThat(resolution.machine()).isEqualTo(promise.machine());
                    assertThat(resolution.platform()).isEqualTo(promise.platform());
                    kept++;
                    inSoftware += resolution.emulated().isEmpty() ? 0 : 1;
                } else if (actual instanceof Refusal refusal) {
                    assertThat(refusal.missing()).as("%s", request).isNotEmpty().noneMatch(request.host()::has);
                    refusal.missing()
                            .forEach(capability -> assertThat(refusal.message())
                                    .contains(
                                            capability.id(),
                                            request.host().answer(capability).said()));
                    refusedByHost++;
                }
            }
        }
        assertThat(List.of(kept, refusedByHost, inSoftware))
                .as("every outcome is met often")
                .allMatch(n -> n > 50);
    }

    @Test
    void nothingIsOfferedThatTheHostLacksUnlessSoftwareStandsIn() {
        for (int i = 0; i < CASES; i++) {
            Request request = anyRequest();
            if (!(RESOLVER.resolve(request) instanceof Resolution resolution)) {
                continue;
            }
            for (HostCapability capability : HostCapability.values()) {
                boolean promised = capability.essential()
                        && capability.features().stream()
                                .anyMatch(feature -> resolution.offered().has(feature));
                if (promised
                        && request.uses().contains(capability.use())
                        && !request.host().has(capability)) {
                    assertThat(resolution.emulated()).as("%s", request).contains(capability);
                    assertThat(request.missing()).isEqualTo(MissingPolicy.EMULATE);
                }
            }
        }
    }

    @Test
    void whatThePlatformRequiresIsThereOrDoneInSoftwareOrSwitchedOff() {
        int weighed = 0;
        for (int i = 0; i < CASES; i++) {
            Request request = anyRequest();
            if (!(RESOLVER.resolve(request) instanceof Resolution resolution)) {
                continue;
            }
            PlatformDefinition platform =
                    CATALOG.platform(request.platform().orElseThrow()).orElseThrow();
            for (HostCapability capability : platform.requires()) {
                boolean used = request.uses().contains(capability.use());
                boolean wanted = capability.features().isEmpty()
                        ? capability.isVisible()
                        : resolution.properties().stream()
                                .anyMatch(each -> Property.isOn(each.value())
                                        && each.availability() != Availability.NOT_IN_DEVICE
                                        && each.property()
                                                .feature()
                                                .filter(capability.features()::contains)
                                                .isPresent());
                if (used && wanted && !request.host().has(capability)) {
                    assertThat(resolution.emulated()).as("%s", request).contains(capability);
                    assertThat(capability.softwareFallback()).isPresent();
                    weighed++;
                }
            }
        }
        assertThat(weighed).isGreaterThan(50);
    }

    @Test
    void namingTheDefaultPlatformGivesTheSameExceptWhatTheMachineKeeps() {
        int taken = 0;
        int kept = 0;
        for (int i = 0; i < CASES; i++) {
            Request named = anyRequest();
            Request unnamed = new Request(
                    named.machine(),
                    Optional.empty(),
                    named.settings(),
                    named.missing(),
                    named.uses(),
                    named.device(),
                    named.host());
            if (RESOLVER.resolve(unnamed) instanceof Resolution resolution) {
                Outcome again = RESOLVER.resolve(unnamed.withPlatform(resolution.platform()));
                assertThat(again).isInstanceOf(Resolution.class);
                Resolution same = (Resolution) again;
                assertThat(same.emulated()).isEqualTo(resolution.emulated()).isEmpty();
                assertThat(same.properties()).hasSameSizeAs(resolution.properties());
                for (ResolvedProperty property : resolution.properties()) {
                    String name = property.property().qualifiedName();
                    ResolvedProperty other = same.property(name).orElseThrow();
                    if (property.decider().layer() == Layer.MACHINE
                            && other.decider().layer() == Layer.PLATFORM) {
                        kept++;
                    } else {
                        assertThat(other.value()).as(name).isEqualTo(property.value());
                    }
                }
                taken++;
            } else {
                // What is left to a platform must be left to a named one.
                boolean hopeless = named.settings().containsValue("auto")
                        || CATALOG.platforms().stream()
                                .allMatch(platform -> RESOLVER.resolve(unnamed.withPlatform(platform.name())
                                                .withMissing(MissingPolicy.REFUSE))
                                        instanceof Refusal);
                assertThat(hopeless).as("%s", unnamed).isTrue();
            }
        }
        assertThat(taken).isGreaterThan(500);
        assertThat(kept).isGreaterThan(100);
    }

    @Test
    void hostPromisesNothingThatItsHostLacks() {
        for (int i = 0; i < CASES; i++) {
            Request request = anyRequest().withPlatform("host").withSettings(Map.of());
            assertThat(RESOLVER.resolve(request)).isInstanceOfSatisfying(Resolution.class, resolution -> {
                assertThat(resolution.emulated()).isEmpty();
                for (HostCapability capability : HostCapability.values()) {
                    if (capability.essential()
                            && request.uses().contains(capability.use())
                            && !request.host().has(capability)) {
                        assertThat(capability.features()).as("%s", capability).noneMatch(resolution.offered()::has);
                    }
                }
            });
        }
    }

    @Test
    void everyPromiseIsSoundAndWithinTheDevice() {
        for (int i = 0; i < CASES; i++) {
            Request request = anyRequest();
            if (RESOLVER.resolve(request) instanceof Resolution resolution) {
                assertThat(resolution.offered().violations()).as("%s", request).isEmpty();
                assertThat(resolution.offered().high()).isZero();
                for (Feature feature : Feature.values()) {
                    if (resolution.offered().has(feature)) {
                        assertThat(request.device().has(feature))
                                .as("%s", feature)
                                .isTrue();
                    }
                }
            }
        }
    }

    @Test
    void everySettingIsHonouredOrRefused() {
        for (int i = 0; i < CASES; i++) {
            Request request = anyRequest();
            if (RESOLVER.resolve(request) instanceof Resolution resolution) {
                request.settings().forEach((name, value) -> {
                    ResolvedProperty property = resolution.property(name).orElseThrow();
                    if (value.equals("auto")) {
                        assertThat(property.decider().layer()).isNotEqualTo(Layer.EXPLICIT);
                        return;
                    }
                    assertThat(property.value()).isEqualTo(value);
                    assertThat(resolution
                                    .offered()
                                    .has(property.property().feature().orElseThrow()))
                            .as("%s=%s in %s", name, value, request)
                            .isEqualTo(Property.isOn(value));
                });
            }
        }
    }

    @Test
    void emulationOnlyFailsWhereSoftwareCannotHelp() {
        for (int i = 0; i < CASES; i++) {
            Request request = anyRequest().withMissing(MissingPolicy.EMULATE);
            boolean possible = RESOLVER.resolve(request.withHost(hostWithEverything())) instanceof Resolution;
            if (possible && RESOLVER.resolve(request) instanceof Refusal refusal) {
                assertThat(refusal.missing())
                        .anyMatch(capability -> capability.softwareFallback().isEmpty());
            }
        }
    }

    @Test
    void whatIsChosenWithoutANameIsSupportedAndNothingNewerIs() {
        int chosen = 0;
        for (int i = 0; i < CASES / 2; i++) {
            Request request = Request.of(DeviceCapabilities.vhost4j(1, OptionalInt.empty()), anyHost());
            List<PlatformDefinition> supported = new ArrayList<>();
            for (PlatformDefinition platform : CATALOG.platforms()) {
                if (RESOLVER.resolve(request.withPlatform(platform.name())) instanceof Resolution) {
                    supported.add(platform);
                }
            }
            Outcome outcome = RESOLVER.resolve(request);
            if (outcome instanceof Resolution resolution) {
                assertThat(resolution.platform()).isEqualTo(supported.getFirst().name());
                chosen++;
            } else {
                assertThat(supported).isEmpty();
            }
        }
        assertThat(chosen).isGreaterThan(50);
    }
}
