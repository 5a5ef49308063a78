// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;

final class ResolverTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();
    private static final Resolver RESOLVER = new Resolver(CATALOG);
    private static final DeviceCapabilities DEVICE = DeviceCapabilities.vhost4j(1, OptionalInt.empty());

    private static HostCapabilities hostThatKeeps(String platform) {
        return HostCapabilities.imagined(
                "alpha", CATALOG.platform(platform).orElseThrow().requires());
    }

    private static Request on(String hostPlatform) {
        return Request.of(DEVICE, hostThatKeeps(hostPlatform));
    }

    private static Resolution resolved(Request request) {
        Outcome outcome = RESOLVER.resolve(request);
        assertThat(outcome).isInstanceOf(Resolution.class);
        return (Resolution) outcome;
    }

    private static Refusal refused(Request request) {
        Outcome outcome = RESOLVER.resolve(request);
        assertThat(outcome).isInstanceOf(Refusal.class);
        return (Refusal) outcome;
    }

    private static String provenance(Resolution resolution, String property) {
        return resolution.property(property).orElseThrow().provenance();
    }

    @Test
    void everyBitOfTheDeviceIsOfferedOnThePlatformThatHasThemAll() {
        Resolution resolution = resolved(on("linux-6.17").withPlatform("linux-6.17"));
        Set<Feature> all = EnumSet.copyOf(DEVICE.features());
        all.remove(Feature.MTU);
        all.removeAll(DEVICE.offByDefault());
        assertThat(resolution.offered()).isEqualTo(FeatureSet.of(all));
        assertThat(resolution.offered().names()).contains("HOST_USO", "GUEST_USO4", "GUEST_USO6", "VERSION_1", "MAC");
        assertThat(resolution.offered().high()).isZero();
    }

    /** QEMU's defaults: packed and in_order are off. Its own device may still be told to have them. */
    @Test
    void ringFormatsAreLeftToTheFrontEndUnlessSet() {
        Resolution silent = resolved(on("linux-6.17").withPlatform("linux-6.17"));
        FeatureSet left = FeatureSet.of(Feature.NOTIFY_ON_EMPTY, Feature.RING_PACKED, Feature.IN_ORDER);
        assertThat(silent.leftToFrontEnd()).isEqualTo(left);
        assertThat(silent.offered().and(left).isEmpty()).isTrue();

        Resolution asked = resolved(
                on("linux-6.17").withPlatform("linux-6.17").withSettings(Map.of("packed", "on", "in_order", "off")));
        assertThat(asked.offered().minus(silent.offered())).isEqualTo(FeatureSet.of(Feature.RING_PACKED));
        assertThat(asked.leftToFrontEnd()).isEqualTo(FeatureSet.of(Feature.NOTIFY_ON_EMPTY));

        assertThat(refused(on("linux-6.17").withPlatform("linux-6.17").withSettings(Map.of("queue_reset", "on")))
                        .message())
                .contains("QEMU does not notify a vhost-user back-end of a queue reset");
    }

    @Test
    void whatDoesNotReachTheGuestIsSaid() {
        Resolution resolution = resolved(on("linux-6.17").withPlatform("linux-6.17"));
        assertThat(resolution.property("host_tunnel").orElseThrow().availability())
                .isEqualTo(Availability.NOT_CARRIED);
        assertThat(resolution.withheld())
                .containsExactly(
                        "Not offered, on any host: guest_tunnel, guest_tunnel_csum, host_tunnel, host_tunnel_csum"
                                + " (vhost-user carries no feature bit above 63).",
                        "Not offered, on any host: queue_reset (this back-end has no such feature).");
    }

    @Test
    void olderPlatformHasNoUsoOnAnyHost() {
        Resolution old = resolved(on("linux-6.1").withPlatform("linux-6.1"));
        Resolution recent = resolved(on("linux-6.17").withPlatform("linux-6.1"));
        assertThat(old).isEqualTo(recent);
        assertThat(old.platform()).isEqualTo("linux-6.0");
        assertThat(old.offered().names())
                .doesNotContain("HOST_USO", "GUEST_USO4", "GUEST_USO6")
                .contains("HOST_TSO4");
        assertThat(provenance(old, "host_uso"))
                .isEqualTo("off by platform linux-6.0 (from linux-3.18), over on by the device's default");
    }

    @Test
    void laterLayersOverride() {
        Request request = on("linux-6.12").withMachine("pc-q35-8.1").withPlatform("linux-6.12");
        assertThat(provenance(resolved(request), "host_uso"))
                .isEqualTo(
                        "on by platform linux-6.9 (from linux-6.2), over off by machine pc-q35-8.1, over on by the device's default");
        Resolution explicit = resolved(request.withSettings(Map.of("host_uso", "off")));
        assertThat(explicit.offered().has(Feature.HOST_USO)).isFalse();
        assertThat(explicit.offered().has(Feature.GUEST_USO4)).isTrue();
        assertThat(explicit.property("host_uso").orElseThrow().assignments())
                .extracting(Assignment::layer)
                .containsExactly(Layer.DEVICE, Layer.MACHINE, Layer.PLATFORM, Layer.EXPLICIT);
    }

    /** QEMU's own pc-q35-8.1 has no USO, and it was not asked for. */
    @Test
    void whatAnOldMachineSaysIsKeptWhenNoPlatformIsNamed() {
        Request request = on("linux-6.12").withMachine("pc-q35-8.1");
        Resolution resolution = resolved(request);
        assertThat(resolution.platform()).isEqualTo("linux-6.9");
        assertThat(resolution.offered().names())
                .doesNotContain("HOST_USO", "GUEST_USO4", "GUEST_USO6")
                .contains("HOST_TSO4", "HOST_UFO");
        assertThat(provenance(resolution, "host_uso"))
                .isEqualTo(
                        "off by machine pc-q35-8.1, over on by platform linux-6.9 (from linux-6.2), over on by the device's default");
        assertThat(resolution.notes())
                .contains(
                        "Machine pc-q35-8.1 keeps guest_uso4, guest_uso6 and host_uso off, as guests that started on it"
                                + " have it; naming linux-6.9 would change that.");
        assertThat(resolved(request.withPlatform("linux-6.9")).offered().has(Feature.HOST_USO))
                .isTrue();
        // What the machine does not set is decided by the platform, as far as the host supports it.
        assertThat(resolved(on("linux-6.1").withMachine("pc-q35-8.2")).offered().has(Feature.HOST_USO))
                .isFalse();
        assertThat(resolved(on("linux-6.12").withMachine("pc-q35-8.2"))
                        .offered()
                        .has(Feature.HOST_USO))
                .isTrue();
    }

    /** The machines of QEMU 7.1 and before have no RING_RESET, those before 10.2 no tunnels. */
    @Test
    void everyOldMachineKeepsWhatItSaysWhenNoPlatformIsNamed() {
        for (MachineDefinition machine : CATALOG.machines()) {
            Resolution resolution = resolved(Request.of(DeviceCapabilities.qemu(), hostThatKeeps("linux-6.17"))
                    .withMachine(machine.name()));
            machine.assignments()
                    .forEach((property, assignment) -> assertThat(resolution
                                    .property(property.name())
                                    .orElseThrow()
                                    .value())
                            .as(machine.name() + " " + property)
                            .isEqualTo(assignment.value()));
        }
    }

    @Test
    void withoutANameTheNewestPlatformOfTheHostIsTakenAndNamed() {
        Resolution resolution = resolved(on("linux-6.12"));
        assertThat(resolution.platform()).isEqualTo("linux-6.9");
        assertThat(resolution.platformNamed()).isFalse();
        assertThat(resolution.notes())
                .containsExactly(
                        "No platform was named; linux-6.9 (also called linux-6.12) is the newest that this host"
                                + " supports. Name it to migrate guests to other hosts.",
                        "No machine was named; pc-q35-11.1 is taken. Name the one that QEMU is started with: an older one"
                                + " promises less.");
        assertThat(resolved(on("linux-6.12").withMachine("pc-q35-8.2")).notes())
                .noneMatch(note -> note.contains("machine"));
        // It lacks TAPs without carrier, which no guest sees.
        assertThat(resolved(on("linux-5.15")).platform()).isEqualTo("linux-6.0");
    }

    @Test
    void hostThatCannotKeepThePlatformIsRefusedWithEveryReason() {
        Refusal refusal = refused(on("linux-6.1").withPlatform("linux-6.2"));
        assertThat(refusal.missing()).containsExactly(HostCapability.TAP_USO, HostCapability.TAP_WRITE_UDP_L4);
        assertThat(refusal.reasons())
                .containsExactly(
                        "Platform linux-6.2 needs tap-uso of the host, which is missing (TUNSETOFFLOAD CSUM|USO4|USO6:"
                                + " assumed); the guest would be promised guest_uso4 and guest_uso6.",
                        "Platform linux-6.2 needs tap-write-udp-l4 of the host, which is missing (write of a UDP_L4"
                                + " super-frame: assumed); the guest would be promised host_uso.",
                        "The newest platform that works on this host is linux-6.0 (also called linux-6.1).",
                        "With --missing=emulate the back-end does it in software, and the guest sees the same bits.");
        assertThat(refusal.message()).doesNotContain("\n");
    }

    @Test
    void emulationGivesTheSameBits() {
        Resolution native0 = resolved(on("linux-6.2").withPlatform("linux-6.2"));
        Resolution emulated = resolved(on("linux-6.1").withPlatform("linux-6.2").withMissing(MissingPolicy.EMULATE));
        assertThat(emulated.offered()).isEqualTo(native0.offered());
        assertThat(emulated.properties()).isEqualTo(native0.properties());
        assertThat(emulated.emulated())
                .containsExactlyInAnyOrder(HostCapability.TAP_USO, HostCapability.TAP_WRITE_UDP_L4);
        assertThat(emulated.notes())
                .filteredOn(note -> note.startsWith("In software, as the host lacks "))
                .hasSize(2);
    }

    @Test
    void softwareCannotStandInForTheTapItself() {
        Request request = Request.of(DEVICE, HostCapabilities.imagined("bare", Set.of()))
                .withPlatform("linux-6.1")
                .withMissing(MissingPolicy.EMULATE);
        assertThat(refused(request).reasons()).contains("Software cannot replace tap and tap-vnet-hdr.");
    }

    @Test
    void guestsThatAreOnlyBridgedNeedNothingOfTheHost() {
        Request request = Request.of(DEVICE, HostCapabilities.NOT_PROBED).withUses(Set.of());
        Resolution resolution = resolved(request.withPlatform("linux-6.12"));
        assertThat(resolution).isEqualTo(resolved(on("linux-6.17").withPlatform("linux-6.12")));
        assertThat(resolved(request).platform())
                .isEqualTo(CATALOG.platforms().getFirst().name());
    }

    @Test
    void whatIsSwitchedOffNeedsNoHost() {
        Resolution resolution = resolved(on("linux-6.1")
                .withPlatform("linux-6.2")
                .withSettings(Map.of("host_uso", "off", "guest_uso4", "off", "guest_uso6", "off")));
        assertThat(resolution.offered())
                .isEqualTo(resolved(on("linux-6.1").withPlatform("linux-6.1")).offered());
    }

    @Test
    void settingOnWhatTheHostLacksIsRefused() {
        Refusal refusal = refused(on("linux-6.1").withPlatform("linux-6.1").withSettings(Map.of("host_uso", "on")));
        assertThat(refusal.reasons())
                .containsExactly(
                        "host_uso=on needs tap-write-udp-l4 of the host, which is missing (write of a UDP_L4 super-frame:"
                                + " assumed); the guest would be promised host_uso.",
                        "No platform works on this host with these settings.",
                        "With --missing=emulate the back-end does it in software, and the guest sees the same bits.");
    }

    @Test
    void settingOnWhatNoHostHasIsRefused() {
        assertThat(refused(on("linux-6.17").withSettings(Map.of("gso", "on"))).message())
                .isEqualTo("--set gso=on is not possible on any host: this back-end has no such feature.");
        assertThat(refused(on("linux-6.17").withSettings(Map.of("mq", "on"))).message())
                .isEqualTo(
                        "--set mq=on is not possible on any host: it has one queue pair (give --queues more than 1).");
    }

    @Test
    void dependenciesAreNamedAndNeverCleared() {
        Refusal refusal = refused(on("linux-6.12").withPlatform("linux-6.12").withSettings(Map.of("csum", "off")));
        assertThat(refusal.reasons())
                .containsExactly("host_tso4, host_tso6, host_ecn, host_ufo and host_uso need csum (off by --set): add"
                        + " --set host_tso4=off --set host_tso6=off --set host_ecn=off --set host_ufo=off --set host_uso=off,"
                        + " or set csum=on.");
        Refusal ecn = refused(on("linux-6.12")
                .withPlatform("linux-6.12")
                .withSettings(Map.of("guest_tso4", "off", "guest_tso6", "off")));
        assertThat(ecn.message())
                .isEqualTo("guest_ecn needs guest_tso4 (off by --set) or guest_tso6 (off by --set): add"
                        + " --set guest_ecn=off, or set guest_tso4=on or guest_tso6=on.");
        Refusal control = refused(on("linux-6.12").withPlatform("linux-6.12").withSettings(Map.of("ctrl_vq", "off")));
        assertThat(control.reasons()).hasSize(1);
        assertThat(control.message())
                .startsWith("ctrl_guest_offloads, ctrl_rx, ")
                .contains("--set ctrl_rx_extra=off");
    }

    @Test
    void segmentsAreCountedWithTcpSegmentationOnly() {
        Map<String, String> settings =
                Map.of("guest_rsc_ext", "on", "host_tso4", "off", "host_tso6", "off", "host_ecn", "off");
        assertThat(refused(on("linux-6.12").withPlatform("linux-6.12").withSettings(settings))
                        .message())
                .startsWith("guest_rsc_ext needs host_tso4 (off by --set) or host_tso6 (off by --set): ");
    }

    @Test
    void doingWhatTheRefusalSaysWorks() {
        Resolution resolution = resolved(on("linux-6.12")
                .withPlatform("linux-6.12")
                .withSettings(Map.of(
                        "csum",
                        "off",
                        "host_tso4",
                        "off",
                        "host_tso6",
                        "off",
                        "host_ecn",
                        "off",
                        "host_ufo",
                        "off",
                        "host_uso",
                        "off")));
        assertThat(resolution.offered().violations()).isEmpty();
        assertThat(resolution.offered().has(Feature.CSUM)).isFalse();
    }

    @Test
    void settingsThatMakeNoSenseAreExplained() {
        assertThat(refused(on("linux-6.12").withSettings(Map.of("host_usso", "off")))
                        .message())
                .isEqualTo("There is no property 'host_usso'; did you mean 'host_uso'?");
        assertThat(refused(on("linux-6.12").withSettings(Map.of("host_uso", "yes")))
                        .message())
                .isEqualTo("host_uso must be on or off, not 'yes'.");
        assertThat(refused(on("linux-6.12").withSettings(Map.of("vectors", "4")))
                        .message())
                .contains("is a property of QEMU's side");
        assertThat(refused(on("linux-6.12").withPlatform("linux-6.21")).message())
                .isEqualTo("There is no platform 'linux-6.21'; did you mean 'linux-6.1'? See -platform help.");
        assertThat(refused(on("linux-6.12").withMachine("zx81")).message())
                .isEqualTo("There is no machine 'zx81'. See -machine help.");
    }

    @Test
    void twoSpellingsOfOnePropertyAreRefused() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("host_uso", "off");
        settings.put("virtio-net.host_uso", "on");
        assertThat(refused(on("linux-6.12").withSettings(settings)).message())
                .isEqualTo("host_uso is set twice, as host_uso and as virtio-net.host_uso.");
    }

    @Test
    void autoLeavesAPropertyToANamedPlatform() {
        assertThat(refused(on("linux-6.12").withSettings(Map.of("host_uso", "auto")))
                        .message())
                .isEqualTo(
                        "--set host_uso=auto leaves host_uso to the platform, and none is named: give --platform as well.");
        Resolution resolution =
                resolved(on("linux-6.12").withPlatform("linux-6.1").withSettings(Map.of("host_uso", "auto")));
        assertThat(resolution.offered().has(Feature.HOST_USO)).isFalse();
    }

    @Test
    void whatNoMachinePromisesIsOfferedOnRequest() {
        FeatureSet onRequest = FeatureSet.of(
                Feature.RSS,
                Feature.HASH_REPORT,
                Feature.DEVICE_STATS,
                Feature.NOTF_COAL,
                Feature.VQ_NOTF_COAL,
                Feature.GUEST_HDRLEN,
                Feature.RSC_EXT,
                Feature.STANDBY,
                Feature.ACCESS_PLATFORM);
        assertThat(resolved(on("linux-6.12")).offered().and(onRequest).isEmpty())
                .isTrue();
        Map<String, String> settings = new LinkedHashMap<>();
        for (String name : List.of(
                "rss",
                "hash",
                "device_stats",
                "notf_coal",
                "vq_notf_coal",
                "guest_hdrlen",
                "guest_rsc_ext",
                "iommu_platform",
                "failover")) {
            settings.put(name, "on");
        }
        assertThat(resolved(on("linux-6.12").withSettings(settings)).offered().and(onRequest))
                .isEqualTo(onRequest);
    }

    @Test
    void aSpeedIsOfferedWithANumberOnly() {
        Resolution set = resolved(on("linux-6.12").withSettings(Map.of("speed", "100000")));
        assertThat(set.number("speed")).isEqualTo(100000);
        assertThat(set.offered().has(Feature.SPEED_DUPLEX)).isTrue();
        assertThat(resolved(on("linux-6.12")).offered().has(Feature.SPEED_DUPLEX))
                .isFalse();
        assertThat(refused(on("linux-6.12").withSettings(Map.of("speed", "2147483648")))
                        .message())
                .isEqualTo("speed must be 0 or a number of Mbit/s up to 2147483647, not '2147483648'.");
    }

    @Test
    void mtuIsOfferedWithANumberOnly() {
        Request request = Request.of(DeviceCapabilities.vhost4j(1, OptionalInt.of(9000)), hostThatKeeps("linux-6.12"));
        assertThat(resolved(request).offered().has(Feature.MTU)).isTrue();
        assertThat(resolved(request).number("host_mtu")).isEqualTo(9000);
        Resolution set = resolved(on("linux-6.12").withSettings(Map.of("host_mtu", "1400")));
        assertThat(set.number("host_mtu")).isEqualTo(1400);
        assertThat(set.offered().has(Feature.MTU)).isTrue();
        assertThat(refused(on("linux-6.12").withSettings(Map.of("host_mtu", "70000")))
                        .message())
                .isEqualTo("host_mtu must be 0 or a number from 68 to 65535, not '70000'.");
        assertThat(refused(on("linux-6.12").withSettings(Map.of("host_mtu", "67")))
                        .message())
                .isEqualTo("host_mtu must be 0 or a number from 68 to 65535, not '67'.");
        assertThat(resolved(request.withSettings(Map.of("host_mtu", "0")))
                        .offered()
                        .has(Feature.MTU))
                .isFalse();
    }

    @Test
    void severalQueuePairsOfferMq() {
        Request request = Request.of(DeviceCapabilities.vhost4j(4, OptionalInt.empty()), hostThatKeeps("linux-6.12"));
        assertThat(resolved(request).offered().has(Feature.MQ)).isTrue();
    }

    @Test
    void hostMeansWhateverThisHostHas() {
        Resolution with = resolved(on("linux-6.12").withPlatform("host"));
        assertThat(with.offered().has(Feature.HOST_USO)).isTrue();
        assertThat(with.notes()).first().asString().contains("nothing is faster", "unable to migrate");
        Resolution without = resolved(on("linux-6.1").withPlatform("host"));
        assertThat(without.offered())
                .isEqualTo(resolved(on("linux-6.1").withPlatform("linux-6.1")).offered());
        HostCapabilities noChecksum =
                HostCapabilities.imagined("odd", Set.of(HostCapability.TAP, HostCapability.TAP_TSO));
        assertThat(resolved(Request.of(DEVICE, noChecksum).withPlatform("host"))
                        .offered()
                        .names())
                .doesNotContain("CSUM", "HOST_TSO4", "HOST_USO")
                .contains("MRG_RXBUF");
    }

    @Test
    void hostThatCouldNotBeAskedSupportsNothingByDefault() {
        Refusal refusal = refused(Request.of(DEVICE, HostCapabilities.NOT_PROBED));
        assertThat(refusal.message())
                .contains("supports no platform as far as is known")
                .contains("tap-csum is unknown");
    }

    /** Linux 6.2 in all that its TAP has: the first kernel whose vhost-net resets single queues is 6.3. */
    @Test
    void everyNetworkCardIsJudgedByItsOwnBackEnd() {
        HostCapabilities host = hostThatKeeps("linux-6.2");
        Request request = Request.of(DeviceCapabilities.qemu(), host).withPlatform("linux-6.3");
        Resolution tap = resolved(request.withUses(QemuArguments.Netdev.TAP.uses()));
        Resolution vhostUser = resolved(request.withUses(QemuArguments.Netdev.VHOST_USER.uses()));
        Request vhostNet = request.withUses(QemuArguments.Netdev.VHOST_NET.uses());
        assertThat(tap.offered().has(Feature.RING_RESET)).isTrue();
        assertThat(tap).as("one set of properties").isEqualTo(vhostUser);
        assertThat(refused(vhostNet).message())
                .startsWith(
                        "Platform linux-6.3 needs vhost-net-ring-reset of the host, which is missing (VHOST_GET_FEATURES of"
                                + " /dev/vhost-net, bit 40: assumed); the guest would be promised queue_reset")
                .contains("The newest platform that works on this host is linux-6.2.")
                .doesNotContain("--missing=emulate");
        assertThat(resolved(vhostNet.withSettings(Map.of("queue_reset", "off"))).platform())
                .isEqualTo("linux-6.3");
        assertThat(resolved(vhostNet.withPlatform("linux-6.2")).offered().has(Feature.RING_RESET))
                .isFalse();
    }

    @Test
    void orderedUseIsNeededByThoseWhoAskForIt() {
        Request request = Request.of(DeviceCapabilities.qemu(), hostThatKeeps("linux-6.9"))
                .withPlatform("linux-6.9")
                .withUses(QemuArguments.Netdev.VHOST_NET.uses());
        assertThat(resolved(request).offered().has(Feature.IN_ORDER)).isFalse();
        Request ordered = request.withSettings(Map.of("in_order", "on"));
        assertThat(refused(ordered).missing()).containsExactly(HostCapability.VHOST_NET_IN_ORDER);
        assertThat(resolved(ordered.withUses(QemuArguments.Netdev.TAP.uses()))
                        .offered()
                        .has(Feature.IN_ORDER))
                .isTrue();
        // A platform whose kernels have it keeps its promise on one without: IN_ORDER is off by default.
        Set<HostCapability> all = EnumSet.noneOf(HostCapability.class);
        all.addAll(CATALOG.platform("linux-6.17").orElseThrow().requires());
        all.remove(HostCapability.VHOST_NET_IN_ORDER);
        HostCapabilities host = HostCapabilities.imagined("odd", all);
        assertThat(resolved(request.withHost(host).withPlatform("linux-6.17")).platform())
                .isEqualTo("linux-6.17");
        assertThat(CATALOG.platform("linux-6.17").orElseThrow().lackedBy(host, QemuArguments.Netdev.VHOST_NET.uses()))
                .isEmpty();
    }

    /** RHEL 9.4 to 9.7 have USO in no form, but a vhost-net that resets single queues. */
    @Test
    void whatVhostNetHasDecidesOnlyWhereItIsUsed() {
        Request request = Request.of(DeviceCapabilities.qemu(), hostThatKeeps("linux-rhel-9.4"));
        assertThat(resolved(request.withUses(QemuArguments.Netdev.VHOST_NET.uses()))
                        .platform())
                .isEqualTo("linux-rhel-9.7");
        assertThat(resolved(request).platform()).isEqualTo("linux-6.0");
        assertThat(CATALOG.newestSupported(hostThatKeeps("linux-5.15"), QemuArguments.Netdev.TAP.uses())
                        .map(PlatformDefinition::name))
                .as("no distribution's, of whose vhost-net nothing was asked")
                .hasValue("linux-6.0");
    }

    /** Platform host on a kernel whose vhost-net lacks a bit: off for all cards, so that one set of properties does for a guest. */
    @Test
    void platformHostHasOneSetOfPropertiesForAllCards() {
        Set<HostCapability> present = EnumSet.of(HostCapability.VHOST_NET);
        present.addAll(CATALOG.platform("linux-6.2").orElseThrow().requires());
        Request with = Request.of(DeviceCapabilities.qemu(), HostCapabilities.imagined("six2", present))
                .withPlatform("host");
        for (QemuArguments.Netdev netdev : QemuArguments.Netdev.values()) {
            assertThat(resolved(with.withUses(netdev.uses())).offered().has(Feature.RING_RESET))
                    .as("%s", netdev)
                    .isFalse();
        }
        Request without = with.withHost(hostThatKeeps("linux-6.2"));
        assertThat(resolved(without).offered().has(Feature.RING_RESET)).isTrue();
        assertThat(resolved(without).offered().has(Feature.IN_ORDER)).isFalse();
    }
}
