// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.Rendezvous;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.Vhost4j;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.GuestAddress;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests the back-end with sockets from systemd-socket-activate. */
@Timeout(180)
class SocketActivationTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final NetSetup SETUP = NetSetup.full()
            .with(Feature.MAC)
            .withProtocol(ProtocolFeature.CONFIG)
            .without(Feature.HOST_USO);

    @TempDir
    private Path directory;

    @SuppressWarnings("NullAway.Init")
    private Process process;

    @SuppressWarnings("NullAway.Init")
    private BufferedReader reader;

    private void start(String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "systemd-socket-activate",
                "--listen=" + directory.resolve("a.sock"),
                "--listen=" + directory.resolve("b.sock"),
                "--fdname=first:second",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Djna.nosys=true",
                "-cp",
                classPath(),
                Vhost4j.class.getName(),
                "run",
                "--verbose",
                "--platform=linux-6.1"));
        command.addAll(List.of(options));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .directory(directory.toFile())
                .start();
        reader = process.inputReader(StandardCharsets.UTF_8);
        awaitLine("Listening on ");
        awaitLine("Listening on ");
        // The first connection has it become the service; it may go away again.
        SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("a.sock")))
                .close();
    }

    private static String classPath() {
        List<String> entries = new ArrayList<>();
        for (String entry : System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .split(File.pathSeparator, -1)) {
            entries.add(Path.of(entry).toAbsolutePath().toString());
        }
        return String.join(File.pathSeparator, entries);
    }

    private String awaitLine(String words) throws IOException {
        List<String> seen = new ArrayList<>();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            seen.add(line);
            if (line.contains(words)) {
                return line;
            }
        }
        throw new AssertionError("no line with \"" + words + "\" in " + String.join("\n", seen));
    }

    private static String mac(NetDriver driver) {
        return HexFormat.ofDelimiter(":").formatHex(driver.frontEnd().getConfig(0, 6));
    }

    private void ends() throws InterruptedException {
        process.destroy();
        assertThat(process.waitFor()).isZero();
        assertThat(directory.resolve("a.sock")).as("the service manager's").exists();
        assertThat(directory.resolve("b.sock")).exists();
    }

    @Test
    void eachIsAGuestsInTheirOrder() throws Exception {
        start();
        try {
            String line = awaitLine("guest0, QEMU's own virtio-net: ");
            String suggested =
                    MacAddress.text(GuestAddress.of(Endpoint.listen(directory.resolve("a.sock"), Attach.AUTO), 0));
            assertThat(line)
                    .contains(",path=" + directory.resolve("a.sock") + ",")
                    .contains(",mac=" + suggested);
            awaitLine("guest1: waiting for a front-end");
            // It may still serve the connection that woke it.
            try (Rendezvous rendezvous = Rendezvous.connecting(directory.resolve("a.sock"));
                    NetDriver first = NetDriver.attach(rendezvous.connectServed(PATIENCE), SETUP);
                    NetDriver second = NetDriver.attach(directory.resolve("b.sock"), SETUP)) {
                assertThat(mac(first)).isEqualTo(suggested);
                byte[] frame = PacketBuilder.udp4().macs(1, 255).payload(50, 1).complete();
                first.send(frame);
                assertThat(second.receive().bytes()).isEqualTo(frame);
                Path kept = directory.resolve("a.sock.acknowledged");
                Await.until(() -> "there is no " + kept, Await.PATIENCE, () -> Files.exists(kept));
            }
            ends();
            // The front-end's process lives on: the guest may come back to the next back-end.
            assertThat(Files.readString(directory.resolve("a.sock.acknowledged")))
                    .contains("\npromise machine pc-q35-");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void namesSayWhoseTheyAre() throws Exception {
        start("--fd=second,mac=52:54:00:00:00:02", "--fd=first");
        try {
            awaitLine("guest1: waiting for a front-end");
            try (NetDriver driver = NetDriver.attach(directory.resolve("b.sock"), SETUP)) {
                assertThat(mac(driver)).isEqualTo("52:54:00:00:00:02");
            }
            ends();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void oneThatIsForgottenIsRefused() throws Exception {
        start("--fd=second");
        try {
            awaitLine("vhost4j: the service manager has opened descriptor 3 (first), and no --fd uses it");
            assertThat(process.waitFor()).isEqualTo(2);
        } finally {
            process.destroyForcibly();
        }
    }
}
