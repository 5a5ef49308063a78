// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.guests.lab.CommandResult;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.definition.QemuArguments.Netdev;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;

/**
 * Tests {@code platform probe} on real kernels with vhost-net, which a host need not have: Debian's kernels in guests
 * of the lab, in which vhost4j itself runs. The results are compared with the definition of 6.12, and with earlier
 * results.
 */
final class VhostNetGuestIT {
    private static final PlatformCatalog CATALOG = PlatformCatalog.shipped();

    /** A Java runtime that QEMU translates; half a minute on a quiet machine, minutes on a busy one. */
    private static final Duration PATIENCE = Duration.ofMinutes(20);

    /** What the kernel has that no platform requires. */
    private static final Set<HostCapability> REQUIRED_BY_NONE =
            EnumSet.of(HostCapability.VHOST_NET, HostCapability.TAP_VNET_HDR_SIZE);

    private static final Path WITNESSES =
            Path.of("../../platform/definition/src/test/resources/org/vhost4j/platform/witness");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private static String run(Guest guest, String command) {
        CommandResult result = guest.run(command, PATIENCE);
        assertThat(result.status()).as("%s: %s", command, result.output()).isZero();
        return result.output();
    }

    private static HostCapabilities probe(Guest guest, String before, String options) throws IOException {
        return HostCapabilitiesJson.parse(
                run(
                        guest,
                        before + "/java/bin/java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
                                + " --enable-native-access=ALL-UNNAMED -Djna.nosys=true -jar /vhost4j.jar"
                                + " platform probe --json " + options),
                "the guest");
    }

    /**
     * Of the kernels that {@code tools/witness} asks, the one without USO and the newest one. What each says is what the file says that
     * came with the sources, which a fast test compares with the definitions. The newest may be newer than its file, and have more.
     */
    @ParameterizedTest
    @CsvSource({"6.1, 6.1", "newest, 7.3"})
    void otherKernelsAnswerAsTheyDidWhenTheirFilesWereWritten(String series, String file) throws IOException {
        Lab lab = Lab.find();
        Path initramfs = directory.resolve("initramfs");
        Files.copy(lab.provisionKernel(series), initramfs);
        Initramfs.append(initramfs, "vhost4j.jar", Path.of("target", "vhost4j.jar"));
        List<String> options = List.of(
                "--qemu",
                "11",
                "--kernel",
                series,
                "--memory",
                "1G",
                "--cpu",
                "max",
                "--accel",
                System.getProperty("vhost4j.accel", "tcg"));
        try (Guest guest = Guest.boot(lab, "witness", directory, options, List.of("-initrd", initramfs.toString()))) {
            run(guest, "for module in tun vhost_net vhost_vsock vhost_scsi kvm_amd; do modprobe $module || exit; done");
            HostCapabilities kernel = probe(guest, "", "");
            HostCapabilities recorded = HostCapabilitiesJson.read(WITNESSES.resolve(file + ".json"));
            boolean same = kernel.kernel().startsWith(file + ".");
            assertThat(same || series.equals("newest")).as(kernel.kernel()).isTrue();
            for (HostCapability capability : HostCapability.values()) {
                if (same || recorded.has(capability)) {
                    assertThat(kernel.answer(capability).verdict())
                            .as(
                                    "%s is %s",
                                    capability, kernel.answer(capability).inWords())
                            .isEqualTo(recorded.answer(capability).verdict());
                }
            }
        }
    }

    @Test
    void linux612IsWhatItsDefinitionSays() throws IOException {
        Lab lab = Lab.find();
        Path initramfs = directory.resolve("initramfs");
        Files.copy(lab.provisionWithJava(), initramfs);
        Initramfs.append(initramfs, "vhost4j.jar", Path.of("target", "vhost4j.jar"));
        List<String> options =
                List.of("--qemu", "11", "--memory", "1G", "--accel", System.getProperty("vhost4j.accel", "tcg"));
        try (Guest guest = Guest.boot(lab, "witness", directory, options, List.of("-initrd", initramfs.toString()))) {
            run(guest, "modprobe tun && modprobe vhost_net && test -c /dev/vhost-net");
            // A descriptor of a device that this process could not open by itself any more.
            HostCapabilities passed = probe(
                    guest,
                    "exec 7<>/dev/vhost-net; mv /dev/vhost-net /dev/not-here; ",
                    "--vhost-fd 7; status=$?; mv /dev/not-here /dev/vhost-net; exit $status");
            HostCapabilities kernel = probe(guest, "", "");

            assertThat(kernel.kernel()).startsWith("6.12.");
            for (HostCapability capability : HostCapability.values()) {
                if (capability.use() == HostUse.VHOST_NET) {
                    assertThat(passed.answer(capability)).as("%s", capability).isEqualTo(kernel.answer(capability));
                }
            }
            PlatformDefinition definition = CATALOG.platform("linux-6.12").orElseThrow();
            for (HostCapability capability : HostCapability.values()) {
                if (Netdev.VHOST_NET.uses().contains(capability.use())) {
                    assertThat(kernel.has(capability))
                            .as(
                                    "%s is %s",
                                    capability, kernel.answer(capability).inWords())
                            .isEqualTo(definition.requires().contains(capability)
                                    || REQUIRED_BY_NONE.contains(capability));
                }
            }
            assertThat(CATALOG.newestSupported(kernel, Netdev.VHOST_NET.uses())).contains(definition);
            assertThat(CATALOG.platform("linux-6.17").orElseThrow().lackedBy(kernel, Netdev.VHOST_NET.uses()))
                    .containsExactly(
                            HostCapability.TAP_TUNNEL, HostCapability.TAP_TUNNEL_CSUM, HostCapability.VHOST_NET_TUNNEL);
        }
    }
}
