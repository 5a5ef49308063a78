// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/**
 * Compares the shipped definitions with recorded probes of real kernels. The files are the output of {@code vhost4j
 * platform probe --json} in guests with Debian's kernels, or Ubuntu's for versions that Debian lacks; {@code
 * tools/witness --all} creates them again.
 */
final class WitnessTest {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();

    private static final Set<HostUse> NETWORK = EnumSet.of(HostUse.TAP, HostUse.VHOST_NET);

    private static final Set<HostUse> BEYOND = EnumSet.of(HostUse.KVM, HostUse.VHOST_VSOCK, HostUse.VHOST_SCSI);

    /** What kernels have that no platform requires. */
    private static final Set<HostCapability> REQUIRED_BY_NONE =
            EnumSet.of(HostCapability.VHOST_NET, HostCapability.TAP_VNET_HDR_SIZE);

    /** Of the mainline, what neither Debian nor Ubuntu has a kernel of any more: these are as read. */
    private static final Set<String> WITHOUT_WITNESS = Set.of("linux-3.18", "linux-4.14");

    /**
     * What single kernels have beyond their definitions. Of a UDP super-frame that is written to a TAP the first kernels do not count the
     * segments; later ones, and updates of earlier ones, take 64; newer ones 128, as updates of Ubuntu's 6.8 do.
     */
    private static final Map<String, Set<HostCapability>> MORE = Map.of(
            "ubuntu-6.2", EnumSet.of(HostCapability.TAP_UDP_L4_128),
            "ubuntu-6.8", EnumSet.of(HostCapability.TAP_UDP_L4_128));

    private static final String WITNESSES = """
            ubuntu-4.4, linux-4.0
            ubuntu-4.15, linux-4.15
            ubuntu-5.15, linux-5.15
            ubuntu-5.15, linux-ubuntu-22.04
            5.10, linux-5.10
            5.10, linux-debian-11
            ubuntu-6.2, linux-6.2
            ubuntu-6.5, linux-6.3
            ubuntu-6.8, linux-6.3
            ubuntu-6.8, linux-ubuntu-22.04-hwe
            ubuntu-6.8, linux-ubuntu-24.04
            6.1, linux-6.1
            6.1, linux-debian-12
            6.12, linux-6.12
            6.12, linux-debian-13
            6.16, linux-6.9
            6.17, linux-6.17
            ubuntu-7.0, linux-6.17
            ubuntu-7.0, linux-ubuntu-26.04
            7.2, linux-6.17
            7.3, linux-6.17
            """;

    private static HostCapabilities witness(String series) throws IOException {
        String file = "/org/vhost4j/platform/witness/" + series + ".json";
        try (InputStream in = WitnessTest.class.getResourceAsStream(file)) {
            assertThat(in).as(file).isNotNull();
            return HostCapabilitiesJson.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), file);
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = WITNESSES)
    void theKernelHasWhatItsDefinitionRequiresAndNoMore(String series, String name) throws IOException {
        HostCapabilities kernel = witness(series);
        assertThat(kernel.kernel()).startsWith(series.replace("ubuntu-", "") + ".");
        Set<HostCapability> more = MORE.getOrDefault(series, Set.of());
        PlatformDefinition definition = CATALOG.platform(name).orElseThrow();
        for (HostCapability capability : HostCapability.values()) {
            if (NETWORK.contains(capability.use())) {
                assertThat(kernel.has(capability))
                        .as("%s is %s", capability, kernel.answer(capability).inWords())
                        .isEqualTo(definition.requires().contains(capability)
                                || REQUIRED_BY_NONE.contains(capability)
                                || more.contains(capability));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = WITNESSES)
    void theNewestPlatformThatTheKernelKeepsPromisesWhatItsOwnDoes(String series, String name) throws IOException {
        PlatformDefinition newest =
                CATALOG.newestSupported(witness(series), NETWORK).orElseThrow();
        PlatformDefinition own = CATALOG.platform(name).orElseThrow();
        assertThat(PlatformChoice.promisedBy(newest)).isEqualTo(PlatformChoice.promisedBy(own));
    }

    /**
     * Of what is not about network cards a definition names what all kernels from its first to its last have, so a later one may have more.
     * What a guest has unless it is turned off, it names exactly, or says off.
     */
    @ParameterizedTest
    @CsvSource(textBlock = WITNESSES)
    void theKernelHasWhatItsDefinitionRequiresBeyondNetworkCards(String series, String name) throws IOException {
        HostCapabilities kernel = witness(series);
        PlatformDefinition definition = CATALOG.platform(name).orElseThrow();
        for (HostCapability capability : HostCapability.values()) {
            if (BEYOND.contains(capability.use())) {
                boolean required = definition.requires().contains(capability);
                boolean exact = Property.of(capability)
                        .filter(Property::isOnByDefault)
                        .map(definition.assignments()::get)
                        .filter(assignment -> Property.isOn(assignment.value()))
                        .isPresent();
                assertThat(kernel.has(capability))
                        .as("%s is %s", capability, kernel.answer(capability).inWords())
                        .isEqualTo(required || (!exact && kernel.has(capability)));
            }
        }
    }

    /**
     * Debian's 6.12 with a module {@code tun} that was built with the defect of Linux 6.6.44 (the check that e269d79c7d35 had added to
     * virtio_net_hdr_to_skb), as no such kernel is available any more: what the ioctl promises, a write refutes.
     */
    @Test
    void aKernelThatBreaksTcpWritesKeepsNoPlatformForTaps() throws IOException {
        HostCapabilities broken = witness("6.12-broken-tun");
        assertThat(broken.has(HostCapability.TAP_TSO)).isTrue();
        assertThat(broken.answer(HostCapability.TAP_WRITE_TSO).inWords())
                .isEqualTo("missing (write of TCPV4 super-frames: 1448 bytes in the last segment: EINVAL)");
        assertThat(CATALOG.newestSupported(broken, EnumSet.of(HostUse.TAP))).isEmpty();
        assertThat(CATALOG.platform("linux-6.1").orElseThrow().lackedBy(broken, EnumSet.of(HostUse.TAP)))
                .containsExactly(HostCapability.TAP_WRITE_TSO);
    }

    private static Set<String> witnessed() {
        Set<String> witnessed = new TreeSet<>();
        WITNESSES
                .lines()
                .forEach(line ->
                        witnessed.add(CATALOG.platform(List.of(line.split(", ")).getLast())
                                .orElseThrow()
                                .name()));
        return witnessed;
    }

    /** A definition whose kernel was not asked says so, as far as it is not its parent's alone. */
    @Test
    void everyDefinitionWithoutAWitnessIsMarked() {
        Set<String> witnessed = witnessed();
        for (PlatformDefinition platform : CATALOG.platforms()) {
            if (!witnessed.contains(platform.name())) {
                assertThat(platform.evidence())
                        .as(platform.name())
                        .anyMatch(evidence -> evidence.source().startsWith("inferred")
                                || evidence.source().startsWith("read from "));
            }
        }
    }

    @Test
    void everyMainlineAndDebianDefinitionHasAWitnessOrIsKnownToHaveNone() {
        Set<String> witnessed = witnessed();
        for (PlatformDefinition platform : CATALOG.platforms()) {
            if (platform.line().equals(PlatformDefinition.MAINLINE)
                    || platform.line().equals("debian")) {
                assertThat(witnessed.contains(platform.name()))
                        .as(platform.name())
                        .isNotEqualTo(WITHOUT_WITNESS.contains(platform.name()));
            }
        }
    }
}
