// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.handover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.InSharedMemory;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.tools.endtoend.isolation.ChildBackEnd;
import org.vhost4j.tools.run.DgramUplink;
import org.vhost4j.tools.run.UserUplink;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.server.Switching;
import org.vhost4j.vhostuser.server.Uplink;

/**
 * Tests the hand-over of ports whose other end returns each frame, while frames are in flight: all return, once and in
 * order.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PortTakeOverTest {
    /** Some wait for others: each has a thread. */
    private static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);

    private static final int FRAMES = 400;
    private static final int UNDER_WAY = 64;
    private static final int NUMBER_AT = 20;
    private static final long END_SECONDS = 60;

    /** As passt does towards us, except that it returns what comes. */
    private static final String RETURNS = """
        #!/bin/sh
        echo $$ >>"$0.pids"
        exec cat <&3 >&3
        """;

    @TempDir(factory = InSharedMemory.class)
    Path directory;

    private static byte[] frame(int number) {
        byte[] bytes = new byte[60 + number % 1000];
        Arrays.fill(bytes, 0, 6, (byte) 0xff);
        bytes[6] = 2;
        bytes[12] = (byte) 0x88;
        bytes[13] = (byte) 0xb6;
        ByteBuffer.wrap(bytes).putInt(NUMBER_AT, number);
        return bytes;
    }

    /** The number of the next frame that has returned; -1 for none. */
    private static int returned(NetDriver guest, Duration patience) {
        Optional<ReceivedFrame> frame = guest.receiveAny(patience);
        if (frame.isEmpty()) {
            return -1;
        }
        byte[] bytes = frame.get().bytes();
        // passt is asked whether it serves by a frame of its own kind.
        return bytes[13] == (byte) 0xb5 ? -1 : ByteBuffer.wrap(bytes).getInt(NUMBER_AT);
    }

    private static void assertMoves(Uplink uplink, int times) {
        try (TestBackEnd backEnd =
                        TestBackEnd.of(1, config -> config.switching(new Switching.Bridged(List.of(uplink))));
                NetDriver guest = backEnd.attach(0, NetSetup.full())) {
            int sent = 0;
            int next = 0;
            for (int i = 1; i <= times; i++) {
                CompletableFuture<Void> replaced = CompletableFuture.runAsync(
                        () -> {
                            try {
                                backEnd.replace(backEnd.config());
                            } catch (HandOverException e) {
                                throw new AssertionError(e);
                            }
                        },
                        THREADS);
                while (!replaced.isDone() || next < i * FRAMES || next < sent) {
                    if (sent - next < UNDER_WAY && (!replaced.isDone() || sent < i * FRAMES)) {
                        guest.send(frame(sent++));
                    }
                    int number = returned(guest, sent - next < UNDER_WAY ? Duration.ZERO : Duration.ofMillis(10));
                    if (number >= 0) {
                        assertThat(number).isEqualTo(next);
                        next++;
                    }
                }
                replaced.join();
            }
        }
    }

    private Path passt() throws IOException {
        Path file = directory.resolve("passt");
        Files.writeString(file, RETURNS);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }

    private List<Long> started() throws IOException {
        return Files.readAllLines(directory.resolve("passt.pids")).stream()
                .map(Long::valueOf)
                .toList();
    }

    @Test
    void passtContinuesWithItsConnection() throws Exception {
        UserUplink uplink = new UserUplink(List.of(passt().toString()), line -> {});
        assertMoves(uplink, 3);
        assertThat(started()).as("it was started once").hasSize(1);
    }

    @Test
    void datagramsContinueOnTheirSocket() throws Exception {
        CompletableFuture<Void> returning;
        try (DatagramChannel peer = DatagramChannel.open()) {
            peer.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = ((InetSocketAddress) peer.getLocalAddress()).getPort();
            returning = CompletableFuture.runAsync(() -> returnAll(peer), THREADS);
            int own;
            try (DatagramChannel free = DatagramChannel.open()) {
                free.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                own = ((InetSocketAddress) free.getLocalAddress()).getPort();
            }
            assertMoves(
                    new DgramUplink(
                            "dgram",
                            org.vhost4j.sys.SocketAddress.internet("127.0.0.1", own),
                            org.vhost4j.sys.SocketAddress.internet("127.0.0.1", port),
                            line -> {}),
                    3);
        }
        returning.join();
    }

    private static void returnAll(DatagramChannel peer) {
        ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
        try {
            while (true) {
                SocketAddress from = peer.receive(bytes.clear());
                peer.send(bytes.flip(), from);
            }
        } catch (ClosedChannelException e) {
            // The test has ended.
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theFileOfADatagramSocketIsTheLastOnes() throws Exception {
        Path local = directory.resolve("local");
        DgramUplink uplink = new DgramUplink(
                "dgram",
                org.vhost4j.sys.SocketAddress.unix(local),
                org.vhost4j.sys.SocketAddress.unix(directory.resolve("remote")),
                line -> {});
        try (TestBackEnd backEnd =
                TestBackEnd.of(1, config -> config.switching(new Switching.Bridged(List.of(uplink))))) {
            Object file = Files.getAttribute(local, "unix:ino");
            backEnd.replace(backEnd.config());
            assertThat(Files.getAttribute(local, "unix:ino")).isEqualTo(file);
        }
        assertThat(local).doesNotExist();
    }

    private ChildBackEnd start(String port) throws IOException {
        ChildBackEnd started =
                ChildBackEnd.start(directory, "run", "--socket-path=a", "--take-over=unix:next", "--port", port);
        started.awaitLine("guest0: waiting for a front-end");
        return started;
    }

    @Test
    void aPasstThatEndsIsStartedAgainByTheProcessThatHasItNow() throws Exception {
        Path program = passt();
        try (ChildBackEnd first = start("user:passt=" + program);
                ChildBackEnd second = start("user:passt=" + program)) {
            assertThat(first.awaitEnd(END_SECONDS)).isZero();
            assertThat(started()).hasSize(1);
            ProcessHandle passt = ProcessHandle.of(started().getFirst()).orElseThrow();
            assertThat(passt.isAlive()).isTrue();
            passt.destroyForcibly();
            second.awaitLine("user: passt ended; it is started again");
            second.awaitLine("user: passt runs again");
            assertThat(started()).hasSize(2);
            // A take-over with other arguments would change what guests reach.
            try (ChildBackEnd third = ChildBackEnd.start(
                    directory,
                    "run",
                    "--socket-path=a",
                    "--take-over=unix:next",
                    "--port",
                    "user:passt=" + program + ",mtu=1400")) {
                assertThat(third.awaitEnd(END_SECONDS)).isEqualTo(2);
                assertThat(third.lines().getLast())
                        .endsWith("port user: passt runs as '" + program + "' there and would as '" + program
                                + " --mtu 1400' here: give the same --port");
            }
            ProcessHandle again = ProcessHandle.of(started().getLast()).orElseThrow();
            assertThat(again.isAlive()).isTrue();
            second.terminate();
            assertThat(second.awaitEnd(END_SECONDS)).isZero();
            Await.until("passt ends", () -> !again.isAlive());
        }
    }
}
