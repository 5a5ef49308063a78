// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

final class BaselineTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();
    private static final Set<HostUse> TAP = EnumSet.of(HostUse.TAP);

    private final SplittableRandom random = new SplittableRandom(7);

    /** Mostly what some platform requires, so that baselines of every age come up; sometimes anything. */
    private HostCapabilities anyHost(int number) {
        Set<HostCapability> present = EnumSet.noneOf(HostCapability.class);
        present.addAll(CATALOG.platforms()
                .get(random.nextInt(CATALOG.platforms().size()))
                .requires());
        for (HostCapability capability : HostCapability.values()) {
            if (random.nextInt(30) == 0) {
                present.remove(capability);
            }
            if (random.nextInt(10) == 0) {
                present.add(capability);
            }
        }
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        HostCapabilities.imagined("", present).answers().forEach((capability, answer) -> {
            // What could not be asked is not there for all that is known.
            boolean unknown = !answer.isYes() && random.nextBoolean();
            answers.put(capability, unknown ? Answer.unknown(answer.asked(), "needs a right") : answer);
        });
        return new HostCapabilities("host " + number, "", answers);
    }

    @Test
    void everyHostKeepsItAndNothingNewer() {
        Set<String> met = new TreeSet<>();
        for (int i = 0; i < 1000; i++) {
            List<HostCapabilities> hosts = new ArrayList<>();
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                hosts.add(anyHost(n));
            }
            Baseline baseline = Baseline.of(CATALOG, hosts, TAP);
            baseline.newest().ifPresent(platform -> {
                met.add(platform.name());
                assertThat(hosts).allMatch(host -> platform.lackedBy(host, TAP).isEmpty());
            });
            List<PlatformDefinition> newer = CATALOG.platforms().stream()
                    .takeWhile(platform ->
                            baseline.newest().filter(platform::equals).isEmpty())
                    .toList();
            assertThat(baseline.obstacles())
                    .extracting(Baseline.Obstacle::platform)
                    .isEqualTo(newer);
            for (Baseline.Obstacle obstacle : baseline.obstacles()) {
                assertThat(obstacle.hosts())
                        .isNotEmpty()
                        .allMatch(support -> hosts.contains(support.host())
                                && !support.lacked().isEmpty());
            }
        }
        assertThat(met).contains("linux-6.17", "linux-6.9", "linux-6.2", "linux-6.0", "linux-4.15", "linux-4.14");
    }

    /** Baseline looks at definitions; here the back-end itself is asked to start. */
    @Test
    void guestsOfTheBaselineSeeTheSameOnAllHostsAndNothingNewerStartsOnAll() {
        Resolver resolver = new Resolver(CATALOG);
        int compared = 0;
        int refused = 0;
        for (int i = 0; i < 300; i++) {
            List<HostCapabilities> hosts = new ArrayList<>();
            for (int n = random.nextInt(2, 5); n > 0; n--) {
                hosts.add(anyHost(n));
            }
            Baseline baseline = Baseline.of(CATALOG, hosts, TAP);
            // Several queue pairs, so that all that a platform requires is needed.
            Request request = Request.of(DeviceCapabilities.vhost4j(2, OptionalInt.empty()), hosts.getFirst())
                    .withMachine(CATALOG.machines()
                            .get(random.nextInt(CATALOG.machines().size()))
                            .name());
            for (PlatformDefinition platform : CATALOG.platforms()) {
                Set<Outcome> outcomes = new HashSet<>();
                for (HostCapabilities host : hosts) {
                    outcomes.add(resolver.resolve(
                            request.withPlatform(platform.name()).withHost(host)));
                }
                if (baseline.newest().filter(platform::equals).isPresent()) {
                    assertThat(outcomes).singleElement().isInstanceOf(Resolution.class);
                    compared++;
                    break;
                }
                assertThat(outcomes).as("%s", platform).hasAtLeastOneElementOfType(Refusal.class);
                refused++;
            }
        }
        assertThat(compared).isGreaterThan(100);
        assertThat(refused).isGreaterThan(500);
    }
}
