// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.junit.jupiter.api.io.TempDir;
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
        assertThat(met).contains("linux-6.17", "linux-6.9", "linux-6.3", "linux-6.0", "linux-4.14");
    }

    /** A distribution's 5.14 with USO of newer kernels: the mainline steps that it keeps have none. */
    @Test
    void aDistributionsPlatformIsTakenWhenItPromisesMore(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("60-linux-acme-9.json"), """
                {"name": "linux-acme-9", "title": "Acme 9 (5.14 with USO)", "line": "acme", "released": "2025-05-01",
                 "parent": "linux-4.15",
                 "evidence": [{"of": ["*"], "source": "probed"}],
                 "requires": ["tap-uso", "tap-write-udp-l4"],
                 "properties": {"virtio-net.host_uso": "on", "virtio-net.guest_uso4": "on", "virtio-net.guest_uso6": "on"}}
                """);
        PlatformCatalog catalog = PlatformCatalog.load(List.of(directory), List.of());
        assertThat(catalog.problems()).isEmpty();
        Set<HostCapability> present = EnumSet.noneOf(HostCapability.class);
        present.addAll(catalog.platform("linux-acme-9").orElseThrow().requires());
        // Only super-frames of 128 segments tell linux-6.9 from linux-6.3, which this host keeps as well.
        HostCapabilities acme = HostCapabilities.imagined("acme", present);
        assertThat(chosen(catalog, acme)).isEqualTo("linux-6.3");
        present.remove(HostCapability.TAP_MULTI_QUEUE);
        present.remove(HostCapability.TAP_ECN);
        Files.writeString(directory.resolve("61-linux-acme-10.json"), """
                {"name": "linux-acme-10", "title": "Acme 10: no ECN", "line": "acme", "released": "2025-06-01",
                 "evidence": [{"of": ["*"], "source": "probed"}],
                 "requires": ["tap", "tap-vnet-hdr", "tap-csum", "tap-tso", "tap-write-tso", "tap-uso", "tap-write-udp-l4", "vhost-net-mrg-rxbuf"],
                 "properties": {
                   "virtio-net.csum": "on", "virtio-net.guest_csum": "on",
                   "virtio-net.host_tso4": "on", "virtio-net.host_tso6": "on",
                   "virtio-net.guest_tso4": "on", "virtio-net.guest_tso6": "on",
                   "virtio-net.host_ecn": "off", "virtio-net.guest_ecn": "off",
                   "virtio-net.host_ufo": "off", "virtio-net.guest_ufo": "off",
                   "virtio-net.host_uso": "on", "virtio-net.guest_uso4": "on", "virtio-net.guest_uso6": "on",
                   "virtio-net.host_tunnel": "off", "virtio-net.host_tunnel_csum": "off",
                   "virtio-net.guest_tunnel": "off", "virtio-net.guest_tunnel_csum": "off",
                   "virtio-net.mrg_rxbuf": "on", "virtio-device.queue_reset": "off"}}
                """);
        PlatformCatalog both = PlatformCatalog.load(List.of(directory), List.of());
        assertThat(both.problems()).isEmpty();
        HostCapabilities withoutEcn = HostCapabilities.imagined("acme", present);
        assertThat(chosen(both, withoutEcn)).isEqualTo("linux-acme-10");
        assertThat(Baseline.of(both, List.of(acme, withoutEcn), TAP).newest())
                .map(PlatformDefinition::name)
                .hasValue("linux-acme-10");
    }

    private static String chosen(PlatformCatalog catalog, HostCapabilities host) {
        String listed = catalog.newestSupported(host, TAP).orElseThrow().name();
        Outcome outcome =
                new Resolver(catalog).resolve(Request.of(DeviceCapabilities.vhost4j(1, OptionalInt.empty()), host));
        assertThat(((Resolution) outcome).platform()).isEqualTo(listed);
        return listed;
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
