// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests socket activation with systemd-socket-activate, which waits for a connection and then executes the service. */
@Timeout(120)
class SocketActivationTest {
    @TempDir
    private Path directory;

    private List<String> lines(String... before) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "systemd-socket-activate",
                "--listen=" + directory.resolve("a.sock"),
                "--listen=" + directory.resolve("b.sock"),
                "--fdname=first:second"));
        command.addAll(List.of(before));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Djna.nosys=true",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                ActivatedProgram.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (int sockets = 0; sockets < 2; ) {
                String line = reader.readLine();
                assertThat(line).as("before it listens").isNotNull();
                sockets += line.startsWith("Listening on ") ? 1 : 0;
            }
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("b.sock")))) {
                assertThat(client.isConnected()).isTrue();
                List<String> all = reader.lines().toList();
                assertThat(process.waitFor()).as("%s", all).isZero();
                return all;
            }
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void theyAreClosedByExecAndNoChildGetsThem() throws Exception {
        List<String> lines = lines();
        assertThat(lines)
                .containsSequence("socket 3 first a.sock closed by exec", "socket 4 second b.sock closed by exec")
                .anyMatch(line -> line.startsWith("PATH="))
                .noneMatch(line -> line.startsWith("LISTEN_"));
    }

    @Test
    void aScriptThatBecomesTheServicePassesThemOn() throws Exception {
        assertThat(lines("bash", "-c", "unused=$(true); exec \"$@\"", "bash"))
                .contains("socket 3 first a.sock closed by exec", "socket 4 second b.sock closed by exec");
    }

    @Test
    void aChildOfTheServiceHasNone() throws Exception {
        assertThat(lines("bash", "-c", "\"$@\"; exit", "bash")).noneMatch(line -> line.startsWith("socket "));
    }
}
