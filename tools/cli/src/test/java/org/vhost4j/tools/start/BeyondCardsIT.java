// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.PlatformDefinition;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapability;

/**
 * Tests a platform's properties other than those of network cards with a real QEMU. KVM is not used: the arguments for
 * a KVM guest are passed to a QEMU with TCG, which has the same properties of machine and processor but does not show
 * KVM's features to a guest.
 */
final class BeyondCardsIT {
    private static final String ASKED = """
            {"execute":"qmp_capabilities"}
            {"execute":"qom-get","arguments":{"path":"/machine","property":"smm"},"id":"smm"}
            {"execute":"qom-get","arguments":{"path":"/machine/unattached/device[0]","property":"enforce"},"id":"enforce"}
            {"execute":"quit"}
            """;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    /** Standard output and error of a QEMU that is started, asked and ended. */
    private String said(Path qemu, List<String> words) throws IOException, InterruptedException {
        Path in = directory.resolve("in");
        Path out = directory.resolve("out");
        Files.writeString(in, ASKED);
        List<String> command = new ArrayList<>(List.of(qemu.toString()));
        command.addAll(words);
        command.addAll(List.of(
                "-machine", "pc-q35-10.0", "-accel", "tcg", "-S", "-nodefaults", "-nographic", "-qmp", "stdio"));
        Process process = new ProcessBuilder(command)
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectErrorStream(true)
                .start();
        process.waitFor();
        return Files.readString(out, StandardCharsets.UTF_8);
    }

    @Test
    void qemuTakesWhatIsSaid() throws IOException, InterruptedException {
        Lab lab = Lab.find();
        lab.provision();
        Path qemu = lab.files().resolve("qemu-11");
        QemuBinary binary = QemuQuestions.ask(qemu);
        assertThat(binary.properties())
                .contains("x86_64-cpu.kvm-asyncpf-int", "x86_64-cpu.enforce", "vhost-vsock-device.seqpacket");
        PlatformDefinition platform =
                PlatformCatalog.shipped().platform("linux-4.0").orElseThrow();
        List<String> words = BeyondCards.of(
                new GivenOptions(List.of("-accel", "kvm")),
                binary,
                "pc-q35-10.0",
                platform,
                () -> HostCapabilities.imagined("all", EnumSet.allOf(HostCapability.class)));

        assertThat(words).contains("x86_64-cpu.kvmclock=on", "smm=off", "vhost-vsock-device.seqpacket=off");
        assertThat(said(qemu, words))
                .contains("{\"return\": \"off\", \"id\": \"smm\"}")
                .contains("{\"return\": true, \"id\": \"enforce\"}");
        // Every property was looked up by name.
        words.replaceAll(word -> word.replace("x86_64-cpu.kvmclock=", "x86_64-cpu.kvmclocks="));
        assertThat(said(qemu, words)).contains("kvmclocks").doesNotContain("\"id\": \"smm\"");
    }
}
