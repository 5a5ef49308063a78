// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.platform.probe.HostUse;

/** Tests the probe of this host by an ordinary user, with the built archive. Needs root, to become another user. */
final class OrdinaryUserProbeIT {
    private static final List<String> NOBODY =
            List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private record Ended(int status, String out, String err) {}

    /** Where the checkout is, others may not look. */
    @BeforeEach
    void archive() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.copy(Path.of("target", "vhost4j.jar"), directory.resolve("vhost4j.jar"));
    }

    private Ended asNobody(String path, String... command) throws IOException, InterruptedException {
        List<String> whole = new ArrayList<>(NOBODY);
        whole.addAll(List.of("/usr/bin/env", "HOME=/", "PATH=" + path));
        whole.addAll(List.of(command));
        Path err = Files.createTempFile(directory, "err", "");
        Process process = new ProcessBuilder(whole)
                .directory(directory.toFile())
                .redirectError(err.toFile())
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), out, Files.readString(err));
    }

    private HostCapabilities probedByNobody(String path, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Djna.nosys=true",
                "-jar",
                "vhost4j.jar",
                "platform",
                "probe",
                "--json"));
        command.addAll(List.of(options));
        Ended ended = asNobody(path, command.toArray(String[]::new));
        assertThat(ended.status()).as(ended.err()).isZero();
        return HostCapabilitiesJson.parse(ended.out(), "nobody");
    }

    @Test
    void anOrdinaryUserIsToldWhatRootIsTold() throws IOException, InterruptedException {
        HostCapabilities root = HostProbe.probe();
        HostCapabilities nobody = probedByNobody("/usr/sbin:/usr/bin:/sbin:/bin");
        boolean namespaces = asNobody("/usr/bin:/bin", "unshare", "--user", "--map-root-user", "--net", "true")
                        .status()
                == 0;
        for (HostCapability capability : HostCapability.values()) {
            if (capability.use() == HostUse.TAP) {
                Answer answer = nobody.answer(capability);
                if (namespaces
                        || capability.question().startsWith("TUNGETFEATURES")
                        || capability == HostCapability.TAP) {
                    assertThat(answer.verdict())
                            .as("%s", capability)
                            .isEqualTo(root.answer(capability).verdict());
                } else {
                    assertThat(answer.said()).startsWith("needs CAP_NET_ADMIN or user namespaces: ");
                }
            }
        }
        if (namespaces) {
            assertThat(nobody.answer(HostCapability.TAP_CSUM).said()).isEqualTo("ok (in a user namespace)");
        }
    }

    @Test
    void whatIsMissingIsNamed() throws IOException, InterruptedException {
        Answer withoutProgram = probedByNobody("/nowhere").answer(HostCapability.TAP_USO);
        assertThat(withoutProgram.verdict()).isEqualTo(Answer.Verdict.UNKNOWN);
        assertThat(withoutProgram.said())
                .startsWith("needs CAP_NET_ADMIN or user namespaces: ")
                .contains("unshare");
        Answer inPlace = probedByNobody("/usr/bin:/bin", "--in-place").answer(HostCapability.TAP_USO);
        assertThat(inPlace.said()).isEqualTo("needs CAP_NET_ADMIN");
    }
}
