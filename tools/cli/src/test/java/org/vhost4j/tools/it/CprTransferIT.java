// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;

/**
 * Tests the replacement of the back-end by another process under a running guest (docs/migration.md): QEMU migrates the
 * guest to another QEMU on the same host by cpr-transfer, which does not copy memory.
 */
@Timeout(900)
class CprTransferIT {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private static final Pattern FRAMES_SENT = Pattern.compile("([0-9]+) frames sent");

    @TempDir
    Path directory;

    /** Every frame returns to its sender, so what the guest has received tells that its back-end works. */
    private ChildBackEnd backEnd(String name, int queues) throws IOException {
        ChildBackEnd backEnd = ChildBackEnd.start(
                directory,
                "run",
                "--socket-path=" + name + ".vhost,attach=netdev",
                "--port=echo",
                "--platform=linux-6.1",
                "--queues=" + queues);
        backEnd.awaitLine("waiting for a front-end");
        return backEnd;
    }

    private List<String> device(String name) {
        return List.of(
                "-chardev",
                "socket,id=c,path=" + directory.resolve(name + ".vhost"),
                "-netdev",
                "vhost-user,id=n,chardev=c",
                "-device",
                "virtio-net-pci,netdev=n,mac=52:54:00:12:34:56,vectors=0,host_uso=off,guest_uso4=off,guest_uso6=off");
    }

    private Guest start(Lab lab, String name, List<String> more) throws IOException {
        List<String> arguments = new ArrayList<>(device(name));
        arguments.addAll(more);
        return Guest.start(
                lab,
                name,
                directory,
                List.of("--accel", System.getProperty("vhost4j.accel", "tcg"), "--machine", "q35,aux-ram-share=on"),
                arguments);
    }

    private static long received(Guest guest) {
        return Long.parseLong(
                guest.must("cat /sys/class/net/eth0/statistics/rx_packets").strip());
    }

    /** There is no answer, so ping fails; what it asks by broadcast comes back. */
    private static void assertFramesReturn(Guest guest) {
        long before = received(guest);
        Await.until(() -> "frames return from the back-end", PATIENCE, () -> {
            guest.must("ping -c 1 -W 1 10.0.0.9 >/dev/null; true");
            return received(guest) > before;
        });
    }

    private static String unix(String type, Path path) {
        return """
                {"channel-type": "%s", "addr": {"transport": "socket", "type": "unix", "path": "%s"}}""".formatted(type, path);
    }

    /** One client of a QEMU's monitor. */
    private static final class Monitor implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedReader in;
        private final BufferedWriter out;

        Monitor(Path path) throws IOException {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(path));
            in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
            out = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
            assertThat(in.readLine()).contains("QMP");
            execute("{\"execute\": \"qmp_capabilities\"}");
        }

        /** The answer; events before it are passed over. */
        String execute(String command) throws IOException {
            out.write(command);
            out.newLine();
            out.flush();
            String line = in.readLine();
            while (line != null && line.contains("\"event\"")) {
                line = in.readLine();
            }
            assertThat(line).as("answer to %s", command).contains("\"return\"");
            return line;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    @Test
    void aGuestRunsOnWithAnotherBackEndProcess() throws Exception {
        Lab lab = Lab.find();
        lab.provision();
        try (ChildBackEnd before = backEnd("old", 1);
                ChildBackEnd after = backEnd("new", 1);
                Guest old = boot(lab)) {
            CompletableFuture<Guest> starting = startNext(lab);
            try (Monitor monitor = new Monitor(monitor())) {
                transfer(monitor);
                long sent;
                try (Guest next = starting.get()) {
                    awaitEnd(monitor, "completed");
                    next.waitUntilUp();
                    assertThat(next.must("cat /tmp/kept").strip()).isEqualTo("still here");
                    // Nothing is left of the old process and of its back-end.
                    old.kill();
                    sent = framesSent(before.awaitLine("front-end detached"));
                    before.terminate();
                    assertThat(before.awaitEnd(10)).isZero();
                    assertFramesReturn(next);
                    assertThat(next.must("dmesg -r | grep -c 'NETDEV WATCHDOG'; true")
                                    .strip())
                            .isEqualTo("0");
                }
                assertThat(framesSent(after.awaitLine("front-end detached")))
                        .as("frames sent, with those of before")
                        .isGreaterThan(sent);
            }
            assertThat(after.lines()).noneMatch(line -> line.contains("refused") || line.contains("stopped"));
        }
    }

    /** Of the line that says that a front-end is gone: what its device has counted, which moves with the guest. */
    private static long framesSent(String line) {
        Matcher matcher = FRAMES_SENT.matcher(line);
        assertThat(matcher.find()).as(line).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    /** The new back-end has two queue pairs, which QEMU does not see: the guest would find them when it starts again. */
    @Test
    void aBackEndWithAnotherPromiseRefusesTheGuestWhichStaysWhereItIs() throws Exception {
        Lab lab = Lab.find();
        lab.provision();
        try (ChildBackEnd before = backEnd("old", 1);
                ChildBackEnd other = backEnd("new", 2);
                Guest old = boot(lab)) {
            CompletableFuture<Guest> starting = startNext(lab);
            try (Monitor monitor = new Monitor(monitor())) {
                transfer(monitor);
                assertThat(other.awaitLine("CHECK_DEVICE_STATE: refused"))
                        .contains("the guest was promised something else", "queue pairs: expected 1, is 2");
                // QEMU ends when it cannot load the device, perhaps before its agent's socket is there.
                starting.handle((next, failure) -> {
                            if (next != null) {
                                next.close();
                            }
                            return next;
                        })
                        .get();
                awaitEnd(monitor, "completed", "failed");
                monitor.execute("{\"execute\": \"cont\"}");
                assertFramesReturn(old);
                assertThat(old.must("cat /tmp/kept").strip()).isEqualTo("still here");
            }
            assertThat(before.lines()).noneMatch(line -> line.contains("refused") || line.contains("stopped"));
        }
    }

    private Path monitor() {
        return directory.resolve("old.qmp");
    }

    private String main() {
        return unix("main", directory.resolve("main.sock"));
    }

    private String cpr() {
        return unix("cpr", directory.resolve("cpr.sock"));
    }

    /** A guest whose frames return, and whose memory holds a word. */
    private Guest boot(Lab lab) throws IOException {
        Guest guest = start(lab, "old", List.of("-qmp", "unix:" + monitor() + ",server=on,wait=off"));
        guest.waitUntilUp();
        guest.must("ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up");
        assertFramesReturn(guest);
        guest.must("echo still here > /tmp/kept");
        return guest;
    }

    /** QEMU takes the cpr channel first, and continues to its devices and its agent when the old QEMU has connected. */
    private CompletableFuture<Guest> startNext(Lab lab) {
        CompletableFuture<Guest> starting = CompletableFuture.supplyAsync(() -> {
            try {
                return start(lab, "new", List.of("-incoming", main(), "-incoming", cpr()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Await.until(
                () -> "the new QEMU waits",
                PATIENCE,
                () -> Files.exists(directory.resolve("cpr.sock")) || starting.isDone());
        return starting;
    }

    private void transfer(Monitor monitor) throws IOException {
        monitor.execute("{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"mode\": \"cpr-transfer\"}}");
        monitor.execute("{\"execute\": \"migrate\", \"arguments\": {\"channels\": [" + main() + "," + cpr() + "]}}");
    }

    private static void awaitEnd(Monitor monitor, String... ends) {
        Await.until(() -> "the migration is " + List.of(ends), PATIENCE, () -> {
            try {
                String state = monitor.execute("{\"execute\": \"query-migrate\"}");
                return List.of(ends).stream().anyMatch(end -> state.contains("\"" + end + "\""));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
